"""The project's notebooks through the programs that run notebooks unseen."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import nbclient
import nbformat
import papermill
from harness import ANSI, KERNEL, ROOT
from suite import log

NOTEBOOKS = sorted(
    p for p in pathlib.Path(ROOT, "notebooks").glob("*.ipynb") if not p.name.endswith(".out.ipynb")
)
FIGURES = pathlib.Path(ROOT, "notebooks", "figure4.ipynb")


def read(path):
    nb = nbformat.read(path, as_version=4)
    nb.metadata.kernelspec = {"name": KERNEL, "display_name": KERNEL, "language": "go"}
    return nb


class Notebooks(unittest.TestCase):
    """One test a notebook, added below: it runs from top to bottom."""

    limit = 240

    def execute(self, path):
        nb = read(path)
        nbformat.validate(nb)
        for cell in nb.cells:
            self.assertFalse(cell.get("outputs"), "the notebook is kept with outputs in it")
        with tempfile.TemporaryDirectory() as folder:  # which what it writes goes away with
            nbclient.NotebookClient(nb, timeout=200, resources={"metadata": {"path": folder}}).execute()
        self.check(nb)

    def check(self, nb):
        """What a reader of any executed notebook may expect."""
        nbformat.validate(nb)
        code = [c for c in nb.cells if c.cell_type == "code"]
        self.assertTrue(code, "no code")
        self.assertEqual([c.execution_count for c in code], list(range(1, len(code) + 1)))
        kinds = {}
        for c in code:
            for o in c.outputs:
                self.assertNotEqual(o.output_type, "error", o)
                for mime in o.get("data", {}):
                    kinds[mime] = kinds.get(mime, 0) + 1
        log(f"{len(code)} cells, {kinds}")
        self.assertTrue(kinds, "nothing is shown")


def add(path):
    def test(self):
        self.execute(path)

    test.__doc__ = f"{path.name} runs from top to bottom."
    setattr(Notebooks, "test_" + re.sub(r"\W", "_", path.stem), test)


for p in NOTEBOOKS:
    add(p)


class Programs(unittest.TestCase):
    limit = 240

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.tmp = pathlib.Path(tmp.name)
        self.notebook = self.tmp / "figure4.ipynb"
        nbformat.write(read(FIGURES), self.notebook)

    def call(self, *args, status=0):
        done = subprocess.run([str(a) for a in args], capture_output=True, text=True, cwd=self.tmp)
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
        return ANSI.sub("", done.stdout + done.stderr)

    def test_nbconvert_html(self):
        self.call(sys.executable, "-m", "nbconvert", "--to", "html", "--execute", self.notebook)
        page = (self.tmp / "figure4.html").read_text(encoding="utf-8")
        self.assertRegex(page, r"<svg|data:image/(png|svg)")
        self.assertIn("<table", page)

    def test_nbconvert_script(self):
        self.call(sys.executable, "-m", "nbconvert", "--to", "script", self.notebook)
        script = self.tmp / "figure4.go"
        self.assertTrue(script.exists(), list(self.tmp.iterdir()))
        for cell in read(FIGURES).cells:
            if cell.cell_type == "code":
                self.assertIn(cell.source.strip(), script.read_text(encoding="utf-8"))

    def test_papermill(self):
        out = self.tmp / "out.ipynb"
        papermill.execute_notebook(self.notebook, out, kernel_name=KERNEL, progress_bar=False, log_output=False)
        Notebooks().check(nbformat.read(out, as_version=4))

    def test_without_jupyter(self):
        """README's first command, by the installed program."""
        out = self.tmp / "figure4.done.ipynb"
        said = self.call(os.environ["DIVVY_BINARY"], "run", self.notebook, "-o", out)
        self.assertTrue(said.strip(), "no progress is told")
        Notebooks().check(nbformat.read(out, as_version=4))

    def test_without_jupyter_beside_its_input(self):
        before = set(self.tmp.iterdir())
        self.call(os.environ["DIVVY_BINARY"], "run", self.notebook)
        made = {p.name for p in set(self.tmp.iterdir()) - before}
        self.assertEqual(made, {"figure4.out", "figure4.out.ipynb"}, "what was run, and what it wrote")
        Notebooks().check(nbformat.read(self.tmp / "figure4.out.ipynb", as_version=4))

    def test_without_jupyter_a_failure_is_told(self):
        nb = nbformat.v4.new_notebook(cells=[
            nbformat.v4.new_code_cell("ready := 1"),
            nbformat.v4.new_code_cell("fine := ready\n\npanic(\"as asked\")"),
            nbformat.v4.new_code_cell("fmt.Println(\"never reached\")"),
        ])
        path = self.tmp / "fails.ipynb"
        nbformat.write(nb, path)
        out = self.tmp / "fails.done.ipynb"
        done = subprocess.run(
            [os.environ["DIVVY_BINARY"], "run", str(path), "-o", str(out)], capture_output=True, text=True
        )
        said = ANSI.sub("", done.stdout + done.stderr)
        self.assertNotEqual(done.returncode, 0, said)
        self.assertIn("as asked", said)
        self.assertIn("In[2]:3", said)
        after = nbformat.read(out, as_version=4)
        self.assertEqual([o.output_type for o in after.cells[1].outputs], ["error"])
        self.assertEqual(after.cells[2].outputs, [])
