"""What a notebook user feels of a kernel, beside ipykernel on the same machine.

    bench.py KERNEL

Prints a line of JSON for each measurement: name, unit, and each kernel's
figure. It reads the sockets itself, since a client library's own event loop
takes longer than either kernel.
"""

import json
import statistics
import sys
import time

import psutil
import zmq
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session

GO = {
    "expression": "1+1",
    "prints": 'for i := 0; i < 1000; i++ { fmt.Println("line", i) }',
    "loop": "for {}",
    "complete": "fmt.Sprin",
    "state": "before := 7",
}
PYTHON = {
    "expression": "1+1",
    "prints": "for i in range(1000): print('line', i)",
    "loop": "while True: pass",
    "complete": "os.path.jo",
    "state": "before = 7; import os",
}


class Kernel:
    def __init__(self, name):
        start = time.perf_counter()
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel()
        info = self.manager.get_connection_info()
        self.session = Session(key=info["key"], signature_scheme=info["signature_scheme"])
        self.context, self.sockets, self.poller = zmq.Context(), {}, zmq.Poller()
        for channel, kind in {"iopub": zmq.SUB, "shell": zmq.DEALER, "control": zmq.DEALER}.items():
            s = self.sockets[channel] = self.context.socket(kind)
            s.linger = 0
            s.setsockopt(zmq.RECONNECT_IVL, 5)
            if kind == zmq.SUB:
                s.subscribe(b"")
            s.connect(f"tcp://{info['ip']}:{info[channel + '_port']}")
            self.poller.register(s, zmq.POLLIN)
        self.ask("kernel_info_request", {})
        self.spawn = since(start)
        for _ in range(3):  # until iopub is connected and the caches are warm
            self.ask("kernel_info_request", {})
            time.sleep(0.1)
        self.drain()

    def send(self, kind, content, channel="shell"):
        m = self.session.msg(kind, content)
        self.session.send(self.sockets[channel], m)
        return m["header"]["msg_id"]

    def messages(self, timeout=60):
        end = time.perf_counter() + timeout
        while time.perf_counter() < end:
            ready = dict(self.poller.poll(1000 * (end - time.perf_counter())))
            for channel, s in self.sockets.items():
                if s in ready:
                    yield channel, self.session.recv(s, mode=0)[1]
        raise TimeoutError("the kernel does not answer")

    def drain(self):
        while self.poller.poll(200):
            for s in self.sockets.values():
                if s.poll(0):
                    s.recv_multipart()

    def ask(self, kind, content):
        """Milliseconds from a request to its reply."""
        start = time.perf_counter()
        msg_id = self.send(kind, content)
        for channel, m in self.messages():
            if channel != "iopub" and m["parent_header"].get("msg_id") == msg_id:
                return since(start)

    def execute(self, code, while_busy=None):
        """Milliseconds from sending a cell to idle, and the reply."""
        start, reply, idle = time.perf_counter(), None, None
        msg_id = self.send("execute_request", request(code))
        for channel, m in self.messages():
            if m["parent_header"].get("msg_id") != msg_id:
                continue
            state = m["content"].get("execution_state")
            if state == "busy" and while_busy:
                start = while_busy()
            elif state == "idle":
                idle = since(start)
            elif channel == "shell":
                reply = m["content"]
            if idle is not None and reply is not None:
                return idle, reply

    def queue(self, code, n):
        """Cells per second when n are sent at once, as Run All does."""
        start = time.perf_counter()
        left = {self.send("execute_request", request(code)) for _ in range(n)}
        for channel, m in self.messages():
            if channel == "iopub" and m["content"].get("execution_state") == "idle":
                left.discard(m["parent_header"].get("msg_id"))
                if not left:
                    return n / (time.perf_counter() - start)

    def interrupt(self):
        time.sleep(0.1)
        start = time.perf_counter()
        if self.manager.kernel_spec.interrupt_mode == "message":
            self.send("interrupt_request", {}, "control")
        else:
            self.manager.interrupt_kernel()
        return start

    def memory(self):
        front = psutil.Process(self.manager.provisioner.process.pid)
        return sum(p.memory_info().rss for p in [front, *front.children(recursive=True)]) / 2**20

    def close(self):
        start = time.perf_counter()
        self.send("shutdown_request", {"restart": False}, "control")
        process = self.manager.provisioner.process
        process.wait(20)
        took = since(start)
        for s in self.sockets.values():
            s.close()
        self.context.term()
        self.manager.cleanup_resources()
        return took


def request(code):
    return {"code": code, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": False}  # fmt: skip


def since(start):
    return 1000 * (time.perf_counter() - start)


def measure(name, cells):
    figures, spawns, shutdowns = {}, [], []
    for _ in range(4):
        k = Kernel(name)
        spawns.append(k.spawn)
        shutdowns.append(k.close())
    k = Kernel(name)
    k.execute(cells["state"])
    runs = sorted(k.execute(cells["expression"])[0] for _ in range(200))
    complete = {"code": cells["complete"], "cursor_pos": len(cells["complete"])}
    figures["spawn to kernel_info", "ms"] = statistics.median(spawns)
    figures["`1+1`, median", "ms"] = statistics.median(runs)
    figures["`1+1`, 95th percentile", "ms"] = runs[int(0.95 * len(runs))]
    figures["queued cells", "1/s"] = k.queue(cells["expression"], 200)
    figures["completion, first", "ms"] = k.ask("complete_request", complete)
    figures["completion, median", "ms"] = statistics.median(k.ask("complete_request", complete) for _ in range(30))
    figures["1000 prints", "ms"] = statistics.median(k.execute(cells["prints"])[0] for _ in range(5))
    interrupts = []
    for _ in range(10):
        took, reply = k.execute(cells["loop"], while_busy=k.interrupt)
        assert reply["ename"] == "KeyboardInterrupt", reply
        interrupts.append(took)
    _, reply = k.execute("before")
    assert reply["status"] == "ok", "the interrupts cost the state"
    figures["interrupt of an empty loop, median", "ms"] = statistics.median(interrupts)
    figures["interrupt of an empty loop, worst", "ms"] = max(interrupts)
    figures["memory, all processes", "MB"] = k.memory()
    k.close()
    figures["shutdown", "ms"] = statistics.median(shutdowns)
    return figures


def main():
    ours, theirs = measure(sys.argv[1], GO), measure("python3", PYTHON)
    for key in ours:
        print(json.dumps({"Name": key[0], "Unit": key[1], "Divvy": ours[key], "IPython": theirs[key]}), flush=True)


if __name__ == "__main__":
    main()
