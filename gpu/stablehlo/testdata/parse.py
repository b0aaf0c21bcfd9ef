"""Parses and verifies every .mlir file of a folder with MLIR and StableHLO's
own dialects, as jaxlib ships them. Names the files that do not pass."""

import pathlib
import sys

from jaxlib.mlir import ir
from jaxlib.mlir._mlir_libs import _jax_mlir_ext
from jaxlib.mlir.dialects import chlo, sdy, stablehlo

bad = 0
files = sorted(pathlib.Path(sys.argv[1]).glob("*.mlir"))
with ir.Context() as context, ir.Location.unknown():
    registry = ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)
    context.append_dialect_registry(registry)
    context.load_all_available_dialects()
    stablehlo.register_dialect(context)
    chlo.register_dialect(context)
    sdy.register_dialect(context)
    for path in files:
        try:
            module = ir.Module.parse(path.read_text())
            assert module.operation.verify()
        except Exception as e:
            bad += 1
            print(f"{path.name}: {e}"[:2000])
print(f"{len(files) - bad} parsed")
sys.exit(bad > 0)
