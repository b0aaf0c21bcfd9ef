//go:build ignore

// Prompts writes the token ids that bench reads, of ranked rows in the schema
// of package dataset, by OPT's tokenizer:
//
//	go run gpu/bench/prompts.go -tokenizer DIR -fill 4 rows.jsonl.gz >prompts.jsonl
//
// With -fill, rows with fewer responses than that are given those of the rows
// behind them, with ever smaller rewards: public dialogues are ranked in pairs, and
// for speed it is lengths that count.
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
	"slices"

	"divvy/stdlib/dataset"
	"divvy/stdlib/tokenize"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("tokenizer", ".", "the folder of OPT's vocabulary, merges and dictionary")
	fill := flag.Int("fill", 0, "responses that each row has at least")
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
		}{Prompt: append([]int32{end}, tok.WithBOS(false).Encode(r.Prompt())...), Rewards: slices.Clone(r.Rewards)}
		texts := slices.Clone(r.Responses)
		for j := 1; len(texts) < *fill && j < ds.Len(); j++ {
			next := ds.Row((i + j) % ds.Len()).Responses
			next = next[:min(len(next), *fill-len(texts))]
			for range next {
				row.Rewards = append(row.Rewards, slices.Min(row.Rewards)-1)
			}
			texts = append(texts, next...)
		}
		for _, text := range texts {
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
