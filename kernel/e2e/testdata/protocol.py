"""jupyter_kernel_test, the protocol's own suite, with every attribute set."""

import os

import jupyter_kernel_test as jkt

KERNEL = os.environ["DIVVY_KERNEL"]


class Protocol(jkt.KernelTests):
    kernel_name = KERNEL
    limit = 45

    language_name = "go"
    file_extension = ".go"
    code_hello_world = 'fmt.Println("hello, world")'
    code_stderr = 'import "os"\nfmt.Fprintln(os.Stderr, "a warning")'
    code_page_something = "?fmt.Println"
    code_generate_error = 'panic("on purpose")'
    code_inspect_sample = "fmt.Println"
    code_clear_output = "display.Clear(false)"
    completion_samples = [
        {"text": "fmt.Printl", "matches": {"Println"}},
        {"text": "fmt.Sprin", "matches": {"Sprint", "Sprintf", "Sprintln"}},
    ]
    complete_code_samples = [
        "1 + 1",
        "x := 1",
        'fmt.Println("done")',
        "for i := 0; i < 3; i++ {\n\tfmt.Println(i)\n}",
        "func twice(n int) int {\n\treturn 2 * n\n}",
    ]
    incomplete_code_samples = [
        "for i := 0; i < 3; i++ {",
        "func twice(n int) int {",
        "fmt.Println(",
        "s := `raw",
        "x :=",
    ]
    invalid_code_samples = ["1 +* / 2 )", "func func func", 's := "no end']
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": '"a" + "b"', "result": "ab"},
        {"code": "len([]int{1, 2, 3})", "result": "3"},
        {"code": 'display.HTML("<b>bold</b>")', "mime": "text/html", "result": "<b>bold</b>"},
    ]
    code_display_data = [
        {"code": 'display.Show(display.HTML("<b>bold</b>"))', "mime": "text/html"},
        {"code": 'display.Show(display.Markdown("**bold**"))', "mime": "text/markdown"},
    ]
    code_history_pattern = "6 ? 7"
    supported_history_operations = ("tail", "range", "search")

    def test_every_attribute_is_set(self):
        """An attribute left empty makes its test of the suite pass unrun."""
        for name, value in vars(jkt.KernelTests).items():
            if name.startswith(("_", "test_", "kc", "km")) or callable(value) or isinstance(value, classmethod):
                continue
            self.assertTrue(getattr(type(self), name), name)


class IopubWelcome(jkt.IopubWelcomeTests):
    kernel_name = KERNEL
    support_iopub_welcome = True
    limit = 45

    def test_every_attribute_is_set(self):
        self.assertTrue(self.support_iopub_welcome)
