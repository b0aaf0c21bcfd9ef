"""Writes flash.json: what jax writes for attention by cuDNN's fused kernels, for
the test that compares ours with it. It needs jax (0.11.2 was used), no GPU:

    python flash_facts.py >flash.json
"""

import json

import jax
import jax.numpy as jnp
from jax import export
from jax._src.cudnn import fused_attention_stablehlo as fused
from jax._src.lib.mlir import ir

fused.check_cudnn_version = lambda: 91000
fused.check_compute_capability = lambda wanted: True
TARGETS = ["__cudnn$fmha" + s for s in ("ScaleBiasSoftmax", "ScaleBiasSoftmaxBackward", "Softmax", "SoftmaxBackward")]


def calls(rows, tokens, heads, kv_heads, dim, scale, causal):
    shape = lambda *s: jax.ShapeDtypeStruct(s, jnp.bfloat16)
    q, k = shape(rows, tokens, heads, dim), shape(rows, tokens, kv_heads, dim)

    def step(q, k, v, bias, do):
        how = dict(mask_type=fused.MaskType.CAUSAL) if causal else dict(bias=bias)
        o, back = jax.vjp(lambda q, k, v: fused.dot_product_attention(q, k, v, scale=scale, **how), q, k, v)
        return o, back(do)

    checks = [export.DisabledSafetyCheck.custom_call(t) for t in TARGETS]
    text = export.export(jax.jit(step), platforms=["cuda"], disabled_checks=checks)(
        q, k, k, shape(rows, 1, tokens, tokens), q).mlir_module()
    found = []

    def visit(op):
        if op.name == "stablehlo.custom_call":
            a = op.attributes
            found.append({
                "target": ir.StringAttr(a["call_target_name"]).value,
                "api_version": ir.IntegerAttr(a["api_version"]).value,
                "config": json.loads(ir.StringAttr(a["backend_config"]).value),
                "operands": [str(o.type) for o in op.operands],
                "results": [str(r.type) for r in op.results],
                "operand_layouts": [str(x) for x in a["operand_layouts"]],
                "result_layouts": [str(x) for x in a["result_layouts"]],
            })
        return ir.WalkResult.ADVANCE

    with jax._src.interpreters.mlir.make_ir_context():
        ir.Module.parse(text).operation.walk(lambda op: visit(op.operation))
    return found


shapes = [dict(rows=2, tokens=64, heads=4, kv_heads=4, dim=64, scale=0.125), dict(rows=3, tokens=96, heads=8, kv_heads=2, dim=128, scale=0.25)]
cases = [dict(**s, causal=causal) for causal in (False, True) for s in shapes]
print(json.dumps([{**c, "calls": calls(**c)} for c in cases], indent=1))
