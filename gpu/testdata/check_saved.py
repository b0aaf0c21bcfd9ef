"""Load a model's folder in transformers and print what it computes, for
TestTransformersLoads of gpu/hf: the logits of the last token of one text, or
the score of a classifier.

    venv/bin/python gpu/testdata/check_saved.py FOLDER ID ID ID ...
"""

import json
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification

folder, ids = sys.argv[1], torch.tensor([[int(x) for x in sys.argv[2:]]])
classifier = AutoConfig.from_pretrained(folder).architectures[0].endswith("ForSequenceClassification")
kind = AutoModelForSequenceClassification if classifier else AutoModelForCausalLM
model, info = kind.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
bad = {k: sorted(map(str, v)) for k, v in info.items() if v}
if bad:
    sys.exit(f"{folder}: {bad}")
with torch.no_grad():
    out = model.double()(ids).logits
print(json.dumps((out[0] if classifier else out[0, -1]).tolist()))
