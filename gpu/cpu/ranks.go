package cpu

import (
	"fmt"
	"unsafe"

	"divvy/gpu/program"
)

// NewRank makes the device of one rank: Programs over several ranks reach the
// others by the group.
func NewRank(workers int, g program.Group) *Device {
	d := New(workers)
	d.group = g
	return d
}

// ranked says whether the device can run a Program over so many ranks.
func (d *Device) ranked(n int) error {
	have := 1
	if d.group != nil {
		have = d.group.Ranks()
	}
	if n > 1 && n != have {
		return fmt.Errorf("it is for %d ranks, this device is one of %d", n, have)
	}
	return nil
}

// bytes is a value's memory without what only aligns it.
func (e *executable) bytes(v *program.Value) []byte {
	size := v.Type.Size()
	if v.Type == program.BF16 {
		size = 4
	}
	return e.mem[v.ID][:v.Len()*size]
}

// everyone sends the same to all ranks.
func everyone(g program.Group, part []byte) ([][]byte, error) {
	parts := make([][]byte, g.Ranks())
	for i := range parts {
		parts[i] = part
	}
	return g.Exchange(parts)
}

// allReduce adds up in the order of the ranks, so that all have the same bits.
func allReduce[T float](e *executable, op *program.Op) error {
	all, err := everyone(e.device.group, e.bytes(op.In[0]))
	if err != nil {
		return err
	}
	return addUp(vec[T](e, op.Out[0]), all)
}

// reduceScatter adds up a rank's part in the order of the ranks.
func reduceScatter[T float](e *executable, op *program.Op) error {
	whole := e.bytes(op.In[0])
	g := e.device.group
	parts := make([][]byte, g.Ranks())
	n := len(whole) / len(parts)
	for i := range parts {
		parts[i] = whole[i*n : (i+1)*n]
	}
	mine, err := g.Exchange(parts)
	if err != nil {
		return err
	}
	return addUp(vec[T](e, op.Out[0]), mine)
}

func addUp[T float](y []T, terms [][]byte) error {
	clear(y)
	for r, raw := range terms {
		var t T
		if want := len(y) * int(unsafe.Sizeof(t)); len(raw) != want {
			return fmt.Errorf("rank %d sent %d bytes, want %d: its Program is another", r, len(raw), want)
		}
		m := alloc(int64(len(raw))) // aligned, as raw need not be
		copy(m, raw)
		add(y, y, floats[T](m, len(y)))
	}
	return nil
}

func allGather(e *executable, op *program.Op) error {
	all, err := everyone(e.device.group, e.bytes(op.In[0]))
	if err != nil {
		return err
	}
	y := e.bytes(op.Out[0])
	for r, part := range all {
		if len(part)*len(all) != len(y) {
			return fmt.Errorf("rank %d sent %d bytes, want %d: its Program is another", r, len(part), len(y)/len(all))
		}
		copy(y[r*len(part):], part)
	}
	return nil
}
