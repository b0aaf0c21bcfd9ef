"""The published numbers come out of cells.

DIVVY_HH is a file of HH-RLHF, DIVVY_LLAMA a LLaMA tokenizer.
"""

import os

from harness import KernelCase
from suite import log


class Anchors(KernelCase):
    limit = 120

    def test_diversity_of_harmless_base(self):
        self.ok(
            'import "context"\nctx := context.Background()\n'
            f"data, err := dataset.Read(ctx, dataset.Options{{PRO: true}}, `{os.environ['DIVVY_HH']}`)\n"
            "if err != nil {\n\tpanic(err)\n}\n"
            f"llama, err := tokenize.LLaMA(`{os.environ['DIVVY_LLAMA']}`)\n"
            "if err != nil {\n\tpanic(err)\n}\n"
            "ids, err := llama.EncodeAll(ctx, data.Prompts(), tokenize.Options{})\n"
            "if err != nil {\n\tpanic(err)\n}",
            timeout=60,
        )
        for n, unique, total, d in ((250, 12748, 30140, "6.6876"), (500, 22796, 62762, "8.1217")):
            with self.subTest(prompts=n):
                ran = self.ok(
                    f"m, err := diversity.Measure(ctx, ids.Prefix({n}), diversity.Options{{}})\n"
                    'if err != nil {\n\tpanic(err)\n}\nfmt.Printf("%d/%d d=%.4f", m.Unique, m.Total, m.D)'
                )
                self.assertEqual(ran.stdout, f"{unique}/{total} d={d}")
                log(f"N={n}: {ran.stdout}")
