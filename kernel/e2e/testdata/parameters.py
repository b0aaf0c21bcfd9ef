"""Parameters of notebooks: papermill's, in Go, and the kernel's own -p."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import nbformat
import papermill
from go_translator import GoTranslator
from harness import KERNEL
from papermill.exceptions import PapermillExecutionError
from papermill.translators import papermill_translators

papermill_translators.register("go", GoTranslator)

# A value, and what Go is to make of it: its type and its value as %#v prints it.
VALUES = {
    "an_int": (250, "int 250"),
    "a_negative": (-7, "int -7"),
    "the_smallest": (-(2**63), "int -9223372036854775808"),
    "a_large_one": (2**64 - 1, "uint64 0xffffffffffffffff"),
    "a_float": (0.5, "float64 0.5"),
    "a_whole_float": (2.0, "float64 2"),
    "a_tiny_float": (1e-300, "float64 1e-300"),
    "not_a_number": (float("nan"), "float64 NaN"),
    "infinite": (float("-inf"), "float64 -Inf"),
    "a_bool": (True, "bool true"),
    "a_string": ("a \"b\" \\ 'c'\n\té 😀 \ufeff\x00\u2028 `", None),
    "empty": ("", 'string ""'),
    "nothing": (None, "<nil> <nil>"),
    "ints": ([1, 2], "[]int []int{1, 2}"),
    "floats": ([1, 2.5], "[]float64 []float64{1, 2.5}"),
    "strings": (["a", "b"], '[]string []string{"a", "b"}'),
    "bools": ((True, False), "[]bool []bool{true, false}"),
    "mixed": ([1, "a", None], '[]interface {} []interface {}{1, "a", interface {}(nil)}'),
    "no_items": ([], "[]interface {} []interface {}{}"),
    "nested": ([[1], [2, 3]], "[][]int [][]int{[]int{1}, []int{2, 3}}"),
    "deep": ({"a": [1, 2.5], "b": [3]}, 'map[string][]float64 map[string][]float64{"a":[]float64{1, 2.5}, "b":[]float64{3}}'),
    "a_dict": ({"x": 1, 'y "z"': 2}, 'map[string]int map[string]int{"x":1, "y \\"z\\"":2}'),
    "a_mixed_dict": ({"n": 1, "list": ["a"]}, 'map[string]interface {} map[string]interface {}{"list":[]string{"a"}, "n":1}'),
}


class Parameters(unittest.TestCase):
    limit = 100

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.tmp = pathlib.Path(tmp.name)

    def notebook(self, *sources, parameters=None):
        cells = [nbformat.v4.new_code_cell(s) for s in sources]
        if parameters is not None:
            cells[parameters].metadata["tags"] = ["parameters"]
        spec = {"name": KERNEL, "display_name": KERNEL, "language": "go"}
        path = self.tmp / "in.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
        return path

    def papermill(self, path, **parameters):
        return papermill.execute_notebook(
            path, self.tmp / "out.ipynb", parameters=parameters, kernel_name=KERNEL, progress_bar=False
        )

    def texts(self, nb):
        return ["".join(o.get("text", "") for o in c.outputs) for c in nb.cells if c.cell_type == "code"]

    def test_every_type(self):
        show = "\n".join(f'fmt.Printf("%T %#v\\n", {name}, {name})' for name in VALUES)
        path = self.notebook("fmt.Sprint()", show, "fmt.Print(a_string)", parameters=0)
        nb = self.papermill(path, **{name: value for name, (value, _) in VALUES.items()})
        self.assertEqual(nb.cells[1].metadata["tags"], ["injected-parameters"])
        said = self.texts(nb)
        for (name, (_, want)), line in zip(VALUES.items(), said[2].splitlines(), strict=True):
            if want:
                self.assertEqual(line, want, name)
        self.assertEqual(said[3], VALUES["a_string"][0])

    def test_it_overrides_what_the_notebook_declares(self):
        path = self.notebook('n := 10 // how many\np := 0.5\nname := "hh"', "fmt.Println(n*2, p/2, name)", parameters=0)
        nb = self.papermill(path, n=21, p=3.0, name="oasst")
        self.assertEqual(self.texts(nb)[2], "42 1.5 oasst\n")

    def test_faults_are_told(self):
        path = self.notebook("1")
        for name, value in {"func": 1, "2n": 1, "n": 2**70}.items():
            with self.assertRaisesRegex(ValueError, "no name in Go|fits no integer"):
                self.papermill(path, **{name: value})
        with self.assertRaises(PapermillExecutionError):
            self.papermill(self.notebook("panic(n)"), n=1)

    def test_help(self):
        path = self.notebook('n := 10 // how many\nvar p float64 = 0.5\nconst name = "hh" // the set\nfmt.Println(n)', parameters=0)
        found = papermill.inspect_notebook(path)
        self.assertEqual(
            {k: (v["inferred_type_name"], v["default"], v["help"]) for k, v in found.items()},
            {"n": ("None", "10", "how many"), "p": ("float64", "0.5", ""), "name": ("None", '"hh"', "the set")},
        )

    def test_the_kernel_does_it_without_papermill(self):
        """There a declared float stays one, since the kernel reads the cell."""
        path = self.notebook('n := 10\np := 0.5\nname := "hh"', "fmt.Println(n*2, p/2, name)", parameters=0)
        out = self.tmp / "own.ipynb"
        subprocess.run(
            [os.environ["DIVVY_BINARY"], "run", "-q", path, "-o", out, "-p", "n=21", "-p", "p=3", "-p", "name=oasst"], check=True
        )
        nb = nbformat.read(out, as_version=4)
        self.assertEqual(self.texts(nb)[2], "42 1.5 oasst\n")
        self.assertEqual(nb.cells[1].metadata["tags"], ["injected-parameters"])
