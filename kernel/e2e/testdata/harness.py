"""A running kernel and what a test wants to ask of it."""

import os
import re
import time
import unittest
from dataclasses import dataclass, field
from queue import Empty

import psutil
from jupyter_client.manager import KernelManager, start_new_kernel
from jupyter_kernel_test.msgspec_v5 import schema_fragments, validate_message

KERNEL = os.environ["DIVVY_KERNEL"]
ROOT = os.environ["DIVVY_ROOT"]
ANSI = re.compile(r"\x1b\[[0-9;]*m")

# The messages of comms, which the schema leaves out.
for kind, more in {"comm_open": {"target_name": {"type": "string"}}, "comm_msg": {}, "comm_close": {}}.items():
    properties = {"comm_id": {"type": "string"}, "data": {"type": "object"}, **more}
    schema_fragments.setdefault(kind, {"properties": properties, "required": sorted(properties)})


@dataclass
class Ran:
    """How a cell ended, and all that it showed."""

    reply: dict
    messages: list = field(default_factory=list)

    @property
    def status(self):
        return self.reply["status"]

    def stream(self, name):
        return "".join(
            m["content"]["text"]
            for m in self.messages
            if m["msg_type"] == "stream" and m["content"]["name"] == name
        )

    @property
    def stdout(self):
        return self.stream("stdout")

    @property
    def stderr(self):
        return self.stream("stderr")

    def bundles(self, *kinds):
        kinds = kinds or ("execute_result", "display_data", "update_display_data")
        return [m["content"]["data"] for m in self.messages if m["msg_type"] in kinds]

    @property
    def result(self):
        """The text of the cell's result, None without one."""
        found = self.bundles("execute_result")
        return found[-1]["text/plain"] if found else None

    @property
    def error(self):
        """What a front end shows of the error, without colours."""
        return ANSI.sub("", "\n".join([f"{self.reply.get('ename')}: {self.reply.get('evalue')}", *self.reply.get("traceback", [])]))


class KernelCase(unittest.TestCase):
    """Each test has the class's kernel, restarted by whoever spoils it.

    Every message that a test reads is checked against the protocol's schema.
    """

    @classmethod
    def setUpClass(cls):
        cls.km, cls.kc = start_new_kernel(kernel_name=KERNEL)

    @classmethod
    def tearDownClass(cls):
        cls.kc.stop_channels()
        cls.km.shutdown_kernel()

    def send(self, code, **options):
        """Sends a cell and returns its id, once the kernel is at it."""
        msg_id = self.kc.execute(code, **options)
        self.wait_status(msg_id, "busy")
        return msg_id

    def wait_status(self, msg_id, state, timeout=30):
        """Reads iopub up to the given status of a request; returns what came before."""
        messages, end = [], time.monotonic() + timeout
        while True:
            m = self.kc.get_iopub_msg(timeout=max(0.01, end - time.monotonic()))
            if m["parent_header"].get("msg_id") != msg_id:
                continue
            validate_message(m, m["msg_type"], msg_id)
            if m["msg_type"] == "status" and m["content"]["execution_state"] == state:
                return messages
            messages.append(m)

    def finish(self, msg_id, timeout=30):
        """Waits for the end of a cell that was sent."""
        end = time.monotonic() + timeout
        messages = self.wait_status(msg_id, "idle", timeout)
        while True:
            reply = self.kc.get_shell_msg(timeout=max(0.01, end - time.monotonic()))
            if reply["parent_header"].get("msg_id") == msg_id:
                if reply["content"]["status"] != "aborted":  # the schema knows only "abort"
                    validate_message(reply, "execute_reply", msg_id)
                return Ran(reply["content"], messages)

    def run_cell(self, code, timeout=30, **options):
        return self.finish(self.kc.execute(code, **options), timeout)

    def ok(self, code, timeout=30, **options):
        """Runs a cell that must end well."""
        ran = self.run_cell(code, timeout, **options)
        self.assertEqual(ran.status, "ok", f"{code}\n{ran.error}\n{ran.stderr}")
        return ran

    def fails(self, code, ename, timeout=30):
        """Runs a cell that must end with an error of this name."""
        ran = self.run_cell(code, timeout)
        self.assertEqual(ran.status, "error", code)
        self.assertEqual(ran.reply["ename"], ename, ran.error)
        return ran

    def process(self):
        """The kernel's front process."""
        return psutil.Process(self.km.provisioner.process.pid)

    def assertEventually(self, condition, message, timeout=10):
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                self.fail(message)
            time.sleep(0.02)


__all__ = ["ANSI", "Empty", "KERNEL", "KernelCase", "KernelManager", "ROOT", "Ran", "start_new_kernel"]
