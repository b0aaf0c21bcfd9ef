// Package tokenize turns text into token ids: the very ids that the reference
// implementations give, at the speed of memory.
//
//	tok, err := tokenize.LLaMA("tokenizer.model")
//	ids, err := tok.EncodeAll(ctx, ds.Prompts(), tokenize.Options{})
//	ids.At(0) // the ids of the first text, BOS first
//
// Four families are here, each under the name that its users know:
//
//   - [LLaMA] reads a SentencePiece BPE model with byte fallback (tokenizer.model);
//   - [GPT2] and [OPT] read GPT-2's byte-level BPE (encoder.json, vocab.bpe), OPT
//     with the fairseq dictionary that renumbers it;
//   - [HuggingFace] reads a tokenizer.json of byte-level BPE, GPT-NeoX's and
//     Pythia's for example;
//   - [WhiteSpace] splits as Python's str.split does and numbers the words in
//     the order of their first occurrence.
//
// # Exactness
//
// The ids are those of sentencepiece 0.2, Hugging Face tokenizers 0.23 and
// transformers 5; testdata holds fixtures made by them (testdata/make.py), and
// the tests walk every text of the shared data. What cannot be
// reproduced is refused when the model is loaded, with an error that names the
// feature, never approximated.
//
// Why the code is here and not in a library: the Go libraries at hand refuse
// LLaMA's model (github.com/eliben/go-sentencepiece: add_dummy_prefix) or give
// wrong ids for GPT-NeoX (github.com/sugarme/tokenizer).
//
// # Speed
//
// A word is encoded once and then found in a cache. Words are cut only where no
// merge can cross, which is proved from the vocabulary when the model is
// loaded, so the cache cannot change an id. EncodeAll uses all cores.
//
// The package knows texts and ids. It knows no data set, no diversity and no
// model of gpu.
package tokenize
