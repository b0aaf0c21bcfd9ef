"""Widgets from Go as a front end meets them: message by message, and compared
with those of ipywidgets."""

import json
import pathlib
import subprocess
import sys
import time
import unittest

import nbclient
import nbformat
from harness import KERNEL, ROOT, Empty, KernelCase
from suite import log

PEER = pathlib.Path(ROOT, "stdlib", "widget", "testdata", "peer.py")
VIEW = "application/vnd.jupyter.widget-view+json"


class Peer(unittest.TestCase):
    """What Go takes from ipywidgets is what the pinned ipywidgets says."""

    def told(self, what):
        done = subprocess.run([sys.executable, PEER, what], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def test_models(self):
        self.assertEqual(self.told("models"), json.loads((PEER.parent.parent / "models.json").read_text()))

    def test_messages(self):
        self.assertEqual(self.told("messages"), json.loads((PEER.parent / "messages.json").read_text()))


class Front(KernelCase):
    """A front end that keeps the models that it was told of."""

    def setUp(self):
        self.models = {}
        self.parents = []

    def take(self, m):
        """Follows one iopub message."""
        c = m["content"]
        if m["msg_type"] == "comm_open":
            self.assertEqual(c["target_name"], "jupyter.widget")
            self.assertEqual(m["metadata"]["version"], "2.1.0")
            self.models[c["comm_id"]] = {}
        if m["msg_type"] in ("comm_open", "comm_msg") and "state" in c["data"]:
            state = c["data"]["state"]
            for path, buffer in zip(c["data"].get("buffer_paths", []), m["buffers"], strict=True):
                place = state
                for key in path[:-1]:
                    place = place[key]
                place[path[-1]] = bytes(buffer)
            self.models.setdefault(c["comm_id"], {}).update(state)

    def show(self, code):
        """Runs a cell and takes the widgets that it makes."""
        ran = self.ok(code)
        for m in ran.messages:
            self.take(m)
        return ran

    def find(self, name):
        found = [id for id, s in self.models.items() if s.get("_model_name") == name]
        self.assertEqual(len(found), 1, f"{name} among {self.models}")
        return found[0]

    def comm(self, id, data, kind="comm_msg", buffers=(), **more):
        """Sends a comm message; returns its id."""
        content = {"comm_id": id, "data": data, **more}
        m = self.kc.session.msg(kind, content)
        m["buffers"] = list(buffers)
        self.kc.shell_channel.send(m)
        return m["header"]["msg_id"]

    def move(self, id, **state):
        return self.comm(id, {"method": "update", "state": state, "buffer_paths": []})

    def handled(self, msg_id):
        """Waits until a comm message was handled; returns what it made be sent."""
        messages, end = [], time.monotonic() + 20
        while True:
            m = self.kc.get_iopub_msg(timeout=max(0.01, end - time.monotonic()))
            self.take(m)
            if m["parent_header"].get("msg_id") == msg_id and m["msg_type"] == "status":
                if m["content"]["execution_state"] == "idle":
                    return messages
            messages.append(m)

    def until(self, condition, message):
        end = time.monotonic() + 20
        while not condition():
            try:
                self.take(self.kc.get_iopub_msg(timeout=0.2))
            except Empty:
                pass
            if time.monotonic() > end:
                self.fail(message)


class Widgets(Front):
    def test_interact(self):
        ran = self.show(
            'p := widget.FloatSlider{Label: "p", Min: 0.3, Max: 0.7, Step: 0.01, Value: 0.5}\n'
            "widget.Interact(func(p float64) any {\n\tf := figure.Figure4c()\n"
            '\tf.Title = fmt.Sprint("p = ", p)\n\treturn f\n}, p)'
        )
        bundle = ran.bundles("execute_result")[0]
        self.assertIn(bundle[VIEW]["model_id"], self.models)
        self.assertIn("p = 0.5", bundle["text/plain"])
        self.assertIn("image/png", bundle)
        slider, image = self.find("FloatSliderModel"), self.find("ImageModel")
        self.assertTrue(self.models[image]["value"].startswith(b"\x89PNG"))
        before = self.models[image]["value"]
        start = time.perf_counter()
        msg_id = self.move(slider, value=0.62)
        messages = self.handled(msg_id)
        log(f"from a move of the slider to idle {1000 * (time.perf_counter() - start):.0f} ms")
        echo = [m for m in messages if m["content"].get("data", {}).get("method") == "echo_update"]
        self.assertEqual(len(echo), 1, "front ends expect an echo")
        self.assertEqual(echo[0]["parent_header"]["msg_id"], msg_id)
        self.assertEqual(echo[0]["content"]["data"]["state"], {"value": 0.62})
        self.until(lambda: self.models[image]["value"] != before, "the figure does not follow")
        self.assertEqual(self.ok("p.Value").result, "0.5", "the cell's own description is its own")

    def test_a_drag_during_a_cell(self):
        self.show("n := &widget.IntSlider{Max: 1000}\nseen := []int{}\nn.OnChange(func(v int) { seen = append(seen, v) })\nn")
        slider = self.find("IntSliderModel")
        cell = self.send('import "time"\nfor n.Get() < 300 { time.Sleep(time.Millisecond) }\nn.Get()')
        for v in range(1, 301):
            self.move(slider, value=v)
        ran = self.finish(cell, timeout=20)
        self.assertEqual((ran.status, ran.result), ("ok", "300"), ran.error)
        self.assertEqual(self.ok("fmt.Sprint(seen)").result, "[300]")

    def test_a_page_is_loaded_anew(self):
        self.show('row := widget.Row(&widget.Checkbox{Label: "again", Value: true}, &widget.Image{Value: []byte("\\x89PNG\\r\\n\\x1a\\n")})\nrow')
        box, image = self.find("CheckboxModel"), self.find("ImageModel")
        self.handled(self.move(box, value=False))
        reply = self.kc.comm_info("jupyter.widget")
        info = None
        end = time.monotonic() + 10
        while info is None or info["parent_header"].get("msg_id") != reply:
            info = self.kc.get_shell_msg(timeout=max(0.01, end - time.monotonic()))
        self.assertEqual(info["content"]["comms"][box], {"target_name": "jupyter.widget"})

        self.handled(self.comm("page", {}, kind="comm_open", target_name="jupyter.widget.control"))
        messages = self.handled(self.comm("page", {"method": "request_states"}))
        answer = [m for m in messages if m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == "page"]
        self.assertEqual(len(answer), 1)
        data = answer[0]["content"]["data"]
        self.assertEqual(data["method"], "update_states")
        self.assertEqual(data["states"][box]["model_name"], "CheckboxModel")
        self.assertIs(data["states"][box]["state"]["value"], False)
        self.assertIn([image, "state", "value"], data["buffer_paths"])
        at = data["buffer_paths"].index([image, "state", "value"])
        self.assertEqual(bytes(answer[0]["buffers"][at]), b"\x89PNG\r\n\x1a\n")

    def test_binary_values_from_a_front_end(self):
        self.show("picture := &widget.Image{}\npicture")
        image, content = self.find("ImageModel"), bytes(range(256)) * 4096
        data = {"method": "update", "state": {"format": "jpeg"}, "buffer_paths": [["value"]]}
        self.handled(self.comm(image, data, buffers=[content]))
        self.assertEqual(self.models[image]["value"], content, "the echo")
        ran = self.ok('v, err := widget.Property(picture, "value")\nfmt.Println(len(v.([]byte)), v.([]byte)[255], err)')
        self.assertEqual(ran.stdout, "1048576 255 <nil>\n")

    def test_nonsense_from_a_front_end(self):
        self.show("one := &widget.IntSlider{Max: 10, Value: 3}\none")
        slider = self.find("IntSliderModel")
        for data in ({}, {"method": 3}, {"method": "update", "state": []}, {"method": "update", "state": {"value": "x"}},
                     {"method": "update", "state": {}, "buffer_paths": [["value"]]}):  # fmt: skip
            self.handled(self.comm(slider, data))
        messages = self.handled(self.comm("nobody's", {"method": "update", "state": {}}))
        self.assertEqual([m for m in messages if m["msg_type"] in ("error", "stream")], [])
        messages = self.handled(self.comm("new", {}, kind="comm_open", target_name="nobody"))
        self.assertIn("comm_close", [m["msg_type"] for m in messages])
        self.assertEqual(self.ok("one.Get()").result, "3")

    def test_an_interrupt_stops_what_a_widget_called(self):
        self.show('b := &widget.Button{}\nb.OnClick(func() { fmt.Println("started"); for {} })\nb')
        button = self.find("ButtonModel")
        self.comm(button, {"method": "custom", "content": {"event": "click"}})
        said = []

        def says(text):
            def look():
                try:
                    m = self.kc.get_iopub_msg(timeout=0.1)
                except Empty:
                    return False
                if m["msg_type"] == "stream":
                    said.append(m["content"]["text"])
                return text in "".join(said)

            return look

        self.assertEventually(says("started"), "the click calls nothing")
        self.km.interrupt_kernel()
        self.assertEventually(says("KeyboardInterrupt"), "the interrupt stops nothing")
        self.assertEqual(self.ok("1 + 1").result, "2")


class Executed(unittest.TestCase):
    limit = 120

    def test_the_state_is_kept_in_the_notebook(self):
        """nbclient writes it as JupyterLab does, and a page can be made of it."""
        path = pathlib.Path(ROOT, "notebooks", "decay_index.ipynb")
        nb = nbformat.read(path, as_version=4)
        nb.metadata.kernelspec = {"name": KERNEL, "display_name": KERNEL, "language": "go"}
        nbclient.NotebookClient(nb, timeout=60).execute()
        nbformat.validate(nb)
        state = nb.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
        views = [o["data"][VIEW]["model_id"] for c in nb.cells for o in c.get("outputs", []) if VIEW in o.get("data", {})]
        self.assertEqual(len(views), 2)
        for id in views:
            self.assertEqual(state[id]["model_name"], "VBoxModel")
        images = [s for s in state.values() if s["model_name"] == "ImageModel"]
        self.assertEqual([b["path"] for b in images[0]["buffers"]], [["value"]])
