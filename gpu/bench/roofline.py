"""Reads the optimised HLO of XLA for CUDA and predicts where a step's time goes.

    export DIVVY_CUDA_PLUGIN=ENV/lib/python3.*/site-packages XLA_FLAGS="--xla_dump_to=DUMP --xla_dump_hlo_as_text"
    go test -tags cuda -run Target -v ./gpu/cuda
    python3 gpu/bench/roofline.py DUMP/*gpu_after_optimizations.txt

It is a prediction, no measurement. A product takes its operations over a share of
the peak, or its bytes over the bandwidth if that is longer; everything else takes
the bytes that it reads and writes; each kernel adds a launch. Attention is given
half of the peak. What is in a loop is counted once, and said.
"""

import argparse
import collections
import re

SIZE = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8, "f64": 8, "f8e4m3fn": 1, "token": 0}
SHAPE = re.compile(r"(\w+)\[([\d,]*)\](?:\{[^}]*\})?")
COMMENT = re.compile(r"/\*.*?\*/")
LINE = re.compile(r"^\s+(ROOT )?%?([\w.\-]+) = (\(.*?\)|\S+) ([\w\-]+)\((.*)$")


def shapes(text):
    return [(t, [int(d) for d in dims.split(",") if d]) for t, dims in SHAPE.findall(text) if t in SIZE]


def count(dims):
    n = 1
    for d in dims:
        n *= d
    return n


def nbytes(text):
    return sum(SIZE[t] * count(d) for t, d in shapes(text))


class Types(dict):
    """Types by name; name#i is an element of a tuple."""

    def __missing__(self, key):
        name, _, i = key.partition("#")
        t, dims = shapes(self[name])[int(i)]
        return f"{t}[{','.join(map(str, dims))}]"


class Op:
    def __init__(self, root, name, typ, kind, rest):
        self.root, self.name, self.typ, self.kind, self.rest = bool(root), name, typ, kind, rest
        depth, end = 1, 0
        for end, c in enumerate(rest):
            depth += (c == "(") - (c == ")")
            if depth == 0:
                break
        self.args = re.findall(r"%([\w.\-]+(?:#\d+)?)", rest[:end])
        self.inner = rest[:end]
        self.attr = rest[end:]

    def called(self):
        m = re.search(r"(?:calls|to_apply)=%?([\w.\-]+)", self.attr)
        return m and m.group(1)


def read(path):
    comps, entry, name = {}, None, None
    for line in open(path):
        if line and not line[0].isspace() and line.rstrip().endswith("{") and not line.startswith("HloModule"):
            name = re.match(r"(?:ENTRY )?%?([\w.\-]+)", line).group(1)
            comps[name] = []
            if line.startswith("ENTRY"):
                entry = name
        elif name:
            m = LINE.match(COMMENT.sub("", line))
            if m:
                comps[name].append(Op(*m.groups()))
    return comps, entry


SEE = {"bitcast", "reshape", "get-tuple-element", "tuple"}


def traffic(op, comps, types):
    """Bytes that an operation reads and writes."""
    out = nbytes(op.typ)
    comp = comps.get(op.called() or "")
    if op.kind != "fusion" or not comp:
        if op.kind in ("dynamic-update-slice",):
            u = nbytes(types[op.args[1]])
            return u, u
        if op.kind in ("scatter",):
            u = nbytes(types[op.args[2]])
            return 2 * u, u
        return sum(nbytes(types[a]) for a in op.args), out
    users = collections.defaultdict(list)
    by = {o.name: o for o in comp}
    inner = Types({o.name: o.typ for o in comp})
    for o in comp:
        for i, a in enumerate(o.args):
            users[a.split('#')[0]].append((o, i))

    def through(name):
        for o, i in users[name]:
            if o.kind in ("bitcast", "reshape"):
                yield from through(o.name)
            else:
                yield o, i

    readb = 0
    inplace = 0
    for o in comp:
        if o.kind != "parameter":
            continue
        full, part, whole = nbytes(o.typ), 0, False
        for u, i in through(o.name):
            if u.kind in ("slice", "dynamic-slice", "gather") and i == 0:
                part += nbytes(u.typ)
            elif u.kind in ("dynamic-update-slice", "scatter") and i == 0:
                pass
            else:
                whole = True
        readb += full if whole else min(full, part)
    write = out
    for o in comp:
        if o.kind in ("dynamic-update-slice", "scatter"):
            arg = 1 if o.kind == "dynamic-update-slice" else 2
            up = nbytes(inner[o.args[arg]])
            p = by[o.args[0].split('#')[0]]
            while p.kind in ("bitcast", "reshape"):
                p = by[p.args[0].split('#')[0]]
            if p.kind == "parameter":
                write += up * (2 if o.kind == "scatter" else 1) - nbytes(o.typ)
    return readb, max(write, 0)


def gemm(op, types):
    """Rows, columns and depth of a product, or None."""
    m = re.search(r'"dot_dimension_numbers":\{"lhs_batch_dimensions":\[([^\]]*)\],"lhs_contracting_dimensions":\[([^\]]*)\],"rhs_batch_dimensions":\[([^\]]*)\],"rhs_contracting_dimensions":\[([^\]]*)\]', op.attr)
    if not m:
        return None
    lb, lc, rb, rc = ([int(x.strip('"')) for x in g.split(",") if x] for g in m.groups())
    (lt, l), (rt, r) = shapes(types[op.args[0]])[0], shapes(types[op.args[1]])[0]
    b = count([l[i] for i in lb])
    k = count([l[i] for i in lc])
    mm, n = count(l) // b // k, count(r) // b // k
    out = shapes(op.typ)[0][0]
    epi = re.search(r'"epilogue":"(\w+)"', op.attr).group(1)
    return b, mm, n, k, lt, rt, out, ("T" if lc[0] != len(l) - 1 else "N") + ("T" if rc[0] == len(r) - 1 else "N"), epi


def main():
    p = argparse.ArgumentParser()
    p.add_argument("hlo")
    p.add_argument("--peak", type=float, default=790e12)
    p.add_argument("--eff", type=float, default=0.8)
    p.add_argument("--mem", type=float, default=4.3e12)
    p.add_argument("--launch", type=float, default=2e-6)
    p.add_argument("--top", type=int, default=40)
    a = p.parse_args()
    comps, entry = read(a.hlo)
    rows = collections.OrderedDict()

    def add(cls, label, t, flops, nb):
        key = (cls, label)
        r = rows.setdefault(key, [0, 0.0, 0.0, 0.0])
        r[0] += 1
        r[1] += t
        r[2] += flops
        r[3] += nb

    def walk(name, mult=1):
        ops = comps[name]
        types = Types({o.name: o.typ for o in ops})
        for o in ops:
            if o.kind in ("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "iota", "after-all"):
                continue
            if o.kind == "while":
                body = re.search(r"body=%?([\w.\-]+)", o.attr).group(1)
                add("while", f"{body}", 0, 0, 0)
                walk(body)
                continue
            if o.kind == "call" or o.kind == "async-start" and o.called() in comps:
                walk(o.called())
                continue
            if o.kind in ("async-done", "async-start", "copy-done"):
                continue
            inner, its = o, types
            target = re.search(r'custom_call_target="([^"]+)"', o.attr)
            if o.kind == "fusion":
                comp = comps[o.called()]
                for c in comp:
                    if c.kind == "custom-call":
                        inner, its = c, Types({x.name: x.typ for x in comp})
                        target = re.search(r'custom_call_target="([^"]+)"', c.attr)
            if target and "matmul" in target.group(1) or target and "cublas" in target.group(1):
                g = gemm(inner, its)
                r, w = sum(nbytes(its[x]) for x in inner.args), nbytes(inner.typ.split("s8[")[0])
                b, m, n, k, lt, rt, out, tr, epi = g
                fl = 2.0 * b * m * n * k
                rate = a.peak * a.eff if lt == "bf16" else 60e12
                add("gemm", f"{b}x{m}x{n}x{k} {lt}*{rt}->{out} {tr} {epi}", max(fl / rate, (r + w) / a.mem) + a.launch, fl, r + w)
            elif target and "fmha" in target.group(1):
                s = [x for x in shapes(" ".join(types[y] for y in o.args))]
                t0, d = s[0]
                rowsn, tok, heads, dim = d
                back = "Backward" in target.group(1)
                fl = (5 if back else 2) * 2.0 * rowsn * heads * tok * tok * dim
                if '"mask_type":"CAUSAL"' in inner.attr:
                    fl /= 2
                r, w = sum(nbytes(types[x]) for x in o.args), nbytes(o.typ)
                add("attention", target.group(1) + " " + str(d), max(fl / (a.peak * 0.5), (r + w) / a.mem) + a.launch, fl, r + w)
            elif target:
                add("custom", target.group(1) + " " + o.typ[:80], a.launch, 0, 0)
            else:
                r, w = traffic(o, comps, types)
                lab = re.sub(r"[.\d]+$", "", o.name)
                ins = " ".join(f"{t}{d}".replace(" ", "") for t, d in (s for x in o.args for s in shapes(types[x])) if count(d) > 1e5)
                outs = " ".join(f"{t}{d}".replace(" ", "") for t, d in shapes(o.typ) if count(d) > 1e5)
                kind = re.search(r"kind=(\w+)", o.attr)
                add(o.kind + (" " + kind.group(1) if kind else ""), f"{lab}: {ins} -> {outs}", (r + w) / a.mem + a.launch, 0, r + w)

    walk(entry)
    total = sum(r[1] for r in rows.values())
    flops = sum(r[2] for r in rows.values())
    by = collections.defaultdict(lambda: [0, 0.0, 0.0, 0.0])
    for (cls, _), r in rows.items():
        for i in range(4):
            by[cls][i] += r[i]
    print(f"total {total*1e3:.2f} ms, {flops/1e12:.1f} TFLOP counted, {flops/total/1e12:.0f} TFLOP/s = {flops/total/790e12:.0%} of 790")
    for cls, r in sorted(by.items(), key=lambda x: -x[1][1]):
        print(f"  {cls:22} {r[0]:6} kernels {r[1]*1e3:9.3f} ms {r[2]/1e12:8.2f} TFLOP {r[3]/1e9:8.2f} GB")
    print()
    for (cls, lab), r in sorted(rows.items(), key=lambda x: -x[1][1])[: a.top]:
        print(f"{r[1]*1e3:8.3f} ms {r[0]:5}x {r[3]/1e9:8.2f} GB  {cls}: {lab[:230]}")


main()
