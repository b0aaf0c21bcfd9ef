package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"divvy/gpu/program"
)

// Weights are the values of a model's parameters, by name, F32 on the host.
type Weights map[string]*program.Tensor

// Initial draws the weights of a new model. Each parameter has a random stream
// of its own, made of the seed and its name, so that a model's body does not
// depend on the head it has.
func Initial(params []Param, seed uint64) Weights {
	w := Weights{}
	for _, p := range params {
		h := fnv.New64a()
		h.Write([]byte(p.Name))
		rng := rand.New(rand.NewPCG(seed, h.Sum64()))
		x := program.NewTensor(program.F32, p.Shape...)
		for i := range x.F32 {
			x.F32[i] = float32(p.Init.Mean)
			if p.Init.Std != 0 {
				x.F32[i] += float32(rng.NormFloat64() * p.Init.Std)
			}
		}
		w[p.Name] = x
	}
	return w
}

// joined is the name of a layer's queries, keys and values in one.
const joined = "qkv_proj"

// Join is the weights for a Net with Options.Joined: where a layer has matrices for
// queries, keys and values, these are one below the other. The others are shared
// with w.
func (w Weights) Join(c Config) Weights {
	out := maps.Clone(w)
	_, block, _, _ := (&Net{c: c}).names()
	for layer := range c.Layers {
		a := fmt.Sprintf(block, layer) + "self_attn."
		for _, kind := range []string{".weight", ".bias"} {
			all := &program.Tensor{}
			for _, name := range []string{"q_proj", "k_proj", "v_proj"} {
				x := w[a+name+kind]
				if x == nil {
					all = nil
					break
				}
				delete(out, a+name+kind)
				rows := x.Shape[0]
				if all.Shape != nil {
					rows += all.Shape[0]
				}
				all.Type, all.Shape = x.Type, append([]int{rows}, x.Shape[1:]...)
				all.F32, all.F64 = append(all.F32, x.F32...), append(all.F64, x.F64...)
			}
			if all != nil {
				out[a+joined+kind] = all
			}
		}
	}
	return out
}

// Check says whether the weights are those of the parameters: none missing,
// all of the right shape.
func (w Weights) Check(params []Param) error {
	for _, p := range params {
		x := w[p.Name]
		if x == nil {
			return fmt.Errorf("parameter %q is missing", p.Name)
		}
		if !slices.Equal(x.Shape, p.Shape) {
			return fmt.Errorf("parameter %q has shape %v, want %v", p.Name, x.Shape, p.Shape)
		}
	}
	return nil
}

// Hash identifies the weights by their names and values.
func (w Weights) Hash() string {
	h := sha256.New()
	buf := make([]byte, 0, 1<<16)
	for _, name := range slices.Sorted(maps.Keys(w)) {
		io.WriteString(h, name)
		for part := range slices.Chunk(w[name].F32, cap(buf)/4) {
			buf = buf[:0]
			for _, x := range part {
				buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(x))
			}
			h.Write(buf)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Clone copies the weights.
func (w Weights) Clone() Weights {
	c := make(Weights, len(w))
	for name, x := range w {
		c[name] = x.Clone()
	}
	return c
}

// Merge folds LoRA adapters into the layers that they adapt and leaves them
// out; alpha and rank are those of training.
func Merge(w Weights, l LoRA) (Weights, error) {
	alpha := l.Alpha
	if alpha == 0 {
		alpha = 2 * float64(l.Rank)
	}
	const down, up = ".lora_A.weight", ".lora_B.weight"
	out := Weights{}
	for name, x := range w {
		if !strings.HasSuffix(name, down) && !strings.HasSuffix(name, up) {
			out[name] = x.Clone()
		}
	}
	for name, a := range w {
		if !strings.HasSuffix(name, down) {
			continue
		}
		layer := name[:len(name)-len(down)]
		b, base := w[layer+up], out[layer+".weight"]
		if b == nil || base == nil {
			return nil, fmt.Errorf("merging adapters: %q has no partner or no layer", name)
		}
		r, in := a.Shape[0], a.Shape[1]
		factor := float32(alpha / float64(r))
		for i := range base.Shape[0] {
			row := base.F32[i*in : (i+1)*in]
			for k := range r {
				f := factor * b.F32[i*r+k]
				for j := range row {
					row[j] += f * a.F32[k*in+j]
				}
			}
		}
	}
	return out, nil
}
