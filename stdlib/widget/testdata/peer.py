"""What ipywidgets sends, for the Go side to be compared with.

    python peer.py models    the default state of each model: ../models.json
    python peer.py messages  the messages of configured widgets: messages.json

Run it with the pinned environment of install/pyenv. A test in kernel/e2e fails
when the committed files differ from what it prints.
"""

import json
import sys

import ipywidgets as w
from ipywidgets.widgets.widget import _instances, _remove_buffers

KINDS = [
    w.IntSlider, w.FloatSlider, w.IntProgress, w.FloatProgress, w.Dropdown, w.Checkbox, w.Text, w.Button,
    w.Output, w.HBox, w.VBox, w.Tab, w.HTML, w.Label, w.Image,
]  # fmt: skip


def models():
    """Model name -> state, with references to other models by their names."""
    found = {}

    def add(widget):
        state, _, _ = _remove_buffers(widget.get_state())
        for key in ("layout", "style"):
            if key in state:
                part = getattr(widget, key)
                state[key] = "IPY_MODEL_" + part._model_name
                add(part)
        found[widget._model_name] = state

    for kind in KINDS:
        add(kind())
    return found


def messages():
    """Name -> the content, metadata and buffers (in hex) of comm_open.

    References are by model name, since ids are random.
    """
    a = w.Checkbox(value=True, description="log", indent=True)
    b = w.Button(description="Fit again", button_style="primary", tooltip="Refit", icon="refresh")
    made = {
        "FloatSlider": w.FloatSlider(min=0.3, max=0.7, step=0.01, value=0.5, description="p", continuous_update=False),
        "IntSlider": w.IntSlider(min=1, max=9, step=2, value=3, description="n", orientation="vertical", disabled=True),
        "FloatProgress": w.FloatProgress(min=0, max=1, value=0.25, description="loss", bar_style="info"),
        "IntProgress": w.IntProgress(min=0, max=10, value=4, description="done"),
        "Dropdown": w.Dropdown(options=["PRO", "SFT"], value="SFT", description="method"),
        "Checkbox": a,
        "Text": w.Text(value="<b>&", placeholder="a prompt", description="prompt", continuous_update=False),
        "Button": b,
        "HBox": w.HBox([a, b]),
        "VBox": w.VBox([b]),
        "Tab": w.Tab([a, b], titles=["first", "second"]),
        "HTML": w.HTML(value="<b>bold</b>"),
        "Label": w.Label(value="plain"),
        "Output": w.Output(),
        "Image": w.Image(value=b"\x89PNG\r\n\x1a\n\x00\xff", format="png", width="480", height="326"),
    }
    names = {"IPY_MODEL_" + id: "IPY_MODEL_" + m._model_name for id, m in _instances.items()}

    def by_name(value):
        if isinstance(value, str):
            return names.get(value, value)
        if isinstance(value, (list, tuple)):
            return [by_name(v) for v in value]
        if isinstance(value, dict):
            return {k: by_name(v) for k, v in value.items()}
        return value

    out = {}
    for name, widget in made.items():
        state, paths, buffers = _remove_buffers(widget.get_state())
        out[name] = {
            "target_name": "jupyter.widget",
            "metadata": {"version": w._version.__protocol_version__},
            "data": {"state": by_name(state), "buffer_paths": paths},
            "buffers": [bytes(b).hex() for b in buffers],
        }
    return out


if __name__ == "__main__":
    print(json.dumps({"models": models, "messages": messages}[sys.argv[1]](), indent=1, sort_keys=True))
