"""JupyterLab's own debugger, driven by mouse: breakpoints, variables, steps."""

import nbformat
from browser import ERRORS, Browser
from suite import log

SCORE = """type Pair struct {
    Prompt string
    Rank   int
}

func score(pairs []Pair, decay float64) float64 {
    total := 0.0
    for i, p := range pairs {
        weight := 1 / (1 + decay*float64(i))
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
        return page.locator(".jp-DebuggerVariables").inner_text()

    def frames(self, page):
        return page.locator(".jp-DebuggerCallstackFrame").all_inner_texts()

    def press(self, page, command):
        """Presses a button of the call stack's tool bar."""
        page.locator(f".jp-DebuggerCallstack [data-command='debugger:{command}']").click()

    def test_breakpoint(self):
        cells = [nbformat.v4.new_code_cell(SCORE), nbformat.v4.new_code_cell(CALL)]
        page = self.open("debug.ipynb", nbformat.v4.new_notebook(cells=cells))
        bug = page.locator(".jp-NotebookPanel-toolbar .jp-DebuggerBugButton")
        self.until(page, lambda: bug.get_attribute("aria-disabled") in (None, "false"), "the bug button stays off")
        bug.click()
        page.wait_for_selector(".cm-breakpoint-gutter", timeout=20_000)
        self.click_gutter(page, 0, 10)
        page.wait_for_selector(".jp-DebuggerBreakpoint", timeout=20_000)
        self.window(page, "debugger-breakpoint.png")

        self.run_all(page)
        self.until(page, lambda: self.highlighted(page, 0), "the cell does not stop")
        self.assertEqual(self.highlighted(page, 0), "total += weight * float64(p.Rank)")
        self.until(page, lambda: "weight" in self.variables(page), "no variables are shown")
        log(self.variables(page))
        log(self.frames(page))
        self.window(page, "debugger-stopped.png")
        self.press(page, "continue")
        page.wait_for_timeout(1000)
        self.window(page, "debugger-second.png")
        self.press(page, "next")
        page.wait_for_timeout(1000)
        self.window(page, "debugger-step.png")
        self.press(page, "continue")
        page.wait_for_selector(".jp-OutputArea-output:has-text('scored')", timeout=20_000)
        self.window(page, "debugger-end.png")
        self.assertEqual(page.locator(ERRORS).all_inner_texts(), [])
        self.assertEqual(self.problems, [])
