package train

import (
	"fmt"
	"slices"

	"divvy/gpu/batch"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

// Over several ranks each holds and updates its part of every parameter and of
// its moments, has parameters whole while they are used, and computes its share of
// a batch's rows. What a loss sees, a number for each response, is the sum over
// the ranks of what their rows give, so losses know nothing of it.

// over makes a Config that of a run on dev.
func (c Config) over(dev program.Device) (Config, error) {
	d, ok := dev.(program.Ranked)
	if !ok || d.Ranks() == 1 {
		return c, nil
	}
	c.ranks = d.Ranks()
	if c.RowTokens == 0 {
		return c, fmt.Errorf("training configuration: RowTokens must be set: rows are what %d ranks share", c.ranks)
	}
	if c.RowMultiple = max(1, c.RowMultiple); c.RowMultiple%c.ranks != 0 {
		c.RowMultiple *= c.ranks
	}
	return c, nil
}

// begin says that the Program is for the ranks.
func (c Config) begin(b *program.Builder) {
	if c.ranks > 1 {
		b.OverRanks(c.ranks)
	}
}

// part is the shape of what a rank holds of a parameter's tensor.
func (c Config) part(shape []int) []int {
	if c.ranks > 1 {
		return []int{model.Shard(shape, c.ranks)}
	}
	return shape
}

// whole is the shape of what all ranks hold together, part being a rank's.
func (c Config) whole(part []int) []int {
	if c.ranks > 1 {
		return []int{part[0] * c.ranks}
	}
	return part
}

// state declares a state of a parameter's shape, or a part of it.
func (c Config) state(b *program.Builder, name string, t program.DType, part []int) *program.Value {
	if c.ranks > 1 {
		return b.SplitInput(program.State, name, t, part...)
	}
	return b.Input(program.State, name, t, part...)
}

// rows declares data that the ranks share by rows: n numbers in all.
func (c Config) rows(b *program.Builder, name string, t program.DType, n int) *program.Value {
	if c.ranks > 1 {
		return b.SplitInput(program.Data, name, t, n/c.ranks)
	}
	return b.Input(program.Data, name, t, n)
}

// put uploads a state.
func (c Config) put(dev program.Device, t *program.Tensor) (program.Buffer, error) {
	if d, ok := dev.(program.Ranked); ok && c.ranks > 1 {
		return d.UploadSplit(t)
	}
	return dev.Upload(t)
}

// resized is t in another shape, its elements in order: without what is too much
// at the end, or with zeros behind them.
func resized(t *program.Tensor, shape []int) *program.Tensor {
	if slices.Equal(t.Shape, shape) {
		return t
	}
	out := program.NewTensor(t.Type, shape...)
	copy(out.F32, t.F32)
	copy(out.F64, t.F64)
	copy(out.I32, t.I32)
	copy(out.U8, t.U8)
	return out
}

// places are, for each rank, where the responses' last tokens are among its own
// rows, and which responses are its own.
func (c Config) places(b *batch.Batch) (last *program.Tensor, own *program.Tensor) {
	n, each := len(b.Last), len(b.IDs)/c.ranks
	last, own = program.NewTensor(program.I32, c.ranks*n), program.NewTensor(c.Store, c.ranks*n)
	for r := range c.ranks {
		for i, at := range b.Last {
			last.I32[r*n+i] = -1
			if at >= 0 && int(at)/each == r {
				last.I32[r*n+i] = at - int32(r*each)
				own.Set(r*n+i, 1)
			}
		}
	}
	return last, own
}
