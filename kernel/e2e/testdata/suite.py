"""Runs a unittest module and tells each step as a line of JSON.

    suite.py MODULE

The Go test that starts this reports every line as a subtest. Each test has a
time limit (the class attribute `limit`, in seconds), since a kernel that does
not answer would make a client wait for ever.
"""

import contextlib
import faulthandler
import importlib
import json
import os
import signal
import sys
import unittest
import warnings

# Events own the standard output; what anything else prints goes to the log.
EVENTS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

DEFAULT_LIMIT = 60


def tell(kind, **fields):
    EVENTS.write(json.dumps({"Event": kind, **fields}) + "\n")
    EVENTS.flush()


def log(text):
    """Shows a line in the Go test's log."""
    tell("log", Text=str(text))


class TimedOut(Exception):
    pass


@contextlib.contextmanager
def time_limit(seconds):
    def late(signum, frame):
        raise TimedOut(f"no end within {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    # Where even the exception is swallowed, the process ends with a stack.
    faulthandler.dump_traceback_later(seconds + 20, exit=True, file=sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Result(unittest.TestResult):
    """Tells every test once: a failed subtest fails its test."""

    def __init__(self):
        super().__init__()
        self.started = None
        self.faults = []
        self.skip = None

    def startTest(self, test):
        super().startTest(test)
        self.started, self.faults, self.skip = test, [], None
        tell("start", Test=f"{type(test).__name__}/{test._testMethodName}")

    def stopTest(self, test):
        super().stopTest(test)
        self.started = None
        outcome = "fail" if self.faults else "skip" if self.skip else "pass"
        tell("end", Outcome=outcome, Text="\n".join(self.faults) or self.skip or "")

    def _fault(self, test, err, place=""):
        text = place + self._exc_info_to_string(err, test)
        if self.started:
            self.faults.append(text)
        else:  # a class or module that could not be set up or torn down
            tell("start", Test=str(test).split(" ")[0])
            tell("end", Outcome="fail", Text=text)

    def addError(self, test, err):
        self._fault(test, err)

    def addFailure(self, test, err):
        self._fault(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._fault(test, err, subtest._subDescription() + ": ")

    def addSkip(self, test, reason):
        if self.started:
            self.skip = reason
        else:
            tell("start", Test=str(test).split(" ")[0])
            tell("end", Outcome="skip", Text=reason)


def limited(case):
    """Puts the time limit around a test method."""
    method = getattr(case, case._testMethodName)

    def timed(*args, **kwargs):
        with time_limit(getattr(case, "limit", DEFAULT_LIMIT)):
            return method(*args, **kwargs)

    setattr(case, case._testMethodName, timed)


def main():
    # Modules say `from suite import log` and must meet this very module.
    sys.modules["suite"] = sys.modules["__main__"]
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    warnings.simplefilter("ignore", ResourceWarning)
    module = importlib.import_module(sys.argv[1])
    tests = unittest.defaultTestLoader.loadTestsFromModule(module)
    cases = [case for group in tests for case in group]
    for case in cases:
        limited(case)
    result = Result()
    tests.run(result)
    tell("done", Tests=result.testsRun)


if __name__ == "__main__":
    main()
