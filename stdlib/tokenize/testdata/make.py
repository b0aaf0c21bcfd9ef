"""Makes the fixtures of package tokenize with the reference implementations.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py ../../../../shared

Writes beside itself:
  tiny.model, tiny.json   two small tokenizers trained here on text made here, so
                          that tests need no other file
  tiny_ids.json           texts, made here, and their ids under both
  shared_ids.json         for every file of the shared data, and for the texts of
                          tiny_ids.json, the number of texts and ids and a SHA-256
                          of the ids under LLaMA, GPT-2, OPT and GPT-NeoX
"""

import gzip
import hashlib
import io
import json
import pathlib
import random
import struct
import sys
import tempfile

import sentencepiece
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import GPT2Tokenizer

HERE = pathlib.Path(__file__).parent
SHARED = pathlib.Path(sys.argv[1])

WORDS = """the a of to and in is that it for on with as was at by an be this from or had not are but what all
were when we there can if more about up out so said its who them do some could other than then now only time new
these may two any over such our man me even most made after also did many before must through back years where
much your way well down should because each just those people how too little state good very make world still own
see men work long get here between both life being under never day same another know while last might us great old
question answer model reward prompt token diversity harmless helpful""".split()


def made_up_texts():
    """Texts that no data set has: hostile ones, random ones, plain ones."""
    r = random.Random(20240311)
    pools = ["abc XYZ 012 '\"\n\t  ", "éßñ üÄ \u00a0\u3000", "日本語中文한국어", "😀👍🏽👨\u200d👩\u200d👧\u200d👦🇩🇪", "אבג عربى हिन्दी ไทย",
             "\u0301\u0308\u200b\u200d\ufeff\u2028\u2029\x85\xa0\x1c\x1d\x00\x7f", "ﬁ①Ⅳ½²K Å\u1e9b\u0323",
             "\U0001F1E6\U00020000\U0010FFFF\uE000\uFFFD\uFFFE\u1c89\U0001ccf0\U00013460", "     \n\n\n   \t\t  \r\n"]
    pieces = ["▁", "Ġ", "▁▁", "<s>", "</s>", "<0x0A>", "<unk>", "<pad>", "<|endoftext|>", "<|padding|>", "'s", "'t", "'re", "'ve",
              "'m", "'ll", "'d", "'LL", "’s", " '", "\n\nHuman: ", "\n\nAssistant:", "<|prompter|>"]
    texts = ["", " ", "  ", "\n", "▁", "▁ ", " ▁", "x▁ y", "a" * 300, "ab" * 200, " " * 100, "日" * 60, "\n" * 50, "x y" * 60, "=-" * 50,
             "é" * 40, "e\u0301" * 40, "\u1100\u1161\u11a8", "Ω\u2126", "I can't, we'll, they'RE", "3.14159 + ½ = Ⅳ"]
    for i in range(170):
        s = ""
        for _ in range(r.choice([1, 2, 3, 5, 8, 20, 40])):
            pool = r.choice(pools) if r.random() < 0.5 else pools[i % len(pools)]
            s += r.choice(pieces) if r.random() < 0.2 else r.choice(pool) if r.random() < 0.8 else pool
        texts.append(s)
    for _ in range(60):
        code = [r.randrange(r.choice([0x80, 0x800, 0x10000, 0x110000])) for _ in range(r.randrange(1, 30))]
        texts.append("".join(chr(c) for c in code if not 0xD800 <= c < 0xE000))
    for _ in range(30):
        texts.append(" ".join(r.choice(WORDS) for _ in range(r.randrange(1, 40))) + r.choice([".", "?", "!\n", ""]))
    return texts


def render(prefix):
    return "".join(prefix).replace("<|prompter|>", "\n\nHuman: ").replace("<|assistant|>", "\n\nAssistant: ").rstrip()


def shared_texts():
    """(name, texts) for each file: rendered prompts and responses, raw dialogues, lines."""
    data = SHARED / "data"
    for path in sorted(data.glob("*/*.jsonl.gz")):
        texts = []
        with gzip.open(path, "rt", encoding="utf8") as lines:
            for line in lines:
                row = json.loads(line)
                if "chosen" in row:
                    texts += [row["chosen"], row["rejected"]]
                else:
                    texts += [render(row["prefix"][0])] + row["suffix"]
        yield path.relative_to(data).as_posix(), texts
    lines = (data / "prompts" / "hh_openings.txt").read_text(encoding="utf8").split("\n")
    yield "prompts/hh_openings.txt", lines


def digest(ids):
    h = hashlib.sha256()
    for row in ids:
        h.update(struct.pack("<I", len(row)) + struct.pack(f"<{len(row)}I", *row))
    return {"texts": len(ids), "ids": sum(map(len, ids)), "sha256": h.hexdigest()}


def train_tiny():
    r = random.Random(7)
    corpus = [" ".join(r.choice(WORDS) for _ in range(30)) for _ in range(400)] + ["naïve café — 42 + 17 = 59 日本"] * 20
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=model, vocab_size=600, model_type="bpe", byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
        allow_whitespace_only_pieces=True, num_threads=1, minloglevel=2)
    (HERE / "tiny.model").write_bytes(model.getvalue())
    tiny = Tokenizer(models.BPE())
    tiny.normalizer = normalizers.NFC()
    tiny.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tiny.decoder = decoders.ByteLevel()
    tiny.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<|endoftext|>"], show_progress=False))
    tiny.add_tokens([AddedToken("  ", normalized=True), AddedToken("   ", normalized=True)])
    tiny.save(str(HERE / "tiny.json"))


def opt(folder):
    """OPT's tokenizer as transformers builds it: GPT-2's tokens under fairseq's numbers, </s> in front."""
    tokenizers = SHARED / "data" / "tokenizers"
    encoder = json.loads((tokenizers / "gpt2_encoder.json").read_text())
    tokens = {str(i): t for t, i in encoder.items()}
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
    for i, line in enumerate((tokenizers / "gpt2_dict.txt").read_text().splitlines()):
        word = line.split(" ")[0]
        vocabulary[tokens.get(word, word)] = i + 4
    folder = pathlib.Path(folder)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_bytes((tokenizers / "gpt2_vocab.bpe").read_bytes())
    t = GPT2Tokenizer(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"), unk_token="</s>", bos_token="</s>",
                      eos_token="</s>", pad_token="<pad>", add_bos_token=True)
    return t


def check_classes():
    """Every code point is a letter, a number, a space or neither to the Go code as it is here.

    The table in pretokenize.go was printed by this: it is what Oniguruma's
    Unicode (16) has over Go's (15)."""
    pre = pre_tokenizers.ByteLevel(add_prefix_space=False)
    classes = bytearray()
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            classes.append(0)
            continue
        c = chr(code)
        joins = lambda before: len(pre.pre_tokenize_str(before + c)) == 1
        classes.append(1 if joins("a") else 2 if joins("1") else 0 if joins("!") else 3)
    return hashlib.sha256(classes).hexdigest()


def main():
    train_tiny()
    tokenizers = SHARED / "data" / "tokenizers"
    llama = sentencepiece.SentencePieceProcessor(model_file=str(tokenizers / "llama_tokenizer.model"))
    neox = Tokenizer.from_file(str(tokenizers / "gpt_neox_20B_tokenizer.json"))
    tiny_sp = sentencepiece.SentencePieceProcessor(model_file=str(HERE / "tiny.model"))
    tiny_hf = Tokenizer.from_file(str(HERE / "tiny.json"))
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "g").mkdir()
        (pathlib.Path(folder) / "o").mkdir()
        gpt2 = GPT2Tokenizer(vocab=str(tokenizers / "gpt2_encoder.json"), merges=str(tokenizers / "gpt2_vocab.bpe"))
        opt_tokenizer = opt(pathlib.Path(folder) / "o")
        encoders = {
            "llama": lambda texts: [[1] + ids for ids in llama.encode(texts)],
            "gpt2": lambda texts: gpt2(texts)["input_ids"],
            "opt": lambda texts: opt_tokenizer(texts)["input_ids"],
            "neox": lambda texts: [e.ids for e in neox.encode_batch(texts)],
        }
        texts = made_up_texts()
        tiny = {
            "texts": texts,
            "sentencepiece": tiny_sp.encode(texts),
            "decoded": [tiny_sp.decode(ids) for ids in tiny_sp.encode(texts)],
            "huggingface": [e.ids for e in tiny_hf.encode_batch(texts)],
        }
        (HERE / "tiny_ids.json").write_text(json.dumps(tiny, separators=(",", ":")) + "\n")
        shared = {"classes": check_classes(), "files": {}}
        for name, texts in [("made up", texts), *shared_texts()]:
            shared["files"][name] = {e: digest(encode(texts)) for e, encode in encoders.items()}
        (HERE / "shared_ids.json").write_text(json.dumps(shared, indent=1) + "\n")


main()
