"""The training steps of BenchmarkStep in PyTorch, eager, on the processor.

    venv/bin/python gpu/bench/torch_step.py [seconds for each model]

Same architectures, sizes, batch, clipping and AdamW, float32, SDPA attention,
the fused optimiser, as many threads as there are cores. Prints tokens/s.
"""

import sys
import time

import torch
from transformers import AutoModelForCausalLM, GPTNeoXConfig, LlamaConfig, OPTConfig

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0


def sizes(vocab, hidden, layers, heads, **more):
    return dict(vocab_size=vocab, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
                bos_token_id=0, eos_token_id=1, pad_token_id=2, tie_word_embeddings=True, **more)


def ffn(hidden):
    return (8 * hidden // 3 + 15) // 16 * 16


CASES = {
    "opt-0.9M": (OPTConfig(ffn_dim=512, word_embed_proj_dim=128, dropout=0.0, max_position_embeddings=128, **sizes(512, 128, 4, 4)), 8, 128),
    "llama-0.9M": (LlamaConfig(intermediate_size=ffn(128), max_position_embeddings=2048, **sizes(512, 128, 4, 4)), 8, 128),
    "opt-10M": (OPTConfig(ffn_dim=1280, word_embed_proj_dim=320, dropout=0.0, max_position_embeddings=512, **sizes(4096, 320, 7, 5)), 8, 256),
    "llama-10M": (LlamaConfig(intermediate_size=ffn(320), max_position_embeddings=2048, **sizes(4096, 320, 7, 5)), 8, 256),
    "neox-10M": (GPTNeoXConfig(intermediate_size=1280, rotary_pct=0.25, max_position_embeddings=2048, **sizes(4096, 320, 7, 5)), 8, 256),
}

for name, (config, rows, length) in CASES.items():
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=torch.float32).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
    ids = torch.randint(0, config.vocab_size, (rows, length))

    def step():
        optimiser.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    step()
    best = float("inf")
    end = time.time() + SECONDS
    while time.time() < end or best == float("inf"):
        start = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - start)
    print(f"{name:12} {sum(p.numel() for p in model.parameters()) / 1e6:6.2f} M params {rows * length / best:8.0f} tokens/s (best step)", flush=True)
