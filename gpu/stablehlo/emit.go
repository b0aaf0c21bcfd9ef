package stablehlo

import (
	"bytes"
	"fmt"
	"strings"

	"divvy/gpu/program"
)

// Options are choices of the lowering. They change speed and memory, not results.
type Options struct {
	// VocabBlock is how many rows of the output layer have logits at once; 0
	// means 8192.
	VocabBlock int
	// QueryBlock is how many queries of a row have attention scores at once; 0
	// means 1024.
	QueryBlock int
	// Fast lets float32 products be rounded to TensorFloat-32 on the way in.
	Fast bool
	// Flash leaves attention in bfloat16 to cuDNN's fused kernels, where they can
	// do it. Only XLA for CUDA knows them.
	Flash bool
	// OnlyCausal keeps that to rows that are promised to be causal; masks that are
	// operands stay in primitives.
	OnlyCausal bool
	// Ungrouped keeps it to query heads that have keys of their own.
	Ungrouped bool
	// Partitions is over how many devices XLA is to divide the work; 0 means 1.
	// See Divided.
	Partitions int
}

func (o Options) withDefaults() Options {
	if o.VocabBlock <= 0 {
		o.VocabBlock = 8192
	}
	if o.QueryBlock <= 0 {
		o.QueryBlock = 1024
	}
	o.Partitions = max(1, o.Partitions)
	return o
}

// UnsupportedError says that an operation cannot be written as StableHLO.
type UnsupportedError struct {
	Op  *program.Op
	Why string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s has no StableHLO form: %s", e.Op, e.Why)
}

// lowering writes an operation and gives its results.
type lowering func(e *emitter, op *program.Op) []val

// lowerings has an entry for every operation but Input.
var lowerings = func() map[program.Kind]lowering {
	all := map[program.Kind]lowering{}
	for _, part := range []map[program.Kind]lowering{elementwise(), shapes(), matrices(), layers(), optimiser(), ranks(), choices()} {
		for k, f := range part {
			all[k] = f
		}
	}
	return all
}()

// Emit writes p as the text of an MLIR module.
func Emit(p *program.Program, o Options) ([]byte, error) {
	e := &emitter{o: o.withDefaults(), ranks: max(1, p.Ranks), vals: make([]val, p.Values), scalars: map[string]val{}, tables: map[tableKey][2]val{}, masks: map[maskKey]val{}, latest: map[string]val{}}
	args := make([]string, len(p.Inputs))
	result := map[*program.Value]int{} // state -> its assignment
	for i, a := range p.Assigns {
		result[a.State] = i
	}
	if e.ranks > 1 && e.o.Partitions > 1 {
		return nil, fmt.Errorf("writing %q: it is for %d ranks already, and cannot be divided over %d devices too", p.Name, e.ranks, e.o.Partitions)
	}
	for i, v := range p.Inputs {
		var attributes []string
		a := val{name: fmt.Sprintf("%%a%d", i), elem: elemOf(v.Type), shape: v.Shape}
		e.vals[v.ID] = a
		args[i] = a.name + ": " + a.typ()
		if r, ok := result[v]; ok {
			attributes = append(attributes, fmt.Sprintf("tf.aliasing_output = %d : i32", r))
		}
		if e.o.Partitions > 1 {
			attributes = append(attributes, sharding(v.Shape, Divided(v.Shape, e.o.Partitions)))
		}
		if len(attributes) > 0 {
			args[i] += " {" + strings.Join(attributes, ", ") + "}"
		}
	}
	layers := together(p, e.o)
	gradients := map[*program.Op]*program.Op{}
	for f, g := range layers {
		gradients[g] = f
	}
	for _, op := range ordered(p, layers) {
		if op.Kind == program.Input {
			continue
		}
		if f := gradients[op]; f != nil {
			forward, backward := outputAndGrad(e, op, used(p, op.Out[1]))
			e.define(f, forward)
			e.define(op, backward)
			continue
		}
		f := lowerings[op.Kind]
		if f == nil {
			return nil, fmt.Errorf("writing %q: %w", p.Name, &UnsupportedError{op, "the operation is not known here"})
		}
		e.define(op, f(e, op))
	}
	var names, types, results []string
	give := func(v *program.Value, divided bool) {
		r := e.of(v)
		names, types = append(names, r.name), append(types, r.typ())
		if e.o.Partitions > 1 {
			results = append(results, r.typ()+" {"+sharding(r.shape, divided)+"}")
		} else {
			results = append(results, r.typ())
		}
	}
	for _, a := range p.Assigns {
		give(a.To, Divided(a.State.Shape, e.o.Partitions))
	}
	for _, out := range p.Outputs {
		give(out.Value, false)
	}
	var b bytes.Buffer
	b.Grow(e.body.Len() + 1<<16)
	fmt.Fprintf(&b, "module @%s attributes {mhlo.num_partitions = %d : i32, mhlo.num_replicas = %d : i32} {\n", symbol(p.Name), e.o.Partitions, e.ranks)
	b.WriteString(e.mesh())
	fmt.Fprintf(&b, "  func.func public @main(%s) -> (%s) {\n", strings.Join(args, ", "), strings.Join(results, ", "))
	b.Write(e.body.Bytes())
	fmt.Fprintf(&b, "    return %s : %s\n  }\n}\n", strings.Join(names, ", "), strings.Join(types, ", "))
	return b.Bytes(), nil
}

// define notes what the results of an operation are in the text.
func (e *emitter) define(op *program.Op, results []val) {
	for i, v := range results {
		e.vals[op.Out[i].ID] = v
		e.latest[v.typ()] = v
	}
}

// Zeros is the text of a module that has a tensor of zeros as its only result.
func Zeros(t program.DType, shape []int) []byte {
	e := &emitter{scalars: map[string]val{}}
	z := e.fill(e.scalar(elemOf(t), 0), shape)
	return fmt.Appendf(nil, "module @divvy_zeros {\n  func.func public @main() -> %s {\n%s    return %s : %s\n  }\n}\n", z.typ(), e.body.String(), z.name, z.typ())
}

// symbol makes a Program's name fit for MLIR.
func symbol(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, name)
	return "divvy_" + s
}
