"""Prompts, token ids and N-gram counts in the plainest Python.

    python official.py SHARED WORK < hostile.json

Nothing here is shared with the Go code: files are read by gzip and json, raw rows
are cut up as the paper's preprocessing does, ids come from sentencepiece and
tokenizers, and N-grams are tuples in a set. It prints, for each list of prompts
and each tokenizer, how many N-grams are distinct and how many there are in all
after each of some numbers of prompts, and a digest of prompts and ids.

The lists are the files of SHARED/data in file order, all PRO test files together
as random.seed(42); random.shuffle(...) orders them, and the hostile texts, which
are also written to WORK/hostile.jsonl as rows for a reader to read.
"""

import gzip
import hashlib
import json
import pathlib
import random
import struct
import sys

import sentencepiece
from tokenizers import ByteLevelBPETokenizer, Tokenizer

SHARED, WORK = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
MAX_IDS = 512


def render(turns):
    return "".join(turns).replace("<|prompter|>", "\n\nHuman: ").replace("<|assistant|>", "\n\nAssistant: ").rstrip()


def turns_of(dialogue):
    """Pieces between blank lines that name a speaker; others are dropped, as PRO does."""
    turns = []
    for piece in dialogue.split("\n\n"):
        for name, mark in (("Human:", "<|prompter|>"), ("Assistant:", "<|assistant|>")):
            if piece.startswith(name):
                text = piece[len(name):].strip()
                if turns and turns[-1][0] == mark:
                    turns[-1] = (mark, turns[-1][1] + "\n" + text)
                else:
                    turns.append((mark, text))
    return turns


def prompts_of(path):
    out = []
    with gzip.open(path, "rt", encoding="utf8", newline="\n") as lines:
        for line in lines:
            row = json.loads(line)
            if "chosen" not in row:
                out.append(render(row["prefix"][0]))
                continue
            chosen, rejected = turns_of(row["chosen"]), turns_of(row["rejected"])
            if len(chosen) == len(rejected):
                out.append(render([mark + text for mark, text in chosen[:-1]] + ["<|assistant|>"]))
    return out


def tokenizers():
    folder = SHARED / "data" / "tokenizers"
    llama = sentencepiece.SentencePieceProcessor(model_file=str(folder / "llama_tokenizer.model"))
    gpt2 = ByteLevelBPETokenizer(str(folder / "gpt2_encoder.json"), str(folder / "gpt2_vocab.bpe"))
    opt = ByteLevelBPETokenizer(str(folder / "gpt2_encoder.json"), str(folder / "gpt2_vocab.bpe"))
    # What transformers takes for one token where it stands in a text.
    gpt2.add_special_tokens(["<|endoftext|>"])
    opt.add_special_tokens(["</s>", "<pad>"])
    neox = Tokenizer.from_file(str(folder / "gpt_neox_20B_tokenizer.json"))
    fairseq = {str(opt.token_to_id("</s>")): 2, str(opt.token_to_id("<pad>")): 1}
    for i, line in enumerate((folder / "gpt2_dict.txt").read_text().splitlines()):
        fairseq[line.split(" ")[0]] = i + 4
    words = {}
    return {
        "llama": lambda text: [1] + llama.encode(text),
        "gpt2": lambda text: gpt2.encode(text).ids,
        "opt": lambda text: [2] + [fairseq[str(i)] for i in opt.encode(text).ids],
        "neox": lambda text: neox.encode(text).ids,
        "whitespace": lambda text: [words.setdefault(w, len(words)) for w in text.split()],
    }


def counts(ids, n, sizes):
    seen, total, out = set(), 0, []
    for i, row in enumerate(ids, 1):
        row = row[:MAX_IDS]
        grams = list(zip(*(row[k:] for k in range(n))))
        total += len(grams)
        seen.update(grams)
        if i in sizes:
            out.append([i, len(seen), total])
    return out


def digest(rows):
    h = hashlib.sha256()
    for row in rows:
        h.update(struct.pack("<I", len(row)) + row)
    return h.hexdigest()


def main():
    hostile = json.load(sys.stdin)
    with open(WORK / "hostile.jsonl", "w", encoding="utf8", newline="\n") as out:
        for i, text in enumerate(hostile):
            row = {"prefix": [["<|prompter|>" + text, "<|assistant|>"]] * 2, "suffix": ["a", "b"], "reward": [1, 0]}
            out.write(json.dumps(row, ensure_ascii=i % 2 == 0) + "\n")
    lists = {p.relative_to(SHARED / "data").as_posix(): prompts_of(p) for p in sorted((SHARED / "data").glob("*/*.jsonl.gz"))}
    together = [t for name in sorted(lists) if "pro_test" in name for t in lists[name]]
    random.seed(42)
    random.shuffle(together)
    lists["shuffled"] = together
    lists["hostile"] = [render(["<|prompter|>" + text, "<|assistant|>"]) for text in hostile]
    out = {}
    for name, prompts in lists.items():
        sizes = {n for n in (1, 2, 10, 100, 250, 500, 1000, 1500, 2000, len(prompts)) if n <= len(prompts)}
        out[name] = {"prompts": digest([t.encode() for t in prompts]), "tokenizers": {}}
        for which, encode in tokenizers().items():
            ids = [encode(t) for t in prompts]
            out[name]["tokenizers"][which] = {
                "ids": digest([struct.pack(f"<{len(row)}i", *row) for row in ids]),
                "counts": [counts(ids, n, sizes) for n in range(1, 6)],
            }
    json.dump(out, sys.stdout)


main()
