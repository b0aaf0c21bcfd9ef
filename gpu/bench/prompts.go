//go:build ignore

// Prompts writes the token ids that bench reads, of ranked rows in the schema
// of package dataset, by OPT's tokenizer:
//
//	go run gpu/bench/prompts.go -tokenizer DIR rows.jsonl.gz >prompts.jsonl
//
// DIR holds gpt2_encoder.json, gpt2_vocab.bpe and gpt2_dict.txt. It is no part
// of the command, which knows no text.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"log"
	"os"
	"path/filepath"

	"divvy/stdlib/dataset"
	"divvy/stdlib/tokenize"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("tokenizer", ".", "the folder of OPT's vocabulary, merges and dictionary")
	flag.Parse()
	at := func(name string) string { return filepath.Join(*dir, name) }
	tok, err := tokenize.OPT(at("gpt2_encoder.json"), at("gpt2_vocab.bpe"), at("gpt2_dict.txt"))
	if err != nil {
		log.Fatal(err)
	}
	ds, err := dataset.Load(context.Background(), flag.Args()...)
	if err != nil {
		log.Fatal(err)
	}
	const end = 2 // OPT's </s>, which also begins its texts
	out := bufio.NewWriter(os.Stdout)
	for i := range ds.Len() {
		r := ds.Row(i)
		row := struct {
			Prompt    []int32   `json:"prompt"`
			Responses [][]int32 `json:"responses"`
			Rewards   []float64 `json:"rewards"`
		}{Prompt: append([]int32{end}, tok.WithBOS(false).Encode(r.Prompt())...), Rewards: r.Rewards}
		for _, text := range r.Responses {
			row.Responses = append(row.Responses, append(tok.WithBOS(false).Encode(text), end))
		}
		line, err := json.Marshal(row)
		if err != nil {
			log.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}
