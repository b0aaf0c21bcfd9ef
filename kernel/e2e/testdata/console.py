"""What a user of `jupyter console` types and sees, in a terminal."""

import os
import re
import sys
import unittest

import pexpect
from harness import KERNEL

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|[\r\x07]")


class Console(unittest.TestCase):
    def setUp(self):
        env = {**os.environ, "TERM": "xterm-256color"}
        args = ["-m", "jupyter_console", "--kernel", KERNEL, "--ZMQTerminalInteractiveShell.true_color=False"]
        self.terminal = pexpect.spawn(sys.executable, args, env=env, encoding="utf8", dimensions=(40, 150))
        self.addCleanup(self.terminal.close, force=True)
        self.screen = self.raw = ""
        self.see(r"Divvy .*In \[1\]: ")

    def see(self, pattern, timeout=60):
        """Waits until the terminal has shown a pattern since the last call, and returns
        what it has shown, without colours and movements of the cursor."""
        found = None

        def shown():
            nonlocal found
            found = re.search(pattern, CONTROL.sub("", self.raw), re.DOTALL)
            return found

        self.raw = ""
        try:
            while not shown():
                got = self.terminal.read_nonblocking(4096, timeout=timeout)
                self.raw += got
                for _ in range(got.count("\x1b[6n")):  # where is the cursor?
                    self.terminal.send("\x1b[1;1R")
        except (pexpect.TIMEOUT, pexpect.EOF) as e:
            self.fail(f"{type(e).__name__} while waiting for {pattern!r}; shown:\n{CONTROL.sub('', self.raw)}")
        return CONTROL.sub("", self.raw)

    def type(self, keys, pattern):
        self.terminal.send(keys)
        return self.see(pattern)

    def test_a_session(self):
        self.type("6*7\r", r"Out\[1\]: 42.*In \[2\]: ")

        # A piece of Go that goes on asks for more, with its next line indented.
        self.type("func twice(n int) int {\r", r"\.\.\.:     ")
        self.type("return 2*n\r", r"\.\.\.: ")
        self.type("}\r", r"In \[3\]: ")
        self.type("twice(4)\r", r"Out\[3\]: 8.*In \[4\]: ")

        self.type("fmt.Sprintl\t", r"Sprintln|n$")
        self.type('("tab")\r', r"Out\[4\]: \s*tab.*In \[5\]: ")
        self.type("fmt.Println?\r", r"Println formats using the default formats.*In \[6\]: ")

        self.type("nosuch + 1\r", r"In\[6\]:1:1: undefined: nosuch.*In \[7\]: ")
        self.assertIn("\x1b[31m", self.raw, "an error has its colours")
        self.type("xs := []int{1}; i := 5; xs[i]\r", r"index out of range \[5\] with length 1.*In \[8\]: ")

        self.type("for {}\r", r"\n")
        self.type("\x03", r"KeyboardInterrupt: the cell was interrupted.*In \[9\]: ")

        self.type('var name string; fmt.Print("name? "); fmt.Scan(&name); fmt.Println("hello", name)\r', r"\nname\? ")
        self.type("gopher\r", r"hello gopher.*In \[10\]: ")
        self.type('display.Password("secret? ")\r', r"\nsecret\? ")
        self.assertNotIn("hush", self.type("hush\r", r"Out\[10\]: ").split("Out")[0], "a password is not echoed")

        self.terminal.send("exit\r")
        self.see(r"Shutting down kernel")
        self.terminal.expect(pexpect.EOF, timeout=30)
