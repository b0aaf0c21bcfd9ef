package program

import "context"

// Device compiles Programs and holds their state. Models, losses and trainers
// see only this.
type Device interface {
	// Name says what the device is, for logs and tables: "cpu (2 threads, avx512)".
	Name() string
	// Compile plans memory and chooses kernels.
	Compile(p *Program) (Executable, error)
	// Upload copies a tensor into memory of the device.
	Upload(t *Tensor) (Buffer, error)
}

// Zeroer is a device that fills its own memory with zeros: a host need then not
// copy them there.
type Zeroer interface {
	Zeros(t DType, shape ...int) (Buffer, error)
}

// Zeros is a tensor of zeros in memory of a device.
func Zeros(d Device, t DType, shape ...int) (Buffer, error) {
	if z, ok := d.(Zeroer); ok {
		return z.Zeros(t, shape...)
	}
	return d.Upload(NewTensor(t, shape...))
}

// Distant is a device on which to start a run, and to fetch what it gives, takes
// the host about as long as small runs take the device: what can be done in one
// run had better be.
type Distant interface{ Distant() bool }

// IsDistant says whether a device is.
func IsDistant(d Device) bool {
	far, ok := d.(Distant)
	return ok && far.Distant()
}

// Buffer is a tensor in memory of a device.
type Buffer interface {
	Type() DType
	Shape() []int
	// Download copies the contents to the host.
	Download() (*Tensor, error)
	// Write replaces the contents; type and shape must be equal.
	Write(t *Tensor) error
}

// Bindings are the inputs of one run, by name.
type Bindings struct {
	State map[string]Buffer
	Data  map[string]*Tensor
}

// Executable is a Program compiled for one device.
type Executable interface {
	Program() *Program
	// Memory is the plan: what a run takes.
	Memory() Memory
	// Run computes the outputs and then carries out the assignments. A run
	// that is cancelled, or that fails, has changed no state. Runs of one
	// Executable are made one at a time.
	Run(ctx context.Context, in Bindings) (map[string]*Tensor, error)
}

// Memory is a device's plan for a Program, in bytes.
type Memory struct {
	State     int64 // inputs of role State
	Data      int64 // inputs of role Data
	Temporary int64 // everything else, after sharing between values that never live together
	Unshared  int64 // what Temporary would be without sharing
}

// Total is all that a run holds at once.
func (m Memory) Total() int64 { return m.State + m.Data + m.Temporary }
