"""Throughput of package tokenize beside Hugging Face tokenizers (Rust), in one run.

    python3 -m venv venv && venv/bin/pip install -r ../testdata/requirements.txt
    venv/bin/python compare.py ../../../../shared

One thread against one thread and all cores against all cores, on the same texts
(BenchmarkEncodeAll); runs alternate, the best of each counts. The Rust side is
timed inside encode_batch_fast, which gives ids and no offsets: its fastest call.
"""

import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import time

SHARED = pathlib.Path(sys.argv[1]).resolve()
PACKAGE = pathlib.Path(__file__).resolve().parent.parent
FILES = ["hh/harmless-base-test.jsonl.gz", "hh/pro_test_helpful_base.jsonl.gz", "hh/pro_test_helpful_online.jsonl.gz",
         "ranked/alpaca_eval_ranked.jsonl.gz", "ranked/oasst1_en_val_ranked.jsonl.gz"]


def texts():
    out = []
    for name in FILES:
        with gzip.open(SHARED / "data" / name, "rt", encoding="utf8") as lines:
            for line in lines:
                row = json.loads(line)
                if "chosen" in row:
                    out += [row["chosen"], row["rejected"]]
                else:
                    prompt = "".join(row["prefix"][0]).replace("<|prompter|>", "\n\nHuman: ").replace("<|assistant|>", "\n\nAssistant: ")
                    out += [prompt.rstrip()] + row["suffix"]
    return out


def rust():
    """Child process: MB/s of each tokenizer with RAYON_NUM_THREADS threads."""
    from tokenizers import ByteLevelBPETokenizer, Tokenizer, decoders, models, normalizers

    folder = SHARED / "data" / "tokenizers"
    gpt2 = ByteLevelBPETokenizer(str(folder / "gpt2_encoder.json"), str(folder / "gpt2_vocab.bpe"))._tokenizer
    neox = Tokenizer.from_file(str(folder / "gpt_neox_20B_tokenizer.json"))
    # LLaMA as transformers converts it: BPE with byte fallback behind a prepended, escaped space.
    import sentencepiece

    sp = sentencepiece.SentencePieceProcessor(model_file=str(folder / "llama_tokenizer.model"))
    vocabulary = {sp.id_to_piece(i): i for i in range(sp.get_piece_size())}
    merges = []
    for piece, i in vocabulary.items():
        for k in range(1, len(piece)):
            if piece[:k] in vocabulary and piece[k:] in vocabulary:
                merges.append((sp.get_score(i), piece[:k], piece[k:]))
    merges.sort(key=lambda m: -m[0])
    llama = Tokenizer(models.BPE(vocab=vocabulary, merges=[(a, b) for _, a, b in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    llama.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    data = texts()
    size = sum(len(t.encode()) for t in data)
    out = {}
    for name, t in [("llama", llama), ("gpt2", gpt2), ("neox", neox)]:
        best = 0.0
        for _ in range(2):
            start = time.perf_counter()
            t.encode_batch_fast(data, add_special_tokens=False)
            best = max(best, size / 1e6 / (time.perf_counter() - start))
        out[name] = best
    same = llama.encode_batch_fast(data[:300], add_special_tokens=False)
    assert all(a.ids == b for a, b in zip(same, sp.encode(data[:300]))), "the converted LLaMA tokenizer is not LLaMA's"
    print(json.dumps(out))


def go():
    text = subprocess.run(["go", "test", "-run", "xxx", "-bench", "EncodeAll", "-benchtime", "3x", "."], cwd=PACKAGE,
                          capture_output=True, text=True, check=True, env={**os.environ, "DIVVY_SHARED": str(SHARED)}).stdout
    out = {}
    for name, workers, speed in re.findall(r"EncodeAll/(\w+)/workers=(\d+)\S*\s.*?([\d.]+) MB/s", text):
        out[name, int(workers)] = float(speed)
    return out


def main():
    cores = os.cpu_count()
    ours, theirs = {}, {}
    for _ in range(2):
        for key, speed in go().items():
            ours[key] = max(speed, ours.get(key, 0))
        for threads in {1, cores}:
            env = {**os.environ, "RAYON_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": str(threads > 1).lower()}
            done = subprocess.run([sys.executable, __file__, str(SHARED), "rust"], env=env, capture_output=True, text=True, check=True)
            for name, speed in json.loads(done.stdout.splitlines()[-1]).items():
                theirs[name, threads] = max(speed, theirs.get((name, threads), 0))
    print("| tokenizer | threads | Divvy MB/s | Hugging Face MB/s | ratio |\n|---|---:|---:|---:|---:|")
    for (name, threads), speed in sorted(theirs.items()):
        print(f"| {name} | {threads} | {ours[name, threads]:.1f} | {speed:.2f} | {ours[name, threads] / speed:.1f} |")


rust() if sys.argv[2:] == ["rust"] else main()
