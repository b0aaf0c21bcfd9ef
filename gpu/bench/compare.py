"""BenchmarkStep and the same steps in PyTorch, in turn, in one run.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.23.0
    venv/bin/python gpu/bench/compare.py [rounds] [seconds for each model]

Prints, for each model, the median over the rounds of each side's best step in
tokens/s, their ratio, and what share of the processor's own large matrix
product the step reaches. A machine that does other work at the same time slows
whichever side runs at that moment: read the ratios of a quiet one.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
SECONDS = sys.argv[2] if len(sys.argv) > 2 else "2"


def median(table, name):
    return statistics.median(table[name])


with tempfile.TemporaryDirectory() as folder:
    binary = os.path.join(folder, "train.test")
    subprocess.run(["go", "test", "-c", "-o", binary, "./gpu/train"], cwd=ROOT, check=True)
    ours, theirs, peak = {}, {}, {}
    for n in range(ROUNDS):
        out = subprocess.run([binary, "-test.run", "xxx", "-test.bench", "Step", "-test.benchtime", SECONDS + "s"],
                             cwd=ROOT / "gpu" / "train", check=True, capture_output=True, text=True).stdout
        for line in out.splitlines():
            if m := re.match(r"BenchmarkStep/(\S+?)(-\d+)?\s", line):
                value = lambda unit: float(re.search(r"([\d.e+]+) " + unit + r"(\s|$)", line)[1])
                ours.setdefault(m[1], []).append(value("best-tokens/s"))
                peak.setdefault(m[1], []).append(value("best-of-peak"))
        out = subprocess.run([sys.executable, ROOT / "gpu" / "bench" / "torch_step.py", SECONDS],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
        for line in out.splitlines():
            if m := re.match(r"(\S+) .* (\d+) tokens/s", line):
                theirs.setdefault(m[1], []).append(float(m[2]))
        print(f"round {n + 1}: " + ", ".join(f"{k} {ours[k][n]:.0f} / {theirs[k][n]:.0f}" for k in theirs), flush=True)

print(f"{'model':12} {'Divvy':>8} {'PyTorch':>8} tokens/s  ratio (each round)        of peak")
for name in theirs:
    ratios = [a / b for a, b in zip(ours[name], theirs[name])]
    print(f"{name:12} {median(ours, name):8.0f} {median(theirs, name):8.0f}           {statistics.median(ratios):5.2f} "
          f"({', '.join(f'{r:.2f}' for r in ratios)})   {median(peak, name):.2f}")
