"""JupyterLab's own debugger, driven by mouse: breakpoints, variables, steps."""

import nbformat
from browser import ERRORS, Browser

SCORE = """type Pair struct {
    Prompt string
    Rank   int
}

func score(pairs []Pair, decay float64) float64 {
    total := 0.0
    for i, p := range pairs {
        weight := 1 / (1 + decay*float64(i)) // naïve
        total += weight * float64(p.Rank)
    }
    return total
}"""
CALL = """pairs := []Pair{{"<b>How</b>?", 3}, {"Why?", 1}}
result := score(pairs, 0.5)
fmt.Println("scored", result)"""


class Debugger(Browser):
    def editor(self, page, n):
        return page.locator(".jp-Notebook .jp-CodeCell").nth(n).locator(".cm-editor")

    def click_gutter(self, page, cell, line):
        """Clicks where breakpoints are set, beside a line."""
        editor = self.editor(page, cell)
        gutter = editor.locator(".cm-gutter.cm-breakpoint-gutter").bounding_box()
        at = editor.locator(".cm-line").nth(line - 1).bounding_box()
        page.mouse.click(gutter["x"] + gutter["width"] / 2, at["y"] + at["height"] / 2)

    def highlighted(self, page, cell):
        """The text of the line at which a cell is stopped, or None."""
        lines = self.editor(page, cell).locator(".cm-line.jp-DebuggerEditor-highlight").all_inner_texts()
        return lines[0].strip() if lines else None

    def variables(self, page):
        """What the tree of variables shows: name -> type and value."""
        names = page.locator(".jp-DebuggerVariables-name").all_inner_texts()
        return dict(zip(names, page.locator(".jp-DebuggerVariables-detail").all_inner_texts(), strict=False))

    def frames(self, page):
        return [f.split()[0] for f in page.locator(".jp-DebuggerCallstackFrame").all_inner_texts()]

    def press(self, page, name):
        """Presses a button of the call stack's tool bar when it can be pressed.

        JupyterLab shows variables before it enables the buttons of a stop, and
        Playwright clicks a jp-button even where that is disabled.
        """
        button = page.locator(f".jp-DebuggerSidebar-body [data-jp-item-name='{name}'] jp-button")
        self.until(page, lambda: self.offers(button, name), f"{name!r} cannot be pressed", 20)
        button.click()

    def offers(self, button, name):
        """Whether a button is enabled; that which continues is for pausing at other times."""
        label = button.get_attribute("aria-label") or ""
        enabled = button.get_attribute("disabled") is None and button.get_attribute("aria-disabled") in (None, "false")
        return enabled and (name != "continue" or label.startswith("Continue"))

    def shows(self, page, cell, line, variables):
        """Waits until a cell is stopped at a line, with these variables."""
        self.until(page, lambda: self.highlighted(page, cell) == line, f"cell {cell} is not at {line!r}", 20)
        self.until(
            page,
            lambda: variables.items() <= self.variables(page).items(),
            f"the variables are not {variables}",
            20,
        )

    def test_breakpoint(self):
        """A function of one cell, called from another, is stepped through."""
        name = "debug.ipynb"
        cells = [nbformat.v4.new_code_cell(SCORE), nbformat.v4.new_code_cell(CALL)]
        page = self.open(name, nbformat.v4.new_notebook(cells=cells))
        bug = page.locator(".jp-NotebookPanel-toolbar .jp-DebuggerBugButton")
        self.until(page, lambda: bug.get_attribute("aria-disabled") in (None, "false"), "the bug button stays off")
        bug.click()
        page.wait_for_selector(".cm-breakpoint-gutter", timeout=20_000)
        page.keyboard.press("Control+b")
        self.click_gutter(page, 0, 10)
        page.wait_for_selector(".jp-DebuggerBreakpoint", timeout=20_000)
        self.run_all(page)
        accumulate = "total += weight * float64(p.Rank)"
        self.shows(page, 0, accumulate, {"i": "0", "decay": "float64 = 0.5", "total": "float64 = 0", "weight": "float64 = 1"})
        self.assertEqual(self.frames(page), ["score", "In[2]"])
        self.assertEqual(self.variables(page)["p"], 'Pair = {Prompt: "<b>How</b>?", Rank: 3}')
        page.locator(".jp-DebuggerVariables jp-tree-item:has(> .jp-DebuggerVariables-name:text-is('p'))").click()
        self.until(page, lambda: self.variables(page).get("Rank") == "3", "a struct does not expand")
        self.window(page, "debugger-stopped.png")

        self.press(page, "continue")  # to the same place, once more
        self.shows(page, 0, accumulate, {"i": "1", "total": "float64 = 3"})
        self.click_gutter(page, 0, 10)  # the breakpoint goes
        self.until(page, lambda: page.locator(".jp-DebuggerBreakpoint").count() == 0, "the breakpoint stays")
        self.press(page, "step-over")
        self.shows(page, 0, "return total", {"total": "float64 = 3.6666666666666665"})
        self.press(page, "step-out")
        self.shows(page, 1, 'fmt.Println("scored", result)', {"result": "float64 = 3.6666666666666665"})
        self.assertEqual(self.frames(page), ["In[2]"])
        self.window(page, "debugger-stepped.png")

        # The page is loaded anew while the cell is held.
        self.click_gutter(page, 0, 7)
        page.wait_for_selector(".jp-DebuggerBreakpoint", timeout=20_000)
        page.goto(f"{self.server.url}/lab/tree/{name}")
        page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell", timeout=60_000)
        self.until(page, lambda: self.variables(page).get("result") == "float64 = 3.6666666666666665", "the stop is forgotten")
        self.assertEqual(self.frames(page), ["In[2]"])
        page.wait_for_selector(".jp-DebuggerBreakpoint", timeout=20_000)
        self.window(page, "debugger-reloaded.png")
        self.press(page, "continue")
        self.until(page, lambda: self.kernel_state(name) == "idle", "the cell does not end")
        self.until(page, lambda: self.highlighted(page, 1) is None, "the line stays marked")

        # Switched off, the cells run through.
        bug.click()
        self.until(page, lambda: page.locator(".cm-breakpoint-gutter").count() == 0, "the debugger stays on")
        self.run_all(page)
        page.wait_for_selector(".jp-OutputArea-output:has-text('scored 3.6')", timeout=20_000)
        self.until(page, lambda: self.kernel_state(name) == "idle", "the cell is held without a debugger")
        self.assertEqual(page.locator(ERRORS).all_inner_texts(), [])
        self.assertEqual(self.problems, [])
