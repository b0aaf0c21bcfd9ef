"""Make the fixtures that pin gpu/model, gpu/hf and gpu/generate to transformers.

    python -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0
    venv/bin/python gpu/testdata/make_fixtures.py

For a tiny random OPT, LLaMA (grouped queries, untied head) and GPT-NeoX it
writes a folder that save_pretrained made, and beside it what transformers
computes with it in float64: logits, gradients, twenty AdamW steps, greedy
tokens. Every parameter is drawn from a normal distribution, the biases and
gains too, so that none can be forgotten unnoticed.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, GPTNeoXConfig, LlamaConfig, OPTConfig

HERE = pathlib.Path(__file__).parent
VOCAB, WIDTH, STEPS, NEW = 96, 32, 20, 12
SIZES = dict(vocab_size=VOCAB, hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=48, bos_token_id=0, eos_token_id=1, pad_token_id=2)
CONFIGS = {
    "opt": OPTConfig(ffn_dim=64, word_embed_proj_dim=WIDTH, dropout=0.0, **SIZES),
    "llama": LlamaConfig(intermediate_size=48, num_key_value_heads=2, rms_norm_eps=1e-6, **SIZES),
    "gpt_neox": GPTNeoXConfig(intermediate_size=64, rotary_pct=0.5, **SIZES),
}
LENGTHS = (17, 9)  # two texts, the second one shorter


def main():
    for name, config in CONFIGS.items():
        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32)
        with torch.no_grad():
            for key, p in model.named_parameters():
                p.normal_(std=0.2)
                if p.ndim == 1 and "norm" in key and key.endswith("weight"):
                    p.add_(1.0)
        out = HERE / name
        model.save_pretrained(out)
        (out / "generation_config.json").unlink(missing_ok=True)
        model = model.double().eval()

        ids = [torch.randint(3, VOCAB, (n,)) for n in LENGTHS]
        targets = [t.clone() for t in ids]
        targets[0][:5] = -100  # a prompt, not trained on
        tensors, texts = {}, {"ids": [t.tolist() for t in ids], "targets": [t.tolist() for t in targets]}
        for i, t in enumerate(ids):
            result = model(t[None], output_hidden_states=True)
            tensors[f"logits.{i}"] = result.logits[0].float()
        score = torch.randn(1, WIDTH, dtype=torch.float64)
        tensors["score.weight"] = score.float()
        hidden = [model.base_model(t[None]).last_hidden_state[0, -1] for t in ids]
        texts["scores"] = [(h @ score.float().double()[0]).item() for h in hidden]

        def loss():
            total = sum(torch.nn.functional.cross_entropy(model(t[None]).logits[0, :-1], y[1:], ignore_index=-100, reduction="sum")
                        for t, y in zip(ids, targets))
            return total / sum(int((y[1:] >= 0).sum()) for y in targets)

        loss().backward()
        for key, p in model.named_parameters():
            tensors[f"grad.{saved(name, key)}"] = p.grad.float()

        texts["greedy"] = [greedy(model, t) for t in ids]

        decay = [p for p in model.parameters() if p.ndim > 1]
        rest = [p for p in model.parameters() if p.ndim <= 1]
        optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}],
                                      lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
        texts["losses"], texts["norms"] = [], []
        for _ in range(STEPS):
            optimiser.zero_grad()
            value = loss()
            value.backward()
            texts["losses"].append(float(value))
            texts["norms"].append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
            optimiser.step()
        for key, p in model.named_parameters():
            tensors[f"after.{saved(name, key)}"] = p.detach().float()
        save_file({k: v.contiguous() for k, v in tensors.items()}, out / "expect.safetensors")
        (out / "expect.json").write_text(json.dumps(texts) + "\n")
        print(name, sum(f.stat().st_size for f in out.iterdir()), "bytes", texts["losses"][0], texts["losses"][-1])


def saved(name, key):
    """The name under which save_pretrained stores a parameter."""
    return key.replace("lm_head", "embed_out") if name == "gpt_neox" else key


@torch.no_grad()
def greedy(model, ids):
    ids = ids.clone()
    for _ in range(NEW):
        ids = torch.cat([ids, model(ids[None]).logits[0, -1].argmax()[None]])
    return ids[-NEW:].tolist()


main()
