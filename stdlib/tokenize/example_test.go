package tokenize_test

import (
	"context"
	"fmt"
	"log"

	"divvy/stdlib/tokenize"
)

// A tokenizer.model of SentencePiece, here a small one; LLaMA's is used alike.
func ExampleLLaMA() {
	tok, err := tokenize.LLaMA("testdata/tiny.model")
	if err != nil {
		log.Fatal(err)
	}
	ids := tok.Encode("diversity of a prompt")
	fmt.Println(ids[0] == tok.BOS(), tok.Tokens(ids[1:]))
	text, err := tok.Decode(ids)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
	// Output:
	// true [▁diversity ▁of ▁a ▁prompt]
	// diversity of a prompt
}

func ExampleWhiteSpace() {
	ids, err := tokenize.WhiteSpace().EncodeAll(context.Background(), []string{"to be or", "not to be"}, tokenize.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ids.Sequences())
	// Output: [[0 1 2] [3 0 1]]
}

// The ids of many texts, on all cores, in one piece of memory.
func ExampleTokenizer_EncodeAll() {
	tok := tokenize.WhiteSpace()
	ids, err := tok.EncodeAll(context.Background(), []string{"to be or not", "to be"}, tokenize.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ids, ids.At(1))
	// Output: 2 texts, 6 ids, vocabulary 4 [0 1]
}
