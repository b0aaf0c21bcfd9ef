package cpu

import (
	"fmt"
	"slices"

	"divvy/gpu/internal/simd"
	"divvy/gpu/program"
)

// Device is the processor. It keeps some memory for the temporaries of runs, so
// that Programs of many shapes, compiled one after the other, take no more than
// the largest of them.
type Device struct {
	workers int
	spare   arenas
	group   program.Group // nil: it is alone
}

var _ program.Device = (*Device)(nil)

// New makes a device that uses up to workers cores at once; 0 means all that
// the Go scheduler may use.
func New(workers int) *Device {
	return &Device{workers: workerCount(workers)}
}

// Name says how many cores and which instructions are used.
func (d *Device) Name() string {
	return fmt.Sprintf("cpu (%d threads, %s)", d.workers, simd.Level())
}

// Upload copies a tensor; the device's memory is the host's.
func (d *Device) Upload(t *program.Tensor) (program.Buffer, error) {
	if err := t.Check(t.Type, t.Shape); err != nil {
		return nil, fmt.Errorf("uploading a tensor: it %w", err)
	}
	b := &buffer{typ: t.Type, shape: slices.Clone(t.Shape), mem: alloc(storageBytes(t.Type, t.Len()))}
	b.set(t)
	return b, nil
}

// buffer is state held by the device.
type buffer struct {
	typ   program.DType
	shape []int
	mem   memory
}

func (b *buffer) Type() program.DType { return b.typ }
func (b *buffer) Shape() []int        { return slices.Clone(b.shape) }

func (b *buffer) Download() (*program.Tensor, error) {
	t := program.NewTensor(b.typ, b.shape...)
	n := t.Len()
	switch b.typ {
	case program.F64:
		copy(t.F64, floats[float64](b.mem, n))
	case program.I32:
		copy(t.I32, ints(b.mem, n))
	case program.U8:
		copy(t.U8, b.mem)
	default:
		copy(t.F32, floats[float32](b.mem, n))
	}
	return t, nil
}

func (b *buffer) Write(t *program.Tensor) error {
	if err := t.Check(b.typ, b.shape); err != nil {
		return fmt.Errorf("writing a buffer: the tensor %w", err)
	}
	b.set(t)
	return nil
}

// set copies the elements of t, whose type and shape are those of b.
func (b *buffer) set(t *program.Tensor) { store(b.mem, t) }

// store copies a tensor's elements to memory.
func store(m memory, t *program.Tensor) {
	switch t.Type {
	case program.F64:
		copy(floats[float64](m, t.Len()), t.F64)
	case program.I32:
		copy(ints(m, t.Len()), t.I32)
	case program.U8:
		copy(m, t.U8)
	default:
		copy(floats[float32](m, t.Len()), t.F32)
	}
}
