"""Prints `go test -json` as `go test` does, and fails on a skipped test.

A test that cannot run says so on somebody's own machine. In CI it would be a
check that nobody made, so here it is a failure.
"""

import collections
import json
import sys

LONGEST = 2000  # of a line: the stack of a crashed process can be megabytes

output = collections.defaultdict(list)
closing, skipped, broken, failed, passed = [], [], [], 0, 0

for line in sys.stdin:
    try:
        event = json.loads(line)
    except ValueError:  # what a build prints
        print(line, end="", flush=True)
        continue
    action = event["Action"]
    where = (event.get("Package", event.get("ImportPath")), event.get("Test"))
    if action in ("output", "build-output"):
        output[where].append(event["Output"])
        if action == "build-output":
            print(event["Output"], end="", flush=True)
        continue
    if action not in ("pass", "fail", "skip"):
        continue
    lines = [text if len(text) <= LONGEST else text[:LONGEST] + " …\n" for text in output.pop(where, [])]
    if where[1] is None and action == "fail":  # tests that its crash cut short
        for test in [w for w in output if w[0] == where[0]]:
            print("".join(output.pop(test)[-200:]), end="", flush=True)
    if where[1] is None:  # a package's own lines: ok, FAIL or "no test files"
        print("".join(text for text in lines if text != "PASS\n"), end="", flush=True)
        closing += [text for text in lines if text.startswith(("ok", "FAIL\t", "---", "panic"))]
        failed += action == "fail"
        continue
    passed += action == "pass"
    if action == "fail":
        failed += 1
        broken.append(f"FAIL: {where[1]} of {where[0]}\n")
        print("".join(lines), end="", flush=True)
    elif action == "skip":
        skipped.append("".join(lines))

print(f"\n{passed} tests passed")
for text in skipped:
    print("FAIL: skipped, which CI does not allow:\n" + text, end="")
print("".join(closing + broken), end="")  # last, where one looks first
sys.exit(bool(failed or skipped or not passed))
