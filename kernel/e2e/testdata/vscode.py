"""What VS Code's Jupyter extension sends, and what it makes of the answers.

It starts the kernel by itself, without jupyter_client, and does some things in its
own way: see microsoft/vscode-jupyter, src/kernels and src/standalone/intellisense.
"""

import json
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import uuid

import psutil
import zmq
from harness import KERNEL
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.session import Session
from jupyter_kernel_test.msgspec_v5 import validate_message

CHANNELS = {"shell": zmq.DEALER, "iopub": zmq.SUB, "stdin": zmq.DEALER, "control": zmq.DEALER}
# The kinds of completions that have a picture there.
KINDS = {"method", "function", "constructor", "field", "variable", "class", "struct", "interface", "module", "property",
         "event", "operator", "unit", "value", "constant", "enum", "enumMember", "keyword", "text", "color", "file",
         "reference", "customcolor", "folder", "typeParameter", "snippet"}  # fmt: skip


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class VSCode(unittest.TestCase):
    def setUp(self):
        self.spec = KernelSpecManager().get_kernel_spec(KERNEL)
        folder = tempfile.TemporaryDirectory(prefix="a folder with spaces ")
        self.addCleanup(folder.cleanup)
        info = {"version": 5.3, "transport": "tcp", "ip": "127.0.0.1", "key": str(uuid.uuid4()),
                "signature_scheme": "hmac-sha256", "kernel_name": KERNEL}  # fmt: skip
        info |= {f"{c}_port": free_port() for c in ("hb", *CHANNELS)}
        file = pathlib.Path(folder.name, "kernel-v3.json")
        file.write_text(json.dumps(info))
        argv = []
        for arg in self.spec.argv:
            # It puts quotes around a path with spaces in --connection-file={connection_file}.
            self.assertNotRegex(arg, r".+\{connection_file\}")
            argv.append(arg.replace("{connection_file}", str(file)))
        self.said = open(pathlib.Path(folder.name, "output"), "w+b")
        self.addCleanup(self.said.close)
        self.process = subprocess.Popen(argv, cwd=folder.name, stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

        # It looks whether the ports are taken by connecting to them and hanging up.
        for channel in ("shell", "iopub", "shell", "iopub"):
            self.connects(info[f"{channel}_port"])
        self.answers = {}
        user = str(uuid.uuid4())
        self.session = Session(key=info["key"].encode(), signature_scheme=info["signature_scheme"], username=user)
        context, self.sockets, self.poller = zmq.Context(), {}, zmq.Poller()
        self.addCleanup(context.destroy, linger=0)
        for channel, kind in CHANNELS.items():
            s = self.sockets[channel] = context.socket(kind)
            s.identity = user.encode()
            if kind == zmq.SUB:
                s.subscribe(b"")
            s.connect(f"tcp://127.0.0.1:{info[channel + '_port']}")
            self.poller.register(s, zmq.POLLIN)

    def connects(self, port):
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                self.assertLess(time.monotonic(), end, "the kernel does not listen")
                time.sleep(0.05)

    def send(self, kind, content, channel="shell", metadata=None):
        m = self.session.msg(kind, content, metadata=metadata)
        self.session.send(self.sockets[channel], m)
        return m["header"]["msg_id"]

    def messages(self, timeout=30):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            ready = dict(self.poller.poll(200))
            for channel, s in self.sockets.items():
                if s in ready:
                    m = self.session.recv(s, mode=0)[1]
                    self.note(channel, m)
                    yield channel, m
        self.fail("the kernel does not answer")

    def note(self, channel, m):
        """Keeps the answer to a cell, which may come while something else is awaited."""
        msg_id = m["parent_header"].get("msg_id")
        if m["parent_header"].get("msg_type") != "execute_request" or channel == "stdin":
            return
        validate_message(m, m["msg_type"], msg_id)
        answer = self.answers.setdefault(msg_id, [None, []])
        if channel == "shell":
            answer[0] = m["content"]
        else:
            answer[1].append(m)

    def ask(self, kind, content, channel="shell"):
        msg_id = self.send(kind, content, channel)
        for came, m in self.messages():
            if came == channel and m["parent_header"]["msg_id"] == msg_id:
                validate_message(m, kind.replace("_request", "_reply"), msg_id)
                return m["content"]

    def execute(self, code, store_history=True):
        """Sends a cell as it does, which leaves the order of cells to nobody but itself."""
        content = {"code": code, "silent": False, "stop_on_error": False, "allow_stdin": True, "store_history": store_history}
        metadata = {"cellId": "vscode-notebook-cell:/a%20folder/n.ipynb#W0sZmlsZQ%3D%3D", "vscode": {"languageId": "go"}}
        return self.send("execute_request", content, metadata=metadata)

    def finish(self, *msg_ids):
        """For each cell its reply, and what iopub told from execute_input to idle."""
        def done(msg_id):
            reply, told = self.answers.get(msg_id, (None, []))
            return reply and told and told[-1]["content"].get("execution_state") == "idle"

        messages = self.messages()
        while not all(map(done, msg_ids)):
            next(messages)
        return [self.answers[i] for i in msg_ids]

    def test_a_notebook(self):
        # It asks on both channels, and waits for any message of iopub besides.
        ids = {c: self.send("kernel_info_request", {}, c) for c in ("control", "shell")}
        waiting = {"control", "shell", "iopub"}
        for channel, m in self.messages():
            waiting.discard(channel)
            if channel in ids:
                self.assertEqual((m["parent_header"]["msg_id"], m["msg_type"]), (ids[channel], "kernel_info_reply"))
                language = m["content"]["language_info"]
            if not waiting:
                break
        self.assertEqual((self.spec.language, language["name"]), ("go", "go"), "what it calls the language of cells")
        self.assertEqual(self.spec.interrupt_mode, "message")

        # An error aborts nothing: it sends the next cell when it wants it run.
        failed, then = self.finish(self.execute('panic("first")'), self.execute("count := 20\ncount + 1"))
        self.assertEqual(failed[0]["status"], "error")
        reply, published = then
        self.assertEqual((reply["status"], reply["execution_count"]), ("ok", 2))
        self.assertEqual([m["msg_type"] for m in published], ["status", "execute_input", "execute_result", "status"])
        self.assertEqual([m["content"]["data"]["text/plain"] for m in published if m["msg_type"] == "execute_result"], ["21"])
        hidden = self.finish(self.execute("2 * count", store_history=False))[0][0]
        self.assertEqual((hidden["status"], hidden["execution_count"]), ("ok", 2))

        self.completes()
        self.asks()

        loop = self.execute("for {}")
        time.sleep(0.3)
        self.assertEqual(self.ask("interrupt_request", {}, "control")["status"], "ok")
        self.assertEqual(self.finish(loop)[0][0]["ename"], "KeyboardInterrupt")
        self.assertEqual(self.finish(self.execute("count"))[0][0]["status"], "ok")
        self.said.seek(0)
        self.assertEqual(self.said.read(), b"", "it shows the user what a kernel writes")
        self.ends()

    def completes(self):
        """What is typed goes in whole, with Windows' ends of lines; a choice is then looked
        up with the text up to its column, which on a later line is any text."""
        for code, want in {
            "x := 1\r\nfmt.Sprin": "Sprintf",
            "cou": "count",
            "strin": "strings",
            "displ": "display",
            "var h display.HT": "HTML",
            "import \"str": "strings",
        }.items():
            reply = self.ask("complete_request", {"code": code, "cursor_pos": len(code)})
            self.assertIn(want, reply["matches"], code)
            self.assertEqual(reply["cursor_end"], len(code))
            typed = reply["metadata"]["_jupyter_types_experimental"]
            self.assertEqual([t["text"] for t in typed], reply["matches"])
            for t in typed:
                self.assertIn(t["type"], KINDS, t)
                self.assertEqual((t["start"], t["end"]), (reply["cursor_start"], reply["cursor_end"]))
            column = reply["cursor_start"] - code.rfind("\n") - 1
            looked = code[:column] + want
            found = self.ask("inspect_request", {"code": looked, "cursor_pos": len(looked), "detail_level": 0})
            self.assertEqual(found["status"], "ok")
            if "\n" not in code and "import" not in code:
                self.assertTrue(found["found"] and found["data"]["text/plain"], looked)
        # It counts UTF-16 units, which may be more than there are characters.
        for pos in (1000, 9):
            self.assertEqual(self.ask("complete_request", {"code": '"😀😀"\nx', "cursor_pos": pos})["status"], "ok")

    def asks(self):
        asking = self.execute('import "fmt"\nvar s string\nfmt.Print("name: ")\nfmt.Scan(&s)\ns')
        for channel, m in self.messages():
            if channel == "stdin":
                self.assertEqual(m["content"], {"prompt": "", "password": False}, "the prompt is in the output")
                reply = self.session.msg("input_reply", {"value": "gopher", "status": "ok"}, parent=m["header"])
                self.session.send(self.sockets["stdin"], reply)
                break
        ((reply, published),) = self.finish(asking)
        self.assertEqual(reply["status"], "ok")
        self.assertIn("gopher", json.dumps([m["content"] for m in published], default=str))

    def ends(self):
        """It never asks a kernel to shut down: it ends the children, then the kernel."""
        front = psutil.Process(self.process.pid)
        family = front.children(recursive=True)
        self.assertTrue(family)
        for p in family:
            p.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        family = {*family, *front.children(recursive=True), front}
        self.process.terminate()
        self.process.wait(timeout=10)
        psutil.wait_procs(family, timeout=10)
        left = [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
        self.assertEqual(left, [], "the kernel leaves processes behind")
