"""What gpu/bench measures, in PyTorch and transformers.

    python3 torch_gpu.py PART SIZES PROMPTS OUT

PART is torch-sft, torch-pro or torch-generate; SIZES is the JSON that the Go
program writes; PROMPTS is the file of token ids. Figures go to OUT as JSON.
Weights are random. bf16 autocast over float32 weights, SDPA attention, the fused
AdamW; a GPU if there is one.
"""

import gc
import json
import os
import statistics
import sys
import time

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, OPTConfig

part, sizes, prompts_path, out_path = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], sys.argv[4]
shape = sizes["model"]
gpu = torch.cuda.is_available()
device = torch.device("cuda" if gpu else "cpu")
started = time.time()
values, notes = {}, []


def save():
    """Writes what there is so far: the part may be stopped."""
    name = torch.cuda.get_device_name() if gpu else "cpu"
    result = dict(part=part, device=f"PyTorch {torch.__version__} on {name}", values=values, notes=notes, took=time.time() - started)
    with open(out_path + ".new", "w") as f:
        json.dump(result, f)
    os.replace(out_path + ".new", out_path)


def model(dtype):
    torch.manual_seed(0)
    common = dict(
        vocab_size=shape["Vocab"], hidden_size=shape["Hidden"], num_hidden_layers=shape["Layers"], num_attention_heads=shape["Heads"],
        max_position_embeddings=shape["MaxPositions"], bos_token_id=0, eos_token_id=None, pad_token_id=1, tie_word_embeddings=shape["Tied"],
    )
    if shape["Arch"] == "opt":
        config = OPTConfig(ffn_dim=shape["FFN"], word_embed_proj_dim=shape["Hidden"], dropout=0.0, **common)
    else:
        config = LlamaConfig(intermediate_size=shape["FFN"], num_key_value_heads=shape["KVHeads"], **common)
    with torch.device(device):
        return AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=dtype)


def wait():
    if gpu:
        torch.cuda.synchronize()


def timed(step):
    """The median time of a step, after some that warm up."""
    for _ in range(sizes["warmup"]):
        step()
    seconds = []
    for _ in range(sizes["steps"]):
        wait()
        start = time.perf_counter()
        step()
        wait()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def trainer(m):
    m.train()
    return torch.optim.AdamW(m.parameters(), lr=1e-6, weight_decay=0.01, fused=True)


def rankings(n):
    rows = []
    for line in open(prompts_path):
        e = json.loads(line)
        k = sizes["k"]
        if len(e["responses"]) < k:
            continue
        prompt = e["prompt"][-min(sizes["prompt"], sizes["total"] - 1):]
        responses = [r[: sizes["total"] - len(prompt)] for r in e["responses"][:k]]
        rows.append((prompt, responses, e["rewards"][:k]))
        if len(rows) == n:
            return rows
    raise SystemExit(f"{prompts_path} has {len(rows)} rankings, want {n}")


def in_parts(measure, whole):
    """The time of measure(n), n being how many rows are computed at once: all of
    them or, where memory does not do, half, and half of that."""
    n = whole
    while True:
        try:
            seconds = measure(n)
        except torch.OutOfMemoryError:
            if n % 2:
                raise
            n //= 2
        else:
            if n < whole:
                notes.append(f"{n} of {whole} at once: more do not fit")
            return seconds
        gc.collect()
        torch.cuda.empty_cache()


def sft():
    rows, length = sizes["rows"], sizes["length"]
    ids = torch.randint(0, shape["Vocab"], (rows, length), device=device)

    def measure(name, n):
        torch.compiler.reset()
        m = model(torch.float32)
        optimiser = trainer(m)
        call = torch.compile(m) if name == "compiled" else m

        def step():
            optimiser.zero_grad(set_to_none=True)
            for lo in range(0, rows, n):
                part = ids[lo:lo + n]
                with torch.autocast(device.type, torch.bfloat16):
                    loss = call(input_ids=part, labels=part, use_cache=False).loss * (n / rows)
                loss.backward()
            torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
            optimiser.step()

        if gpu:
            torch.cuda.reset_peak_memory_stats()
        return timed(step)

    for name in ("eager", "compiled"):
        begun = time.time()
        try:
            seconds = in_parts(lambda n: measure(name, n), rows)
        except Exception as e:  # the other form is still worth having
            notes.append(f"{name} failed: {str(e)[:300]}")
            save()
            continue
        notes.append(f"{name}: {time.time() - begun:.1f} s with warming up")
        values[f"{name}_tokens_per_s"] = rows * length / seconds
        values[f"{name}_step_s"] = seconds
        if gpu:
            values[f"{name}_peak_bytes"] = torch.cuda.max_memory_allocated()
            gc.collect()
            torch.cuda.empty_cache()
        save()


def pro():
    """The official code's way: every response is a row of its own behind its
    prompt, padded to the longest of the micro-batch; the model runs once for each
    place of the ranking, and logits are computed for all tokens."""
    data = rankings(sizes["prompts"])
    m = model(torch.float32)
    optimiser = trainer(m)
    seconds = in_parts(lambda micro: pro_seconds(m, optimiser, data, micro), sizes["micro"])
    values["samples_per_s"] = len(data) / seconds
    values["step_s"] = seconds
    if gpu:
        values["peak_bytes"] = torch.cuda.max_memory_allocated()


def pro_seconds(m, optimiser, data, micro):
    k = sizes["k"]
    batches = []
    for lo in range(0, len(data), micro):
        part = data[lo:lo + micro]
        width = max(len(p) + len(r) for p, responses, _ in part for r in responses)
        ids = torch.full((k, len(part), width), 1)
        seen = torch.zeros((k, len(part), width), dtype=torch.long)
        asked = torch.zeros((k, len(part), width), dtype=torch.bool)
        for i, (p, responses, _) in enumerate(part):
            for j, r in enumerate(responses):
                n = len(p) + len(r)
                ids[j, i, :n] = torch.tensor(p + r)
                seen[j, i, :n] = 1
                asked[j, i, len(p):n] = True
        rewards = torch.tensor([w for _, _, w in part], dtype=torch.float32)
        batches.append([x.to(device) for x in (ids, seen, asked, rewards)])

    def loss_of(ids, seen, asked, rewards):
        totals, scores = [], []
        for j in range(k):
            logits = m(input_ids=ids[j], attention_mask=seen[j], use_cache=False).logits[:, :-1]
            mask = asked[j, :, 1:]
            logp = logits.float().log_softmax(-1).gather(-1, ids[j, :, 1:, None]).squeeze(-1) * mask
            totals.append(logp.sum(-1))
            scores.append(totals[-1] / mask.sum(-1))
        score = torch.stack(scores, 1)
        loss = 0
        for t in range(k - 1):
            gap = rewards[:, t:t + 1] - rewards[:, t + 1:]
            hot = gap.max(-1).values
            top = score[:, t] * hot
            rest = (score[:, t + 1:] * gap).exp().sum(-1)
            loss = loss + (1e-10 + top.exp() + rest).log() - top
        loss = loss + 0.05 * (k - 1) ** 2 * -totals[0]
        return loss.sum() / len(data)

    def step():
        optimiser.zero_grad(set_to_none=True)
        for b in batches:
            with torch.autocast(device.type, torch.bfloat16):
                loss = loss_of(*b)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        optimiser.step()

    values["padded_tokens"] = sum(b[0].numel() for b in batches)
    return timed(step)


def generate():
    rows = rankings(sizes["generate"])
    m = model(torch.bfloat16).eval()
    width = max(len(p) for p, _, _ in rows)
    ids = torch.full((len(rows), width), 1)
    seen = torch.zeros((len(rows), width), dtype=torch.long)
    for i, (p, _, _) in enumerate(rows):
        ids[i, width - len(p):] = torch.tensor(p)
        seen[i, width - len(p):] = 1
    ids, seen = ids.to(device), seen.to(device)
    new = sizes["new"]

    def write():
        with torch.inference_mode():
            out = m.generate(ids, attention_mask=seen, do_sample=False, max_new_tokens=new, min_new_tokens=new, pad_token_id=1)
        assert out.shape[1] == width + new, out.shape

    write()
    seconds = []
    for _ in range(3):
        wait()
        start = time.perf_counter()
        write()
        wait()
        seconds.append(time.perf_counter() - start)
    values["tokens_per_s"] = len(rows) * new / statistics.median(seconds)
    values["step_ms"] = statistics.median(seconds) / new * 1e3


{"torch-sft": sft, "torch-pro": pro, "torch-generate": generate}[part]()
save()
