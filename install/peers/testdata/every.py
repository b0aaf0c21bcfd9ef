"""Builds in pyarrow the table of every type that roundtrip_test.go builds in Go.

Nothing is shared between the two but the comments, so that equal tables mean
that both sides understand the format alike.
"""

import datetime as dt
import decimal
import math

import pyarrow as pa

D = decimal.Decimal
NS = 1_709_123_456_123_456_789  # 2024-02-28T12:30:56.123456789Z
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def table():
    cols = {}

    def add(name, type, values):
        cols[name] = pa.array(values, type=type)

    add("bool", pa.bool_(), [True, None, False, True, None])
    for bits in (8, 16, 32, 64):
        top = 2 ** (bits - 1)
        add(f"int{bits}", getattr(pa, f"int{bits}")(), [top - 1, None, -top, 0, -1])
        add(f"uint{bits}", getattr(pa, f"uint{bits}")(), [2 * top - 1, None, 0, 1, 2])
    add("float16", pa.float16(), [math.nan, None, math.inf, -0.0, 1.5])
    add("float32", pa.float32(), [math.nan, None, -math.inf, -0.0, 0.25])
    add("float64", pa.float64(), [math.nan, None, math.inf, -0.0, 1e300])
    texts = ["", None, 'a "quoted", line\nand the next', "żółć 漢字 🎈 \x00\u202e", "</script>"]
    add("string", pa.string(), texts)
    add("large_string", pa.large_string(), texts)
    raw = [b"", None, b"\x00\xff", b"\xc3(", b"plain"]
    add("binary", pa.binary(), raw)
    add("large_binary", pa.large_binary(), raw)
    add("fixed_binary", pa.binary(3), [b"abc", None, b"\x00\x01\x02", b"\xff\xff\xff", b"xyz"])
    days = [dt.date(2024, 2, 29), None, dt.date(1969, 12, 31), dt.date(1, 1, 1), dt.date(9999, 12, 31)]
    add("date32", pa.date32(), days)
    add("date64", pa.date64(), days)
    clock = [12 * 3600 + 34 * 60 + 56, None, 0, 86399, 1]
    add("time32s", pa.time32("s"), clock)
    add("time32ms", pa.time32("ms"), [None if c is None else c * 1000 + 7 for c in clock])
    add("time64us", pa.time64("us"), [None if c is None else c * 10**6 + 7 for c in clock])
    add("time64ns", pa.time64("ns"), [None if c is None else c * 10**9 + 7 for c in clock])
    for unit, ns in UNITS.items():
        add(f"timestamp_{unit}", pa.timestamp(unit), [NS // ns, None, 0, -1, 1])
        add(f"duration_{unit}", pa.duration(unit), [NS // ns, None, 0, -1, 1])
    add("timestamp_utc", pa.timestamp("us", "UTC"), [NS // 1000, None, 0, -1, 1])
    add("timestamp_zone", pa.timestamp("ns", "Europe/Berlin"), [NS, None, 0, -1, 1])
    add("decimal128", pa.decimal128(10, 2), [D("12345678.90"), None, D("-0.01"), D("0.00"), D("99999999.99")])
    add("decimal256", pa.decimal256(50, 10), [D("1234567890123456789012345678901234567890.0123456789"), None, D("-0.0000000001"), D(0), D(1)])
    add("null", pa.null(), [None] * 5)
    words = pa.array(["red", "blue", "unused"])
    cols["dictionary"] = pa.DictionaryArray.from_arrays(pa.array([0, None, 1, 0, 1], pa.int32()), words)
    cols["dictionary8"] = pa.DictionaryArray.from_arrays(pa.array([1, None, 0, 0, 1], pa.int8()), words)
    add("list", pa.list_(pa.int32()), [[1, None, 3], None, [], [None], [4]])
    add("large_list", pa.large_list(pa.string()), [["a", None], None, [], [""], ["b"]])
    add("fixed_list", pa.list_(pa.float32(), 2), [[1, None], None, [-0.0, 2], [math.inf, 3], [None, None]])
    inner = pa.struct([("d", pa.bool_())])
    row = pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string())), ("c", inner)])
    add("struct", row, [{"a": 1, "b": ["x", None], "c": {"d": True}}, None, {"a": None, "b": None, "c": None},
                        {"a": 2, "b": [], "c": {"d": None}}, {"a": 3, "b": ["y"], "c": {"d": False}}])  # fmt: skip
    add("structs", pa.list_(pa.struct([("x", pa.float64()), ("y", pa.string())])),
        [[{"x": 1.5, "y": "p"}, None], None, [], [{"x": None, "y": None}], [{"x": 2, "y": "q"}]])  # fmt: skip
    add("map", pa.map_(pa.string(), pa.int64()), [[("k", 1), ("l", None)], None, [], [("m", 2**60)], [("n", -1)]])
    return pa.table(cols)
