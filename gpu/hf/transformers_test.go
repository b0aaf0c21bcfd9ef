//go:build transformers

package hf_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"divvy/gpu/hf"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/safetensors"
)

// TestTransformersLoads: a folder that Save wrote loads in transformers, with
// no weight missing or left over, and computes the same; language models and
// classifiers, in one file and in several. PyTorch is too large to install for
// every run of the tests, so this one has a tag of its own:
//
//	DIVVY_TRANSFORMERS=python3 go test -tags transformers ./gpu/hf
func TestTransformersLoads(t *testing.T) {
	python := os.Getenv("DIVVY_TRANSFORMERS")
	if python == "" {
		t.Fatal("set DIVVY_TRANSFORMERS to a Python with torch and transformers")
	}
	ids := []int32{5, 9, 33, 7, 80}
	text := map[string]*program.Tensor{
		"ids": program.Ints(ids), "position": program.Ints([]int32{0, 1, 2, 3, 4}), "reach": program.Ints([]int32{4, 4, 4, 4, 4}),
		"last": program.Ints([]int32{4}),
	}
	for _, arch := range []string{model.OPT, model.LLaMA, model.GPTNeoX} {
		for _, head := range []string{model.LanguageModel, model.RewardModel} {
			t.Run(arch+"/"+head, func(t *testing.T) {
				c := model.NewTiny(arch, 96, 64, 2)
				c.Head, c.MaxPositions, c.InitStd, c.BOS, c.EOS, c.Pad = head, 64, 0.2, 0, 1, 2
				params, err := model.Params(c, model.Options{})
				if err != nil {
					t.Fatal(err)
				}
				w := model.Initial(params, 1)
				dir := t.TempDir()
				if err := hf.Save(t.Context(), dir, &hf.Model{Config: c, Weights: w}, hf.SaveOptions{Storage: safetensors.F32, ShardBytes: 100_000}); err != nil {
					t.Fatal(err)
				}
				p, err := program.Build("check", func(b *program.Builder) {
					net := model.NewNet(b, c, model.Options{})
					in := func(name string, n int) *program.Value { return b.Input(program.Data, name, program.I32, n) }
					h := net.Hidden(model.Tokens{IDs: in("ids", 5), Position: in("position", 5), Reach: in("reach", 5), Rows: 1})
					if head == model.RewardModel {
						b.Output("out", net.Score(h, in("last", 1)))
					} else {
						b.Output("out", net.Logits(b.Gather(h, in("last", 1))))
					}
				})
				got := run(t, p, err, state(t, w, program.F32), text)["out"]
				args := []string{filepath.Join("..", "testdata", "check_saved.py"), dir}
				for _, id := range ids {
					args = append(args, fmt.Sprint(id))
				}
				cmd := exec.Command(python, args...)
				cmd.Stderr = os.Stderr
				reply, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				var want []float64
				if err := json.Unmarshal(reply, &want); err != nil {
					t.Fatalf("%s: %v", reply, err)
				}
				if len(want) != got.Len() {
					t.Fatalf("%d numbers, want %d", got.Len(), len(want))
				}
				for i, x := range want {
					if math.Abs(got.At(i)-x) > 2e-5*max(1, math.Abs(x)) {
						t.Errorf("%d is %g, want %g", i, got.At(i), x)
					}
				}
			})
		}
	}
}
