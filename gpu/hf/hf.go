package hf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/safetensors"
)

// Model is what a model's folder holds.
type Model struct {
	Config  model.Config
	Weights model.Weights
	// Tokenizer holds the tokenizer's files as they are, by name.
	Tokenizer map[string][]byte
}

// The files of a folder.
const (
	configName = "config.json"
	weightName = "model.safetensors"
	indexName  = "model.safetensors.index.json"
)

// tokenizerNames are the files that make a tokenizer, in its various forms.
var tokenizerNames = []string{
	"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"tokenizer.model", "vocab.json", "merges.txt", "generation_config.json",
}

// Load reads a model's folder. Weights become F32 whatever they are stored as.
// Reading ends with ctx.
func Load(ctx context.Context, dir string) (*Model, error) {
	data, err := os.ReadFile(filepath.Join(dir, configName))
	if err != nil {
		return nil, fmt.Errorf("loading a model: %w", err)
	}
	c, err := ParseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("loading a model from %s: %w", dir, err)
	}
	m := &Model{Config: c, Tokenizer: map[string][]byte{}}
	params, err := model.Params(c, model.Options{})
	if err != nil {
		return nil, err
	}
	if m.Weights, err = loadWeights(ctx, dir, params); err != nil {
		return nil, fmt.Errorf("loading a model from %s: %w", dir, err)
	}
	for _, name := range tokenizerNames {
		switch data, err := os.ReadFile(filepath.Join(dir, name)); {
		case err == nil:
			m.Tokenizer[name] = data
		case !errors.Is(err, os.ErrNotExist):
			return nil, fmt.Errorf("loading a tokenizer: %w", err)
		}
	}
	return m, nil
}

// loadWeights reads the parameters from whichever file holds them. Tensors that
// are no parameters (old checkpoints keep rotary tables and masks) are ignored.
func loadWeights(ctx context.Context, dir string, params []model.Param) (model.Weights, error) {
	files, err := weightFiles(dir)
	if err != nil {
		return nil, err
	}
	at := map[string]*safetensors.File{}
	for _, name := range files {
		f, err := safetensors.Open(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		for _, tensor := range f.Names() {
			at[tensor] = f
		}
	}
	w := model.Weights{}
	for _, p := range params {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("reading parameter %q: %w", p.Name, context.Cause(ctx))
		}
		name, f := find(at, p.Name)
		if f == nil {
			return nil, fmt.Errorf("parameter %q is in no weight file (%s)", p.Name, strings.Join(files, ", "))
		}
		x, err := f.Read(name)
		if err != nil {
			return nil, err
		}
		if !x.Type.IsFloat() {
			return nil, fmt.Errorf("parameter %q is stored as %s: quantised weights are not read", p.Name, x.Type)
		}
		w[p.Name] = x.As(program.F32)
	}
	return w, w.Check(params)
}

// find looks for a parameter under its name and under those that older
// checkpoints of bare models use.
func find(at map[string]*safetensors.File, name string) (string, *safetensors.File) {
	for _, n := range []string{name, strings.TrimPrefix(name, "model."), strings.TrimPrefix(name, "gpt_neox."), strings.Replace(name, "embed_out", "lm_head", 1)} {
		if f := at[n]; f != nil {
			return n, f
		}
	}
	return name, nil
}

// weightFiles lists the weight files: those of the index, or the single one.
func weightFiles(dir string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, indexName))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, weightName)); err != nil {
			return nil, fmt.Errorf("neither %s nor %s is there; convert PyTorch's .bin files first", weightName, indexName)
		}
		return []string{weightName}, nil
	}
	if err != nil {
		return nil, err
	}
	var index struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", indexName, err)
	}
	files := slices.Compact(slices.Sorted(maps.Values(index.Map)))
	for _, f := range files {
		if f != filepath.Base(f) {
			return nil, fmt.Errorf("%s names %q, which is not a file of the folder", indexName, f)
		}
	}
	return files, nil
}

// SaveOptions say how a model is stored.
type SaveOptions struct {
	// Storage is safetensors.F32 (the default), F16 or BF16.
	Storage string
	// ShardBytes is the largest size of a weight file; 0 means 5 GB.
	ShardBytes int64
}

var dtypeNames = map[string]string{safetensors.F32: "float32", safetensors.F16: "float16", safetensors.BF16: "bfloat16"}

// Save writes a model's folder in the layout that transformers loads. When ctx
// ends, it stops after the weight file that it is at.
func Save(ctx context.Context, dir string, m *Model, o SaveOptions) error {
	if o.Storage == "" {
		o.Storage = safetensors.F32
	}
	if o.ShardBytes == 0 {
		o.ShardBytes = 5e9
	}
	if dtypeNames[o.Storage] == "" {
		return fmt.Errorf("saving a model: storage type %q is not F32, F16 or BF16", o.Storage)
	}
	config, err := FormatConfig(m.Config, dtypeNames[o.Storage])
	if err != nil {
		return fmt.Errorf("saving a model: %w", err)
	}
	params, err := model.Params(m.Config, model.Options{})
	if err != nil {
		return err
	}
	if err := m.Weights.Check(params); err != nil {
		return fmt.Errorf("saving a model: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("saving a model: %w", err)
	}
	if err := saveWeights(ctx, dir, m.Weights, params, o); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(m.Tokenizer)) {
		if name != filepath.Base(name) {
			return fmt.Errorf("saving a model: tokenizer file %q is not a plain name", name)
		}
		if err := writeFile(filepath.Join(dir, name), m.Tokenizer[name]); err != nil {
			return fmt.Errorf("saving a tokenizer: %w", err)
		}
	}
	return writeFile(filepath.Join(dir, configName), config)
}

func writeFile(path string, data []byte) error {
	return safetensors.Atomic(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// saveWeights writes one file, or several and their index.
func saveWeights(ctx context.Context, dir string, w model.Weights, params []model.Param, o SaveOptions) error {
	var shards []map[string]*program.Tensor
	var size, total int64
	bytes := int64(2)
	if o.Storage == safetensors.F32 {
		bytes = 4
	}
	for _, p := range params {
		n := int64(w[p.Name].Len()) * bytes
		if len(shards) == 0 || size+n > o.ShardBytes {
			shards, size = append(shards, map[string]*program.Tensor{}), 0
		}
		shards[len(shards)-1][p.Name] = w[p.Name]
		size += n
		total += n
	}
	meta := map[string]string{"format": "pt"}
	if len(shards) == 1 {
		if err := os.Remove(filepath.Join(dir, indexName)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("saving a model: an old index is in the way: %w", err)
		}
		return safetensors.Write(filepath.Join(dir, weightName), shards[0], o.Storage, meta)
	}
	where := map[string]string{}
	for i, s := range shards {
		if ctx.Err() != nil {
			return fmt.Errorf("saving a model: %d of %d weight files written: %w", i, len(shards), context.Cause(ctx))
		}
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		for tensor := range s {
			where[tensor] = name
		}
		if err := safetensors.Write(filepath.Join(dir, name), s, o.Storage, meta); err != nil {
			return err
		}
	}
	index, err := json.MarshalIndent(map[string]any{"metadata": map[string]any{"total_size": total}, "weight_map": where}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, indexName), index)
}
