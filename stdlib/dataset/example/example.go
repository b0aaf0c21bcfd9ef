// Package example carries a small preference data set, so that every notebook
// runs with nothing downloaded: 720 multi-turn prompts of ten helpful and five
// harmless topics, each with four responses in the order of descending reward.
//
// Its schema is that of PRO's files (prefix, suffix, reward, meta), as the paper's
// data has it; its text is our own, made from templates (directory gen), and
// harmless. Its rewards are made up. It shows how an analysis is done, and as in
// Figure 4(b) the diversity of its nested subsets rises ever more slowly; no
// conclusion about people or models can be drawn from it.
//
// The package hands out bytes. Package dataset reads them.
package example

import (
	"bytes"
	_ "embed"
	"io"
)

//go:generate go run ./gen -o example.jsonl.gz

//go:embed example.jsonl.gz
var compressed []byte

// Name is the name of the file, for messages about its lines.
const Name = "example.jsonl.gz"

// Rows is the number of prompts.
const Rows = 720

// Open gives the gzip-compressed JSON lines.
func Open() io.ReadCloser { return io.NopCloser(bytes.NewReader(compressed)) }
