"""The web page of `kernel run --html` in a real browser: in light and dark, on a
narrow phone and on paper.

DIVVY_CHROMIUM is the browser, DIVVY_PICTURES the folder for screenshots.
"""

import os
import pathlib
import subprocess
import tempfile
import unittest

import nbformat
from playwright.sync_api import sync_playwright
from suite import log

PICTURES = pathlib.Path(os.environ["DIVVY_PICTURES"])

TEXT = """# A page

Text, *emphasis*, `code`, a [link](https://example.org) and $d = \\sqrt{|D|} \\cdot r$.

$$\\sum_{k=1}^{K} \\frac{e^{r_k}}{Z}$$

> A quotation.

| column | of |
|---|---|
| a | table |

```go
for i := range 10 { fmt.Println("i", i) } // a comment
```
"""
CELLS = [
    'data := dataset.Example()\ndata // a comment, and 42',
    "must(data.Table(ctx))",
    "data.Row(0)",
    "widget.Table(must(data.Table(ctx)))",
    'f := figure.BarChart([]string{"a", "b"}, []figure.Series{{Name: "d", Y: []float64{1, 2}}})\nf.Title = "Bars"\nf',
    'import "os"\ncheck(f.Save("f.svg"))\ndisplay.SVG(string(must(os.ReadFile("f.svg"))))',
    'display.HTML(`<svg width="90" height="30"><text y="20">inline</text></svg>`)',
    'for i := range 16 { fmt.Printf("\\x1b[%dmcolour %d\\x1b[0m ", i%8+30+i/8*60, i) }\nfmt.Fprintln(os.Stderr, "a warning")',
    'display.Markdown("**bold** and `code`")',
    'display.LaTeX("$$x^2$$")',
    'p := widget.FloatSlider{Label: "p", Min: 0, Max: 1, Value: 0.5}\nwidget.Interact(func(p float64) any { return f }, p)',
    "law := must(budget.Published(\"PRO\"))\nids := must(tokenize.WhiteSpace().EncodeAll(ctx, data.Prompts(), tokenize.Options{}))\n"
    "must(budget.Split(ctx, ids, budget.Options{Annotations: 600, Law: law}))",
    "undefinedName + 1",
]

# How well each text stands out from what lies behind it, as WCAG 2 counts it.
CONTRASTS = """() => {
  const parts = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const over = (top, below) => { const a = top.length > 3 ? top[3] : 1; return [0, 1, 2].map(i => a * top[i] + (1 - a) * below[i]); };
  const light = rgb => { const [r, g, b] = rgb.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, text = walk.currentNode.data.trim();
    if (!text || !e.getClientRects().length) continue;
    const way = [];
    for (let p = e; p; p = p.parentElement) way.unshift(getComputedStyle(p));
    let ground = [255, 255, 255], opacity = 1;
    for (const s of way) { ground = over(parts(s.backgroundColor), ground); opacity *= s.opacity; }
    const own = getComputedStyle(e);
    const ink = over([...parts(e.closest('svg') ? own.fill : own.color).slice(0, 3), opacity], ground);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), text.slice(0, 40), own.color, ground.map(Math.round).join()]);
  }
  return found;
}"""


class Page(unittest.TestCase):
    limit = 120

    @classmethod
    def setUpClass(cls):
        tmp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(tmp.cleanup)
        folder = pathlib.Path(tmp.name)
        cells = [nbformat.v4.new_markdown_cell(TEXT)] + [nbformat.v4.new_code_cell(c) for c in CELLS]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "page.ipynb")
        done = subprocess.run(
            [os.environ["DIVVY_BINARY"], "run", "page.ipynb", "--html", "page.html"],
            cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 1 or "undefinedName" not in done.stderr:  # the last cell's error, which is to be shown, too
            raise RuntimeError(done.stderr)
        cls.address = (folder / "page.html").as_uri()
        player = sync_playwright().start()
        cls.addClassCleanup(player.stop)
        cls.browser = player.chromium.launch(
            executable_path=os.environ["DIVVY_CHROMIUM"], args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        cls.addClassCleanup(cls.browser.close)

    def open(self, scheme="light", width=1280, media="screen"):
        context = self.browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        self.addCleanup(context.close)
        page = context.new_page()
        page.emulate_media(media=media)
        self.said = []
        page.on("console", lambda m: self.said.append(m.text))
        page.goto(self.address)
        path = PICTURES / f"page-{scheme}-{width}-{media}.png"
        page.screenshot(path=path, full_page=True)
        log(f"screenshot: {path}")
        return page

    def ground(self, page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    def test_every_text_can_be_read(self):
        for scheme, ground in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 24, 29)")):
            with self.subTest(scheme):
                page = self.open(scheme)
                self.assertEqual(self.ground(page), ground)
                found = page.evaluate(CONTRASTS)
                self.assertGreater(len(found), 300, "texts on the page")
                self.assertEqual([f for f in found if f[0] < 4.5], [])
                self.assertEqual(self.said, [])

    def test_what_a_slider_was_set_to_is_told(self):
        text = self.open().inner_text("body")
        self.assertEqual(text.count("p: 0.5"), 1)

    def test_figures_keep_their_white_ground(self):
        page = self.open("dark")
        grounds = page.evaluate(
            "[...document.querySelectorAll('.output :is(img, svg)')].map(e => getComputedStyle(e).backgroundColor)"
        )
        self.assertGreaterEqual(len(grounds), 4)
        self.assertEqual(set(grounds), {"rgb(255, 255, 255)"})

    def test_a_phone_does_not_scroll_sideways(self):
        page = self.open("dark", width=360)
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 360)
        wide = page.evaluate("[...document.querySelectorAll('.body, .body div')].filter(e => e.scrollWidth > e.clientWidth).length")
        self.assertGreater(wide, 0, "wide tables scroll by themselves")

    def test_paper_is_white_and_cuts_nothing_off(self):
        page = self.open("dark", width=718, media="print")  # an A4 page between margins of 1 cm
        self.assertEqual(self.ground(page), "rgb(255, 255, 255)")
        self.assertEqual([f for f in page.evaluate(CONTRASTS) if f[0] < 4.5], [])
        over = page.evaluate(
            "[...document.querySelectorAll('.body *, .text *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.tagName + ': ' + e.textContent.slice(0, 40))"
        )
        self.assertEqual(over, [])
