"""A day's work in one kernel: 5,000 cells, and what they leave behind."""

import time
import unittest

import psutil
from bench import Kernel
from harness import KERNEL
from suite import log

# What people do over and over: run a cell again, changed or not.
CELLS = [
    "x := {n}",
    "func f(a int) int {{ return a + {n} }}",
    "f(x)",
    "type point struct{{ X, Y int }}\np := point{{{n}, 2}}\np",
    "s := make([]float64, 1000)\nfor i := range s {{ s[i] = float64(i * {n}) }}\nlen(s)",
    'fmt.Println("cell", {n})',
    'import "strings"\nstrings.Repeat("ab", {n} % 7)',
    "notDeclared + {n}",
    "m := map[string]int{{}}\nfor _, w := range []string{{\"a\", \"b\"}} {{ m[w]++ }}\nm",
    "display.Markdown(\"**{n}**\")",
]
COUNT = 5000


def anonymous(process):
    """MB of a process that are its own: not the pages of its program."""
    return process.memory_full_info().uss / 2**20


class LongRun(unittest.TestCase):
    limit = 150

    def test_memory_stays_flat(self):
        k = Kernel(KERNEL)
        self.addCleanup(k.close)
        front = psutil.Process(k.manager.provisioner.process.pid)
        processes = [front, *front.children(recursive=True)]

        def memory():
            time.sleep(2.5)  # what it gives back when idle is given back
            return [anonymous(p) for p in processes]

        start, marks, n = time.monotonic(), {}, 0
        for mark in (1000, 3000, COUNT):
            while n < mark:
                code = CELLS[n % len(CELLS)]
                ok = k.execute(code.format(n=n))[1]["status"] == "ok"
                self.assertEqual(ok, "notDeclared" not in code, code)
                n += 1
            marks[mark] = memory()
        for mark, (ours, worker) in marks.items():
            log(f"after {mark} cells: front {ours:.1f} MB, worker {worker:.1f} MB of their own")
        log(f"{COUNT} cells in {time.monotonic() - start - 2.5 * len(marks):.1f} s")
        growth = sum(marks[COUNT]) - sum(marks[1000])
        log(f"from cell 1,000 to cell {COUNT:,}: {growth:+.1f} MB")
        # 3 kB a cell were measured: its source, for tracebacks, and what yaegi keeps
        # of a declaration that was replaced. A leak of values would be megabytes.
        self.assertLess(growth, 24)
