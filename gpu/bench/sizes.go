package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"divvy/gpu/batch"
	"divvy/gpu/model"
)

// size is what is measured; the Python program is given the same.
type size struct {
	Model    model.Config `json:"model"`
	Large    model.Config `json:"large"`   // must fit
	Product  int          `json:"product"` // width of the matrix product that is the ceiling
	Rows     int          `json:"rows"`    // of SFT
	Length   int          `json:"length"`  // of a row of SFT
	Steps    int          `json:"steps"`   // measured, after Warmup
	Warmup   int          `json:"warmup"`
	Prompts  int          `json:"prompts"` // in a step of PRO
	Micro    int          `json:"micro"`   // prompts that PyTorch computes at once
	K        int          `json:"k"`
	RowPRO   int          `json:"row_pro"`  // tokens of a packed row
	Generate int          `json:"generate"` // texts
	New      int          `json:"new"`      // tokens of each
	Prompt   int          `json:"prompt"`   // longest prompt, in tokens
	Total    int          `json:"total"`    // longest prompt with a response
}

// sizes are those of the targets, or such as a processor does in seconds.
func sizes(name string) (size, error) {
	switch name {
	case "full":
		known := model.Published()
		return size{
			Model: known["opt-1.3b"], Large: known["llama-7b"], Product: 8192, Rows: 32, Length: 512, Steps: 12, Warmup: 3,
			Prompts: 16, Micro: 4, K: 4, RowPRO: 2048, Generate: 28, New: 128, Prompt: 384, Total: 512,
		}, nil
	case "tiny":
		small, llama := model.NewTiny(model.OPT, 512, 64, 2), model.NewTiny(model.LLaMA, 512, 64, 2)
		small.MaxPositions = 256
		return size{
			Model: small, Large: llama, Product: 128, Rows: 2, Length: 32, Steps: 2, Warmup: 1,
			Prompts: 4, Micro: 2, K: 4, RowPRO: 256, Generate: 3, New: 5, Prompt: 24, Total: 48,
		}, nil
	}
	return size{}, fmt.Errorf("size %q is neither full nor tiny", name)
}

// rankings reads n examples of k responses from the file of token ids.
func rankings(path string, n int, z size) ([]batch.Example, error) {
	if path == "" {
		return nil, fmt.Errorf("this part needs -prompts")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []batch.Example
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for line := 1; lines.Scan() && len(out) < n; line++ {
		var e struct {
			Prompt    []int32   `json:"prompt"`
			Responses [][]int32 `json:"responses"`
			Rewards   []float64 `json:"rewards"`
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, line, err)
		}
		if len(e.Responses) < z.K || len(e.Rewards) != len(e.Responses) {
			continue
		}
		for _, ids := range append([][]int32{e.Prompt}, e.Responses...) {
			for _, id := range ids {
				if id < 0 || int(id) >= z.Model.Vocab {
					return nil, fmt.Errorf("%s, line %d: id %d is not one of the model's %d", path, line, id, z.Model.Vocab)
				}
			}
		}
		x := batch.Example{ID: line, Prompt: e.Prompt, Responses: e.Responses[:z.K], Rewards: e.Rewards[:z.K]}
		x = batch.Limits{Prompt: z.Prompt, Total: z.Total}.Cut(x)
		if err := x.Check(); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, line, err)
		}
		out = append(out, x)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(out) < n {
		return nil, fmt.Errorf("%s has %d rankings of %d responses, want %d", path, len(out), z.K, n)
	}
	return out, nil
}
