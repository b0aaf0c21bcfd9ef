"""The notebook in a real JupyterLab, in a real browser.

DIVVY_CHROMIUM is the browser, DIVVY_PICTURES the folder for screenshots.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import nbformat
from harness import KERNEL, ROOT
from playwright.sync_api import sync_playwright
from suite import log

PICTURES = pathlib.Path(os.environ["DIVVY_PICTURES"])
FLAGS = [
    "--headless",
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
# How JupyterLab marks an error, and text on stderr.
ERRORS = ":is([data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr'])"

SETTINGS = {
    # Nothing is fetched from outside, and nothing pops up.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    # Every cell is in the document, also those far below the window.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
    # A saved notebook has the state of its widgets in it.
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}


class Server:
    """A JupyterLab of this test's own, at an address that only it knows."""

    def __init__(self, root):
        self.root = root
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        settings = pathlib.Path(os.environ["JUPYTERLAB_SETTINGS_DIR"])
        for plugin, values in SETTINGS.items():
            owner = "" if plugin.startswith("@") else "@jupyterlab"
            path = settings / owner / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
                f"--ServerApp.root_dir={root}", "--ServerApp.ip=127.0.0.1",
                f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0",
                "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True",
                "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                "--LabApp.extension_manager=readonly",
            ],
            stdout=sys.stderr,
        )  # fmt: skip

    def wait(self, timeout=60):
        end = time.monotonic() + timeout
        while True:
            try:
                with urllib.request.urlopen(self.url + "/api/status", timeout=5) as r:
                    return json.load(r)
            except OSError as e:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"JupyterLab does not answer: {e}") from e
                time.sleep(0.2)

    def stop(self):
        """Ends the server as its user would, so that it ends its kernels."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


class Browser(unittest.TestCase):
    """A test of what a person does in JupyterLab."""

    limit = 240

    @classmethod
    def setUpClass(cls):
        tmp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(tmp.cleanup)
        cls.root = pathlib.Path(tmp.name)
        shutil.copytree(pathlib.Path(ROOT, "notebooks"), cls.root, dirs_exist_ok=True)
        cls.server = Server(cls.root)
        cls.addClassCleanup(cls.server.stop)
        cls.server.wait()
        player = sync_playwright().start()
        cls.addClassCleanup(player.stop)
        profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.addClassCleanup(profile.cleanup)
        cls.browser = player.chromium.launch_persistent_context(
            profile.name,
            executable_path=os.environ["DIVVY_CHROMIUM"],
            headless=True,
            args=FLAGS,
            viewport={"width": 1440, "height": 900},
            device_scale_factor=1,
        )
        cls.addClassCleanup(cls.browser.close)

    def open(self, name, nb):
        """Opens a notebook with our kernel and waits until that is idle."""
        path = self.root / name
        nb.metadata.kernelspec = {"name": KERNEL, "display_name": KERNEL, "language": "go"}
        nbformat.write(nb, path)
        page = self.browser.new_page()
        self.addCleanup(page.close)
        self.problems = []
        page.on("pageerror", lambda e: self.problems.append(str(e)))
        page.goto(f"{self.server.url}/lab/tree/{name}?reset")
        page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell", timeout=60_000)
        self.until(page, lambda: self.kernel_state(name) == "idle", "the kernel does not get idle")
        return page

    def kernel_state(self, name):
        with urllib.request.urlopen(self.server.url + "/api/sessions", timeout=5) as r:
            states = {s["path"]: s["kernel"]["execution_state"] for s in json.load(r)}
        return states.get(name)

    def until(self, page, condition, message, timeout=60):
        """Waits without keeping the browser's events waiting."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                page.screenshot(path=PICTURES / "failed.png")
                self.fail(f"{message}; the page is {PICTURES / 'failed.png'}")
            page.wait_for_timeout(100)

    def run_all(self, page):
        page.click(".lm-MenuBar-item:has-text('Run')")
        page.click("li[data-command='runmenu:run-all']")

    def prompts(self, page):
        return page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()

    def window(self, page, name, at=None):
        """Takes a picture of what a person sees, from the code cell with this text on."""
        if at:
            cell = page.locator(f".jp-CodeCell:has(.cm-content:has-text('{at}'))").first
            cell.evaluate("e => e.scrollIntoView({block: 'start'})")
            page.wait_for_timeout(500)
        path = PICTURES / name
        page.screenshot(path=path)
        log(f"screenshot: {path}")

    def whole(self, page, name):
        """Takes a picture of the whole notebook, however long."""
        page.set_viewport_size({"width": 1280, "height": 900})
        page.wait_for_timeout(500)
        height = page.evaluate(
            "() => { document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0;"
            " const cells = [...document.querySelectorAll('.jp-Notebook .jp-Cell')];"
            " return Math.max(...cells.map(c => c.getBoundingClientRect().bottom)) + 100 }"
        )
        page.set_viewport_size({"width": 1280, "height": int(height)})
        page.wait_for_timeout(500)
        self.window(page, name)
