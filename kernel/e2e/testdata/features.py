"""What the kernel shows, asks and remembers, message by message on the real one.

What needs no interpreter is tested beside its code in kernel/jupyter, widgets in
widgets.py, deaths and interrupts in client.py.
"""

import base64
import json
import os
import pathlib
import tempfile
import time
import uuid

from harness import KERNEL, KernelCase, start_new_kernel
from suite import log


def order(ran):
    """Streams and displays in the order in which they came; a stream's messages are
    one text as long as nothing comes between."""
    found = []
    for m in ran.messages:
        c = m["content"]
        if m["msg_type"] == "stream":
            if found and found[-1][0] == c["name"]:
                found[-1] = (c["name"], found[-1][1] + c["text"])
            else:
                found.append((c["name"], c["text"]))
        elif m["msg_type"] in ("display_data", "update_display_data", "execute_result", "clear_output"):
            found.append((m["msg_type"], c.get("data", c)))
    return found


class Output(KernelCase):
    def test_prints_are_few_messages(self):
        ran = self.ok('for i := range 1000 { fmt.Println("line", i) }')
        self.assertEqual(ran.stdout, "".join(f"line {i}\n" for i in range(1000)))
        streams = sum(m["msg_type"] == "stream" for m in ran.messages)
        log(f"1000 prints in {streams} messages")
        self.assertLess(streams, 20)

    def test_the_first_print_does_not_wait(self):
        start = time.monotonic()
        msg_id = self.kc.execute('fmt.Println("now")\nimport "time"\ntime.Sleep(2 * time.Second)')
        while True:
            m = self.kc.get_iopub_msg(timeout=10)
            if m["msg_type"] == "stream":
                break
        self.assertLess(time.monotonic() - start, 1.5)
        self.finish(msg_id)

    def test_streams_and_displays_keep_their_order(self):
        ran = self.ok(
            'import "os"\nfmt.Println("one")\nfmt.Fprintln(os.Stderr, "two")\nfmt.Println("three")\n'
            'display.Show(display.Markdown("four"))\nfmt.Println("five")\n"six"'
        )
        self.assertEqual(
            [(k, v if isinstance(v, str) else "") for k, v in order(ran)],
            [("stdout", "one\n"), ("stderr", "two\n"), ("stdout", "three\n"), ("display_data", ""), ("stdout", "five\n"), ("execute_result", "")],
        )

    def test_a_goroutine_writes_to_the_cell_that_started_it(self):
        started = self.kc.execute(
            'import "time"\ngo func() {\n\ttime.Sleep(500 * time.Millisecond)\n\tfmt.Println("late")\n}()\n"started"'
        )
        first = self.finish(started)
        self.assertEqual((first.stdout, first.result), ("", "started"), "its sleep ended with the cell")
        second = self.kc.execute('time.Sleep(time.Second)\nfmt.Println("second")')
        said = {}
        while True:
            m = self.kc.get_iopub_msg(timeout=20)
            parent = m["parent_header"].get("msg_id")
            if m["msg_type"] == "stream":
                said[parent] = said.get(parent, "") + m["content"]["text"]
            if parent == second and m["content"].get("execution_state") == "idle":
                break
        self.assertEqual(said, {started: "late\n", second: "second\n"})
        self.kc.get_shell_msg(timeout=10)

    def test_a_subprocess_writes_to_the_cell(self):
        ran = self.ok(
            'import (\n\t"os"\n\t"os/exec"\n)\ncmd := exec.Command("sh", "-c", "echo out; echo err >&2")\n'
            "cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr\n"
            "if err := cmd.Run(); err != nil {\n\tpanic(err)\n}"
        )
        self.assertEqual((ran.stdout, ran.stderr), ("out\n", "err\n"))

    def test_descriptors_are_captured(self):
        """What C code would do: write to descriptors 1 and 2 past all of Go's."""
        ran = self.ok(
            'import "os"\nraw1, raw2 := os.NewFile(1, "one"), os.NewFile(2, "two")\n'
            'raw1.WriteString("to one\\n")\nraw2.WriteString("to two\\n")'
        )
        self.assertEqual((ran.stdout, ran.stderr), ("to one\n", "to two\n"))

    def test_shell_commands(self):
        ran = self.ok("!echo from a shell; echo oops >&2")
        self.assertEqual((ran.stdout, ran.stderr), ("from a shell\n", "oops\n"))
        self.assertEqual(self.ok("%%bash\nfor i in 1 2; do echo $i; done").stdout, "1\n2\n")

    def test_clear_output(self):
        self.assertEqual(order(self.ok('fmt.Print("a")\ndisplay.Clear(true)\nfmt.Print("b")')),
                         [("stdout", "a"), ("clear_output", {"wait": True}), ("stdout", "b")])  # fmt: skip
        self.assertEqual(order(self.ok("display.Clear(false)")), [("clear_output", {"wait": False})])

    def test_a_display_is_updated(self):
        ran = self.ok('h := display.ShowID("fig", "before")\nh.Update("after")')
        ids = [(m["msg_type"], m["content"]["transient"]["display_id"], m["content"]["data"]["text/plain"]) for m in ran.messages
               if m["msg_type"].endswith("display_data")]  # fmt: skip
        self.assertEqual(ids, [("display_data", "fig", "before"), ("update_display_data", "fig", "after")])
        later = self.ok('h.Update("from another cell")')
        self.assertEqual([m["msg_type"] for m in later.messages if "display" in m["msg_type"]], ["update_display_data"])

    def test_carriage_returns_and_colours_pass(self):
        text = "10 %\r100 %\n\x1b[31mred\x1b[0m\n"
        self.assertEqual(self.ok(f"fmt.Print({json.dumps(text)})").stdout, text)

    def test_a_runaway_loop_is_bounded(self):
        msg_id = self.kc.execute('for i := 0; ; i++ { fmt.Println("a line of a runaway loop, number", i) }')
        time.sleep(2)
        start = time.monotonic()  # all else is answered meanwhile
        self.kc.control_channel.send(self.kc.session.msg("kernel_info_request", {}))
        self.assertEqual(self.kc.get_control_msg(timeout=10)["content"]["status"], "ok")
        log(f"kernel_info on control during the loop: {1000 * (time.monotonic() - start):.0f} ms")
        time.sleep(1)
        self.km.interrupt_kernel()
        start = time.monotonic()
        ran = self.finish(msg_id)
        self.assertEqual(ran.reply["ename"], "KeyboardInterrupt")
        size = len(ran.stdout) + len(ran.stderr)
        streams = sum(m["msg_type"] == "stream" for m in ran.messages)
        log(f"{size / 1e6:.1f} MB in {streams} messages; ended {1000 * (time.monotonic() - start):.0f} ms after the interrupt")
        self.assertLess(size, 6e6)
        self.assertLess(streams, 3000)
        self.assertIn("left out here", ran.stdout + ran.stderr)
        self.assertEqual(self.ok("1 + 1").result, "2")


class Display(KernelCase):
    def shown(self, code):
        bundles = self.ok(code).bundles("execute_result")
        self.assertEqual(len(bundles), 1, code)
        self.assertIn("text/plain", bundles[0])
        return bundles[0]

    def test_method_sets(self):
        """A type of a cell's own shows itself, without an import."""
        png = base64.b64encode(b"\x89PNG\r\n").decode()
        for method, mime, want in [
            ('HTML() string { return "<b>x</b>" }', "text/html", "<b>x</b>"),
            ('Markdown() string { return "**x**" }', "text/markdown", "**x**"),
            ('LaTeX() string { return "$x$" }', "text/latex", "$x$"),
            ('SVG() string { return "<svg/>" }', "image/svg+xml", "<svg/>"),
            ('PNG() []byte { return []byte("\\x89PNG\\r\\n") }', "image/png", png),
            ('JSON() any { return map[string]int{"x": 1} }', "application/json", {"x": 1}),
            ('MIMEBundle() map[string]any { return map[string]any{"text/x-own": "x"} }', "text/x-own", "x"),
        ]:
            name = "T" + method.split("(")[0]
            found = self.shown(f"type {name} struct{{ A int }}\nfunc ({name}) {method}\n{name}{{1}}")
            self.assertEqual(found.get(mime), want, method)

    def test_an_image(self):
        data = self.shown('import "image"\nimage.NewRGBA(image.Rect(0, 0, 4, 2))')
        self.assertTrue(base64.b64decode(data["image/png"]).startswith(b"\x89PNG"))

    def test_a_plot(self):
        data = self.shown('import "gonum.org/v1/plot"\np := plot.New()\np.Title.Text = "t"\np')
        self.assertTrue({"image/svg+xml", "image/png"} & set(data), data.keys())

    def test_a_table_and_a_record(self):
        table = self.shown("t, err := arrowio.FromStructs([]struct{ A int }{{1}, {2}})\nt")
        self.assertIn("<table", table["text/html"])
        record = self.shown(
            'import (\n\t"github.com/apache/arrow/go/v17/arrow"\n\t"github.com/apache/arrow/go/v17/arrow/array"\n'
            '\t"github.com/apache/arrow/go/v17/arrow/memory"\n)\n'
            "b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: \"a\", Type: arrow.PrimitiveTypes.Int64}}, nil))\n"
            "b.Field(0).(*array.Int64Builder).Append(7)\nb.NewRecord()"
        )
        self.assertIn("<table", record["text/html"])

    def test_a_writer_to(self):
        data = self.shown('import "gonum.org/v1/plot/vg/vgsvg"\nvgsvg.New(40, 20)')
        self.assertIn("<svg", data["image/svg+xml"])

    def test_progress(self):
        ran = self.ok('b := display.Bar(3, "steps")\nfor range 3 {\n\tb.Add(1)\n}\nb.Done()')
        kinds = [m["msg_type"] for m in ran.messages if "display" in m["msg_type"]]
        self.assertEqual(kinds[0], "display_data")
        self.assertEqual(set(kinds[1:]) | {"update_display_data"}, {"update_display_data"})
        self.assertIn("3/3", json.dumps(ran.bundles()[-1]).replace(" of ", "/"))


class Input(KernelCase):
    def answer(self, code, *answers, prompts=None, password=False):
        """Runs a cell and types the answers."""
        msg_id = self.kc.execute(code, allow_stdin=True)
        for i, text in enumerate(answers):
            asked = self.kc.get_stdin_msg(timeout=20)
            self.assertEqual(asked["parent_header"]["msg_id"], msg_id)
            self.assertEqual(asked["content"]["password"], password)
            if prompts:
                self.assertEqual(asked["content"]["prompt"], prompts[i])
            self.kc.input(text)
        ran = self.finish(msg_id)
        self.assertEqual(ran.status, "ok", ran.error)
        return ran

    def test_scan(self):
        ran = self.answer('var n int\nvar s string\nfmt.Print("number and word: ")\nfmt.Scan(&n, &s)\nfmt.Println(n*2, s)', "21 go")
        self.assertEqual(ran.stdout, "number and word: 42 go\n")

    def test_os_stdin(self):
        ran = self.answer(
            'import (\n\t"bufio"\n\t"os"\n)\nin := bufio.NewScanner(os.Stdin)\nfor range 2 {\n\tin.Scan()\n\tfmt.Println("read", in.Text())\n}',
            "one", "two words",
        )  # fmt: skip
        self.assertEqual(ran.stdout, "read one\nread two words\n")
        ran = self.answer('line, err := bufio.NewReader(os.Stdin).ReadString(10)\nfmt.Printf("%q %v", line, err)', "x")
        self.assertEqual(ran.stdout, '"x\\n" <nil>')

    def test_prompt_and_password(self):
        ran = self.answer('who, err := display.Input("who? ")\nwho', "me", prompts=["who? "])
        self.assertEqual(ran.result, "me")
        ran = self.answer('key, err := display.Password("key: ")\nlen(key)', "secret", prompts=["key: "], password=True)
        self.assertEqual(ran.result, "6")
        self.assertNotIn("secret", json.dumps([m["content"] for m in ran.messages]))

    def test_a_question_is_interrupted(self):
        self.ok("kept := 3")
        msg_id = self.kc.execute("var m int\nfmt.Scan(&m)", allow_stdin=True)
        self.kc.get_stdin_msg(timeout=20)
        self.km.interrupt_kernel()
        ran = self.finish(msg_id, timeout=10)
        self.assertEqual((ran.status, ran.reply["ename"]), ("error", "KeyboardInterrupt"), ran.error)
        self.assertEqual(self.ok("kept").result, "3")

    def test_nobody_to_ask(self):
        ran = self.ok('_, err := display.Input("?")\nfmt.Println(err)', allow_stdin=False)
        self.assertIn("cannot be asked", ran.stdout)


class Beside(KernelCase):
    """What is answered while a cell runs."""

    def ask(self, kind, content, channel, subshell=None, timeout=10):
        m = self.kc.session.msg(kind, content)
        if subshell:
            m["header"]["subshell_id"] = subshell
        socket = self.kc.control_channel if channel == "control" else self.kc.shell_channel
        socket.send(m)
        get = self.kc.get_control_msg if channel == "control" else self.kc.get_shell_msg
        end = time.monotonic() + timeout
        while True:
            reply = get(timeout=max(0.01, end - time.monotonic()))
            if reply["parent_header"].get("msg_id") == m["header"]["msg_id"]:
                return reply["content"]

    def test_control_and_subshells(self):
        info = self.ask("kernel_info_request", {}, "control")
        self.assertIn("kernel subshells", info["supported_features"])
        sub = self.ask("create_subshell_request", {}, "control")["subshell_id"]
        self.assertEqual(self.ask("list_subshell_request", {}, "control")["subshell_id"], [sub])
        busy = self.send('import "time"\ntime.Sleep(20 * time.Second)')
        start = time.monotonic()
        self.assertEqual(self.ask("kernel_info_request", {}, "control")["status"], "ok")
        complete = self.ask("complete_request", {"code": "fmt.Sprin", "cursor_pos": 9}, "shell", sub)
        self.assertIn("Sprint", complete["matches"])
        inspect = self.ask("inspect_request", {"code": "fmt.Println", "cursor_pos": 11, "detail_level": 0}, "shell", sub)
        self.assertTrue(inspect["found"])
        self.assertEqual(self.ask("comm_info_request", {}, "shell", sub)["status"], "ok")
        took = time.monotonic() - start
        log(f"control, completion, inspection and comms during a cell: {1000 * took:.0f} ms")
        self.assertLess(took, 10)
        self.km.interrupt_kernel()
        self.assertEqual(self.finish(busy).reply["ename"], "KeyboardInterrupt")
        self.assertEqual(self.ask("delete_subshell_request", {"subshell_id": sub}, "control")["status"], "ok")


class History(KernelCase):
    """History is one file for all kernels of a user, and survives them."""

    @classmethod
    def setUpClass(cls):
        tmp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(tmp.cleanup)
        cls.env = {**os.environ, "DIVVY_HISTORY": str(pathlib.Path(tmp.name, "history.sqlite"))}
        cls.km, cls.kc = start_new_kernel(kernel_name=KERNEL, env=cls.env)

    def history(self, kind, **options):
        options = {"raw": True, "output": False, **options}
        reply = self.kc.history(hist_access_type=kind, **options, reply=True, timeout=20)
        return [tuple(e) for e in reply["content"]["history"]]

    def test_it_outlives_a_restart(self):
        word = "w" + uuid.uuid4().hex
        for code in (f"{word} := 1", f"{word} + 1", f"{word} + 1", "2 * 3"):
            self.ok(code)
        self.km.restart_kernel(now=False)
        self.kc.wait_for_ready(timeout=30)
        self.ok("4 + 4")
        found = self.history("search", pattern=f"*{word}*", n=10)
        self.assertEqual([e[2] for e in found], [f"{word} := 1", f"{word} + 1", f"{word} + 1"])
        unique = self.history("search", pattern=f"{word} ? 1", n=10, unique=True)
        self.assertEqual([e[2] for e in unique], [f"{word} + 1"])
        self.assertEqual([e[2] for e in self.history("tail", n=2)], ["2 * 3", "4 + 4"])
        current = self.history("range", session=0, start=1, stop=10)
        self.assertIn("4 + 4", [e[2] for e in current])
        before = self.history("range", session=-1, start=1, stop=3)
        self.assertEqual([e[2] for e in before][-1], f"{word} + 1")
        with_output = self.history("tail", n=1, output=True)
        self.assertEqual(with_output[0][2], ("4 + 4", "8") if isinstance(with_output[0][2], tuple) else ["4 + 4", "8"])
