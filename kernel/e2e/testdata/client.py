"""What a user does to a kernel through any front end, by jupyter_client."""

import os
import signal
import subprocess
import sys
import tempfile
import time

import psutil
from harness import KERNEL, KernelCase, KernelManager
from suite import log


class State(KernelCase):
    def test_lives_on_between_cells(self):
        self.ok("kept := 41")
        self.assertEqual(self.ok("kept + 1").result, "42")

    def test_imports_declarations_and_statements_mix_in_one_cell(self):
        ran = self.ok(
            'total := 0\nimport "strings"\nfunc shout(s string) string { return strings.ToUpper(s) }\n'
            "for _, n := range []int{1, 2, 3} { total += n }\nconst half = 2\n"
            'type pair struct{ A, B int }\nfmt.Println(shout("six"), total, pair{1, half}.B)\ntotal / half'
        )
        self.assertEqual(ran.stdout, "SIX 6 2\n")
        self.assertEqual(ran.result, "3")

    def test_a_print_leaves_no_result(self):
        """The count of bytes and the error that fmt.Println gives are noise."""
        ran = self.ok('fmt.Println("hi")')
        self.assertEqual((ran.stdout, ran.result), ("hi\n", None))

    def test_an_error_names_cell_line_and_column(self):
        ran = self.run_cell("a := 1\n\nb := a + undefinedName\nb")
        self.assertEqual((ran.status, ran.reply["ename"]), ("error", "CompileError"))
        self.assertIn(f"In[{ran.reply['execution_count']}]:3:10", ran.error)
        self.assertIn("undefinedName", ran.error)

    def test_a_panic_names_its_line(self):
        ran = self.fails("xs := []int{1}\ni := 5\nxs[i]", "Panic")
        self.assertIn("index out of range [5] with length 1", ran.error)
        self.assertIn(f"In[{ran.reply['execution_count']}]:3", ran.error)

    def test_execution_counts_rise_by_one_and_silent_cells_do_not_count(self):
        first = self.ok("1").reply["execution_count"]
        silent = self.ok("fmt.Sprint(2)", silent=True)
        self.assertEqual(silent.bundles(), [])
        self.assertEqual(self.ok("3").reply["execution_count"], first + 1)

    def test_user_expressions(self):
        ran = self.ok("n := 20", user_expressions={"double": "n * 2", "bad": "noSuchName"})
        values = ran.reply["user_expressions"]
        self.assertEqual(values["double"]["status"], "ok")
        self.assertEqual(values["double"]["data"]["text/plain"], "40")
        self.assertEqual(values["bad"]["status"], "error")

    def test_an_error_aborts_what_is_queued(self):
        first = self.kc.execute('import "time"\ntime.Sleep(300 * time.Millisecond)\npanic("stop")')
        second = self.kc.execute('fmt.Println("never")')
        self.assertEqual(self.finish(first).status, "error")
        queued = self.finish(second)
        self.assertEqual((queued.status, queued.stdout), ("aborted", ""))
        self.ok("1")


class Interrupt(KernelCase):
    def interrupted(self, code):
        self.ok("before := 7")
        msg_id = self.send(code)
        time.sleep(0.3)
        start = time.monotonic()
        self.km.interrupt_kernel()
        ran = self.finish(msg_id, timeout=10)
        log(f"{code!r}: {1000 * (time.monotonic() - start):.0f} ms from interrupt to idle")
        self.assertEqual((ran.status, ran.reply["ename"]), ("error", "KeyboardInterrupt"), ran.error)
        self.assertEqual(self.ok("before").result, "7", "the state is gone")

    def test_an_empty_loop(self):
        self.interrupted("for {}")

    def test_a_loop_that_works(self):
        self.interrupted("n := 0\nfor {\n\tn++\n}")

    def test_a_loop_that_prints(self):
        self.interrupted('for {\n\tfmt.Println("again")\n}')

    def test_a_sleep(self):
        self.interrupted('import "time"\ntime.Sleep(time.Minute)')

    def test_a_wait_for_a_channel(self):
        self.interrupted("<-make(chan int)")

    def test_twice_and_when_idle(self):
        self.km.interrupt_kernel()
        # It goes its own way to the kernel, and nothing keeps it before the next cell.
        told = None
        while told is None or told["parent_header"].get("msg_type") != "interrupt_request" or told["content"].get("execution_state") != "idle":
            told = self.kc.get_iopub_msg(timeout=20)
        self.interrupted("for {}")
        self.interrupted("for {}")


class Crash(KernelCase):
    """A cell that ends its process ends with an error, and the kernel answers on."""

    def crashes(self, code, *said):
        front = self.process().pid
        self.ok("gone := 1")
        ran = self.fails(code, "WorkerDied", timeout=60)
        for text in said:
            self.assertIn(text, ran.error + ran.stderr)
        after = self.fails("gone", "CompileError")
        self.assertIn("gone", after.error)
        self.assertEqual(self.ok("20 + 1").result, "21")
        self.assertEqual(self.process().pid, front, "the kernel itself was restarted")
        shown = ran.error + ran.stderr + after.stderr
        self.assertRegex(shown, r"(?i)state|variables|defined", "nothing says that the state is gone")

    def test_exit_ends_the_cell_and_not_the_kernel(self):
        self.ok("kept := 5")
        ran = self.run_cell('import "os"\nos.Exit(3)')
        self.assertEqual(ran.status, "error")
        self.assertIn("os.Exit(3)", ran.error)
        self.assertEqual(self.ok("kept").result, "5")

    def test_stack_overflow_keeps_the_state(self):
        self.ok("func down(n int) int { return down(n+1) + 1 }\nkept := 5")
        ran = self.run_cell("down(0)", timeout=60)
        self.assertEqual(ran.status, "error")
        self.assertIn("stack overflow", ran.error)
        self.assertEqual(self.ok("kept").result, "5")

    def test_concurrent_map_writes(self):
        # The interpreter writes maps through reflect, which the runtime checks.
        self.crashes(
            "m := map[int]int{}\nfor g := 0; g < 8; g++ {\n\tgo func() { for { m[1] = 2 } }()\n}\n"
            'import "time"\ntime.Sleep(20 * time.Second)',
            "map",
        )

    def test_killed_from_outside(self):
        self.ok("gone := 1")
        workers = self.process().children(recursive=True)
        self.assertTrue(workers, "the interpreter has no process of its own")
        msg_id = self.send('import "time"\ntime.Sleep(time.Minute)')
        for w in workers:
            if w.is_running():
                w.send_signal(signal.SIGKILL)
        ran = self.finish(msg_id)
        self.assertEqual((ran.status, ran.reply["ename"]), ("error", "WorkerDied"), ran.error)
        self.assertEqual(self.ok("1 + 1").result, "2")

    def test_killed_while_idle(self):
        self.ok("1")
        for w in self.process().children(recursive=True):
            w.send_signal(signal.SIGKILL)
        time.sleep(0.3)
        ran = self.run_cell("1 + 1")
        if ran.status == "error":  # either answer is honest, as long as it is one
            self.assertEqual(ran.reply["ename"], "WorkerDied", ran.error)
            ran = self.ok("1 + 1")
        self.assertEqual(ran.result, "2")

    def test_panic_in_a_goroutine(self):
        self.ok("kept := 5")
        self.run_cell('import "time"\ngo func() { panic("elsewhere") }()\ntime.Sleep(200 * time.Millisecond)')
        self.assertEqual(self.ok("kept").result, "5", "a goroutine's panic must not cost the state")


class Life(KernelCase):
    def test_restart_forgets_and_answers(self):
        self.ok("old := 1")
        self.km.restart_kernel(now=False)
        self.kc.wait_for_ready(timeout=30)
        self.fails("old", "CompileError")
        self.assertEqual(self.ok("1 + 1").reply["execution_count"], 2)

    def test_restart_during_a_cell(self):
        self.send("for {}")
        start = time.monotonic()
        self.km.restart_kernel(now=False)
        self.kc.wait_for_ready(timeout=30)
        log(f"restart while busy took {time.monotonic() - start:.2f} s")
        self.assertEqual(self.ok("1 + 1").result, "2")

    def test_shutdown_leaves_no_process(self):
        km = KernelManager(kernel_name=KERNEL)
        km.start_kernel()
        kc = km.client()
        kc.start_channels()
        kc.wait_for_ready(timeout=30)
        kc.execute("for {}")
        time.sleep(0.3)
        family = [psutil.Process(km.provisioner.process.pid)]
        family += family[0].children(recursive=True)
        kc.stop_channels()
        km.shutdown_kernel()
        self.assertEventually(lambda: not any(alive(p) for p in family), f"still there: {family}")

    def test_ends_when_its_front_end_dies(self):
        """A killed server must not leave kernels behind."""
        program = (
            "import os, sys, psutil\n"
            "from jupyter_client.manager import start_new_kernel\n"
            f"km, kc = start_new_kernel(kernel_name={KERNEL!r})\n"
            "p = psutil.Process(km.provisioner.process.pid)\n"
            "print(p.pid, *[c.pid for c in p.children(recursive=True)], flush=True)\n"
            "os.kill(os.getpid(), 9)\n"
        )
        with tempfile.TemporaryDirectory() as tmp:  # where jupyter_client leaves the connection file
            env = {**os.environ, "TMPDIR": tmp}
            done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, env=env, timeout=50)
        pids = [int(n) for n in done.stdout.split()]
        self.assertGreaterEqual(len(pids), 1)
        self.assertEventually(lambda: not any(alive(p) for p in pids), f"orphans: {pids}", timeout=15)


def alive(process):
    """Whether a process (or pid) is there and no zombie."""
    try:
        p = process if isinstance(process, psutil.Process) else psutil.Process(process)
        return p.is_running() and p.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
