package model

// Published are the shapes of published models, for programs that need one
// without its files: plans, benchmarks, tests.
func Published() map[string]Config {
	return map[string]Config{
		"opt-1.3b": {
			Arch: OPT, Head: LanguageModel, Vocab: 50272, Hidden: 2048, Layers: 24, Heads: 32, KVHeads: 32, FFN: 8192,
			MaxPositions: 2048, NormEps: 1e-5, Activation: ActivationReLU, Tied: true, BOS: 2, EOS: 2, Pad: 1,
		},
		"llama-7b": {
			Arch: LLaMA, Head: LanguageModel, Vocab: 32000, Hidden: 4096, Layers: 32, Heads: 32, KVHeads: 32, FFN: 11008,
			MaxPositions: 2048, NormEps: 1e-6, Activation: ActivationSiLU, RotaryBase: 10000, RotaryDims: 128, BOS: 1, EOS: 2, Pad: -1,
		},
	}
}
