"""What a notebook user feels of kernels, one after the other on the same machine.

    bench.py LABEL=KERNEL=CELLS ...

CELLS names the language of the cells: go, gonb or python. Prints a line of JSON
for each kernel: its label, its figures by name, and what failed. It reads the
sockets itself, since a client library's own event loop takes longer than some
of the kernels.
"""

import json
import statistics
import subprocess
import sys
import time

import psutil
import zmq
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session

CELLS = {
    "go": {
        "setup": 'import "fmt"',
        "expression": "1+1",
        "prints": 'for i := 0; i < 1000; i++ { fmt.Println("line", i) }',
        "loop": "for {}",
        "complete": "fmt.Sprin",
        "state": "before := 7",
        "recall": "before",
    },
    # gonb compiles each cell; %% puts what follows into func main.
    "gonb": {
        "setup": 'import "fmt"\n\n%%\nfmt.Println("ready")',
        "expression": "%%\nfmt.Println(1+1)",
        "prints": '%%\nfor i := 0; i < 1000; i++ { fmt.Println("line", i) }',
        "loop": "%%\nfor {}",
        "complete": "%%\nfmt.Sprin",
        "state": "var before = 7",
        "recall": "%%\nfmt.Println(before)",
    },
    "python": {
        "setup": "import os",
        "expression": "1+1",
        "prints": "for i in range(1000): print('line', i)",
        "loop": "while True: pass",
        "complete": "os.path.jo",
        "state": "before = 7",
        "recall": "before",
    },
}
# How often the slow ones are asked: a cell of gonb takes a tenth of a second.
RUNS = {"go": 200, "python": 200, "gonb": 20}


class Died(Exception):
    pass


class Kernel:
    def __init__(self, name):
        start = time.perf_counter()
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(stdout=subprocess.DEVNULL)  # ours is for the results
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
            ready = dict(self.poller.poll(min(500, 1000 * (end - time.perf_counter()))))
            if not ready and self.manager.provisioner.process.poll() is not None:
                raise Died
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
        """Milliseconds from sending a cell to idle, the reply, and how many stream messages."""
        start, reply, idle, streams = time.perf_counter(), None, None, 0
        msg_id = self.send("execute_request", request(code))
        for channel, m in self.messages():
            if m["parent_header"].get("msg_id") != msg_id:
                continue
            state = m["content"].get("execution_state")
            streams += m["msg_type"] == "stream"
            if state == "busy" and while_busy:
                start, while_busy = while_busy(), None  # a kernel may say again that it is busy
            elif state == "idle":
                idle = since(start)
            elif channel == "shell":
                reply = m["content"]
            if idle is not None and reply is not None:
                return idle, reply, streams

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
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
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


class Measured:
    """The figures of one kernel; a step that fails leaves a word in their place."""

    def __init__(self, name, cells):
        self.name, self.cells, self.n, self.figures = name, CELLS[cells], RUNS[cells], {}
        self.kernel = None

    def all(self):
        for step in (self.starts, self.expressions, self.completion, self.prints, self.interrupts):
            try:
                if self.kernel is None and step != self.starts:
                    self.fresh()
                step()
            except (Died, TimeoutError) as e:
                what = "dies" if isinstance(e, Died) else "no answer"
                self.figures.setdefault(step.__doc__, what)
                self.kernel = None
        if self.kernel:
            self.kernel.close()
        return self.figures

    def fresh(self):
        self.kernel = Kernel(self.name)
        self.kernel.execute(self.cells["setup"])
        self.kernel.execute(self.cells["state"])

    def starts(self):
        """spawn to kernel_info, ms"""
        spawns, shutdowns = [], []
        for _ in range(4):
            k = Kernel(self.name)
            spawns.append(k.spawn)
            shutdowns.append(k.close())
        self.figures["spawn to kernel_info, ms"] = median(spawns)
        self.figures["shutdown, ms"] = median(shutdowns)

    def expressions(self):
        """`1+1`, p50 / p95, ms"""
        code = self.cells["expression"]
        self.kernel.execute(code)
        runs = sorted(self.kernel.execute(code)[0] for _ in range(self.n))
        self.figures["`1+1`, p50 / p95, ms"] = [median(runs), runs[int(0.95 * len(runs))]]
        self.figures["queued cells per s"] = self.kernel.queue(code, self.n)

    def completion(self):
        """complete, first / p50, ms"""
        code = self.cells["complete"]
        ask = {"code": code, "cursor_pos": len(code)}
        first = self.kernel.ask("complete_request", ask)
        rest = [self.kernel.ask("complete_request", ask) for _ in range(30)]
        self.figures["complete, first / p50, ms"] = [first, median(rest)]

    def prints(self):
        """1000 prints, ms / messages"""
        runs = [self.kernel.execute(self.cells["prints"]) for _ in range(5)]
        self.figures["1000 prints, ms / messages"] = [median([r[0] for r in runs]), median([r[2] for r in runs])]
        self.figures["memory, all processes, MB"] = self.kernel.memory()

    def interrupts(self):
        """interrupt of an endless loop, p50 / max, ms"""
        took = []
        for _ in range(10):
            took.append(self.kernel.execute(self.cells["loop"], while_busy=self.kernel.interrupt)[0])
        kept = self.kernel.execute(self.cells["recall"])[1]["status"] == "ok"
        self.figures["interrupt of an endless loop, p50 / max, ms"] = [median(took), max(took)] + ([] if kept else ["state lost"])
        self.figures["memory, all processes, MB"] = self.kernel.memory()


def median(values):
    return statistics.median(values)


def main():
    for spec in sys.argv[1:]:
        label, name, cells = spec.split("=")
        print(json.dumps({"Label": label, "Figures": Measured(name, cells).all()}), flush=True)


if __name__ == "__main__":
    main()
