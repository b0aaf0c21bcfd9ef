"""Tables in a real JupyterLab: hostile text in every form that shows a table, the
paged view, and pictures in the light and the dark theme."""

import re
import time

import nbformat
from browser import Browser

CELLS = [
    "t := arrowio.Hostile()\nt.View(arrowio.ViewOptions{Rows: 100})",
    "t.View(arrowio.ViewOptions{Rows: 3, Chars: 5, Arrow: true})",
    "display.Markdown(t.Markdown())",
    "fmt.Println(t)",
    "t.HowManyColumns",
    "t.Filter(\"`<img src=x onerror=window.hacked=30>` > 1\")",
    "h := widget.Table(t)\nh",
]

PAGED = """
n, s, x := make([]int, 1000), make([]string, 1000), make([]float64, 1000)
for i := range n {
	n[i] = (i * 37) % 1000
	s[i] = fmt.Sprintf("prompt %d of a long conversation, with its answer", i)
	x[i] = 1 / float64(i+1)
}
t, err := arrowio.NewTable().Ints("n", n).Strings("prompt", s).Floats("reward", x).Categories("source", s).Build()
v := widget.Table(t)
v
"""


class Hostile(Browser):
    def harmless(self, page, after):
        self.assertIsNone(page.evaluate("() => window.hacked ?? null"), after)
        self.assertEqual(page.locator(".jp-OutputArea-output :is(script, iframe, object, embed, [onerror], [onload], [onclick], [ontoggle])").count(), 0, after)
        links = page.locator(".jp-OutputArea-output a").evaluate_all("list => list.map(a => a.href)")
        self.assertEqual([a for a in links if a.startswith("javascript")], [], after)
        formulas = page.locator(".jp-OutputArea-output :is(mjx-container, .MathJax)").all_inner_texts()
        self.assertEqual(formulas, [], f"{after}: text of a cell set as mathematics")

    def test_hostile_text_is_harmless(self):
        cells = [nbformat.v4.new_code_cell(c) for c in CELLS]
        for c in cells:
            c.metadata["tags"] = ["raises-exception"]
        page = self.open("hostile.ipynb", nbformat.v4.new_notebook(cells=cells))
        dialogs = []
        # A click on a web address would leave the page, which asks first.
        page.on("dialog", lambda d: (d.type == "beforeunload" or dialogs.append(d.message), d.dismiss()))
        self.run_all(page)
        done = [f"[{n}]:" for n in range(1, len(CELLS) + 1)]
        self.until(page, lambda: self.prompts(page) == done, f"cells do not end: {self.prompts(page)}", 120)
        page.wait_for_selector(".widget-table table", timeout=60_000)
        page.wait_for_timeout(2000)  # mathematics is set after the cell has ended
        self.harmless(page, "as shown")
        # Every folded text is opened, everything is touched and clicked.
        self.assertGreater(page.locator(".jp-OutputArea-output details").count(), 5)
        page.evaluate("() => document.querySelectorAll('.jp-OutputArea-output details').forEach(d => d.open = true)")
        page.evaluate(
            "() => document.querySelectorAll('.jp-OutputArea-output *').forEach(e => {"
            " for (const kind of ['mouseover', 'mouseenter', 'focus', 'click']) e.dispatchEvent(new MouseEvent(kind, {bubbles: true})); })"
        )
        page.wait_for_timeout(500)
        self.harmless(page, "touched and clicked")
        text = page.locator(".jp-OutputArea-output table.dataframe").first.inner_text()
        self.assertIn("<script>window.hacked=1</script>", text, "the text itself is there to be read")
        self.assertIn("⟨U+202E⟩", text)
        self.assertEqual(dialogs, [])

    def test_the_paged_view(self):
        page = self.open("paged.ipynb", nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PAGED.strip()), nbformat.v4.new_code_cell("t")]))
        self.run_all(page)
        page.wait_for_selector(".widget-table table", timeout=60_000)
        page.wait_for_selector(".jp-OutputArea-executeResult table.dataframe", timeout=60_000)
        page.keyboard.press("Control+b")
        shown = page.locator(".widget-table")

        def says(text):
            self.until(page, lambda: text in shown.inner_text(), f"the view does not say {text}")

        says("rows 0 to 9 of 1,000")
        page.locator(".widget-table button[title='Next page']").click()
        says("rows 10 to 19 of 1,000")
        page.locator(".widget-table select").first.select_option("n")
        says("rows 0 to 9 of 1,000")
        self.assertEqual(shown.locator("tbody tr td").first.inner_text(), "0")
        page.locator(".widget-table input[type='text']").fill("n > 989 and contains(prompt, '1')")
        start = time.perf_counter()
        page.keyboard.press("Enter")
        self.until(page, lambda: "of 1,000" not in shown.inner_text(), "the filter does nothing")
        self.assertLess(time.perf_counter() - start, 20)
        says("rows 0 to 5 of 6")
        page.locator(".widget-table input[type='text']").fill("reward > 'x'")
        page.keyboard.press("Enter")
        says("cannot be compared")
        self.assertIn("rows 0 to 5 of 6", shown.inner_text(), "what is wrong leaves the rows")
        for theme in ("Light", "Dark"):
            page.click(".lm-MenuBar-item:has-text('Settings')")
            page.hover("li.lm-Menu-item:has-text('Theme')")
            page.click(f"li.lm-Menu-item:has-text('JupyterLab {theme}') >> nth=0")
            page.wait_for_timeout(1500)
            self.window(page, f"table-{theme.lower()}.png", at="arrowio.NewTable")
            ink = shown.locator("tbody td").first.evaluate("e => getComputedStyle(e).color")
            self.assertEqual(sum(int(n) for n in re.findall(r"\d+", ink)[:3]) > 380, theme == "Dark", ink)
        self.assertEqual(self.problems, [])
