package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"divvy/gpu/batch"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/safetensors"
)

// A checkpoint is two files: the state of the device, exact, and a note in JSON
// that names it. The state is written first, under a name of its own; the older
// one is removed last. So a crash leaves a note whose state is whole.
const (
	bestFile = "best.safetensors"
	noteFile = "run.json"
)

// note is what a checkpoint knows besides the state.
type note struct {
	Run     string  `json:"run"` // fingerprint of model, configuration and data
	Step    int     `json:"step"`
	State   string  `json:"state"` // file name
	Best    float64 `json:"best"`
	HasBest bool    `json:"has_best"`
	History []Step  `json:"history"`
}

// fingerprint tells runs apart: a checkpoint is only taken up by a run that
// would have made it.
func (t *Trainer) fingerprint() string {
	h := sha256.New()
	c := t.c
	e := json.NewEncoder(h)
	// Steps may grow between runs; folders, callbacks and limits on memory do
	// not change what is computed.
	e.Encode([]any{t.model, c.Loss.Name(), c.Loss, c.Batch, c.Micro, c.LR, c.Schedule, c.Warmup, c.Beta1, c.Beta2, c.Eps, c.Decay, c.Clip, c.Seed, c.Store, c.Compute, c.LoRA, c.RowTokens})
	if c.Moments != program.F32 {
		e.Encode(c.Moments)
	}
	if c.Schedule != "constant" {
		e.Encode(c.Steps)
	}
	io.WriteString(h, DataHash(t.examples))
	io.WriteString(h, t.origin)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// DataHash identifies a list of examples by its contents.
func DataHash(examples []batch.Example) string {
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, x := range examples {
		e.Encode([]any{x.Prompt, x.Responses, x.Rewards, x.Best})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// save writes a checkpoint of the last finished step and removes the one before.
func (t *Trainer) save() error {
	if t.c.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(t.c.Dir, 0o777); err != nil {
		return fmt.Errorf("saving a checkpoint: %w", err)
	}
	tensors := map[string]*program.Tensor{}
	for name, b := range t.state {
		x, err := b.Download()
		if err != nil {
			return fmt.Errorf("saving a checkpoint: %s: %w", name, err)
		}
		tensors[name] = resized(x, t.shapes[name])
	}
	n := note{t.fingerprint(), t.step, fmt.Sprintf("state-%08d.safetensors", t.step), t.best, t.hasBest, t.history}
	if !t.hasBest {
		n.Best = 0 // -Inf is no JSON
	}
	meta := map[string]string{"step": strconv.Itoa(t.step), "run": n.Run}
	if err := safetensors.Write(filepath.Join(t.c.Dir, n.State), tensors, safetensors.F32, meta); err != nil {
		return fmt.Errorf("saving a checkpoint: %w", err)
	}
	err := safetensors.Atomic(filepath.Join(t.c.Dir, noteFile), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(n)
	})
	if err != nil {
		return fmt.Errorf("saving a checkpoint: %w", err)
	}
	old, _ := filepath.Glob(filepath.Join(t.c.Dir, "state-*.safetensors"))
	for _, path := range old {
		if filepath.Base(path) != n.State {
			os.Remove(path) // an older state that no note names any more
		}
	}
	return nil
}

// saveBest keeps the weights of the best evaluation, in Config.Dir or in memory.
func (t *Trainer) saveBest(w model.Weights) error {
	if t.c.Dir == "" {
		t.bestW = w
		return nil
	}
	if err := os.MkdirAll(t.c.Dir, 0o777); err != nil {
		return fmt.Errorf("saving the best weights: %w", err)
	}
	return safetensors.Write(filepath.Join(t.c.Dir, bestFile), w, safetensors.F32, map[string]string{"step": strconv.Itoa(t.step)})
}

// BestWeights are the weights of the best evaluation.
func (t *Trainer) BestWeights() (model.Weights, error) {
	if t.c.Dir == "" {
		if t.bestW == nil {
			return nil, errors.New("there was no evaluation yet")
		}
		return t.bestW, nil
	}
	f, err := safetensors.Open(filepath.Join(t.c.Dir, bestFile))
	if err != nil {
		return nil, fmt.Errorf("reading the best weights: %w", err)
	}
	defer f.Close()
	w := model.Weights{}
	for _, name := range f.Names() {
		if w[name], err = f.Read(name); err != nil {
			return nil, err
		}
	}
	return w, w.Check(t.all)
}

// resume takes up the checkpoint in Config.Dir, if there is one.
func (t *Trainer) resume() error {
	if t.c.Dir == "" {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(t.c.Dir, noteFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var n note
	if err == nil {
		err = json.Unmarshal(data, &n)
	}
	if err != nil {
		return fmt.Errorf("resuming from %s: %w", t.c.Dir, err)
	}
	if want := t.fingerprint(); n.Run != want {
		return fmt.Errorf("resuming from %s: the checkpoint is of another run (model, settings or data differ); choose another folder or remove it", t.c.Dir)
	}
	f, err := safetensors.Open(filepath.Join(t.c.Dir, filepath.Base(n.State)))
	if err != nil {
		return fmt.Errorf("resuming from %s: %w", t.c.Dir, err)
	}
	defer f.Close()
	for name, b := range t.state {
		x, err := f.Read(name)
		if err != nil {
			return fmt.Errorf("resuming from %s: %w", t.c.Dir, err)
		}
		if err := b.Write(resized(x, b.Shape()).As(b.Type())); err != nil {
			return fmt.Errorf("resuming from %s: %s: %w", t.c.Dir, name, err)
		}
	}
	t.step, t.history, t.hasBest = n.Step, n.History, n.HasBest
	if n.HasBest {
		t.best = n.Best
	}
	return nil
}
