package pjrt

import (
	"fmt"
	"runtime"
)

// ElementType is the type of a buffer's elements, as PJRT counts them.
type ElementType int

// The element types that are used.
const (
	I32  ElementType = 4
	U8   ElementType = 6
	F32  ElementType = 11
	F64  ElementType = 12
	BF16 ElementType = 13
)

// Size is the number of bytes of an element.
func (t ElementType) Size() int {
	switch t {
	case F64:
		return 8
	case BF16:
		return 2
	case U8:
		return 1
	default:
		return 4
	}
}

// Buffer is memory of a device.
type Buffer struct {
	client *Client
	handle uint64
	end    *once
}

// newBuffer takes hold of a buffer. One that is never closed is freed when it
// can no longer be reached.
func newBuffer(c *Client, handle uint64) *Buffer {
	b := &Buffer{client: c, handle: handle, end: new(once)}
	end := b.end
	runtime.AddCleanup(b, func(h uint64) {
		end.do(func() error { return c.plugin.destroy(bufferDestroy, h) })
	}, handle)
	return b
}

// Close frees the buffer's memory.
func (b *Buffer) Close() error {
	err := b.end.do(func() error { return b.client.plugin.destroy(bufferDestroy, b.handle) })
	runtime.KeepAlive(b)
	return err
}

// check says whether the buffer can still be used.
func (b *Buffer) check(doing string) error {
	b.end.mu.Lock()
	defer b.end.mu.Unlock()
	if b.end.closed {
		return &Error{doing, 3, "the buffer is closed"}
	}
	return nil
}

// Download copies the elements, row-major, into dst, which has their size.
func (b *Buffer) Download(dst []byte) error {
	if err := b.check("copying from the device"); err != nil {
		return err
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	// No layout is asked for: that of uploads and of a module's results is
	// row-major already.
	a := newArgs(b.handle, 0, text(dst, &pin), uint64(len(dst)))
	if err := b.client.plugin.call(bufferToHost, a); err != nil {
		return err
	}
	err := b.client.plugin.await(a[6])
	runtime.KeepAlive(b)
	return err
}

// Size is the number of bytes that the buffer takes on the device.
func (b *Buffer) Size() (int64, error) {
	if err := b.check("asking for a buffer's size"); err != nil {
		return 0, err
	}
	a := newArgs(b.handle)
	err := b.client.plugin.call(bufferOnDeviceSize, a)
	runtime.KeepAlive(b)
	return int64(a[3]), err
}

// Deleted says whether the buffer's memory is gone: taken by a run that it was
// an argument of, or closed.
func (b *Buffer) Deleted() (bool, error) {
	if b.check("asking for a buffer's state") != nil {
		return true, nil
	}
	a := newArgs(b.handle)
	err := b.client.plugin.call(bufferIsDeleted, a)
	runtime.KeepAlive(b)
	return byte(a[3]) != 0, err
}

// Wait waits until the buffer's contents are there.
func (b *Buffer) Wait() error {
	if err := b.check("waiting for a buffer"); err != nil {
		return err
	}
	a := newArgs(b.handle)
	if err := b.client.plugin.call(bufferReady, a); err != nil {
		return err
	}
	err := b.client.plugin.await(a[3])
	runtime.KeepAlive(b)
	return err
}

// Executable is a compiled module, loaded on its devices.
type Executable struct {
	// Outputs is the number of results on each device.
	Outputs int

	client *Client
	handle uint64
	about  uint64 // the part that describes it
	end    once
}

// Close unloads the executable.
func (x *Executable) Close() error {
	return x.end.do(func() error {
		if x.about != 0 {
			if err := x.client.plugin.destroy(executableDestroy, x.about); err != nil {
				return err
			}
		}
		return x.client.plugin.destroy(loadedDestroy, x.handle)
	})
}

// Plan is the memory that a run of an executable takes on a device, in bytes.
type Plan struct {
	Code, Arguments, Results, Aliased, Temporary, Peak int64
}

// Memory reads the compiler's memory plan.
func (x *Executable) Memory() (Plan, error) { return x.client.plugin.plan(x.about) }

// plan reads the memory plan of an executable's description.
func (p *Plugin) plan(about uint64) (Plan, error) {
	a := newArgs(about)
	if err := p.call(executableMemory, a); err != nil {
		return Plan{}, err
	}
	n := func(i int) int64 { return int64(a[i]) }
	return Plan{Code: n(3), Arguments: n(4), Results: n(5), Aliased: n(6), Temporary: n(7), Peak: n(13)}, nil
}

// Execute runs the executable: arguments and results are lists for each of its
// devices. A device takes the memory of the arguments that the module shares
// with results (tf.aliasing_output): these arguments are used up, whether or not
// the run succeeds, and only Close may be called on them. Execute returns when
// all devices have finished.
func (x *Executable) Execute(arguments [][]*Buffer) ([][]*Buffer, error) {
	n := len(arguments)
	if n == 0 {
		return nil, &Error{"executing", 3, "no device"}
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	in, out := make([]uint64, n), make([]uint64, n)
	results := make([][]uint64, n)
	for d, list := range arguments {
		handles := make([]uint64, len(list), len(list)+1)
		for i, b := range list {
			if err := b.check(fmt.Sprintf("executing with argument %d", i)); err != nil {
				return nil, err
			}
			handles[i] = b.handle
		}
		results[d] = make([]uint64, x.Outputs, x.Outputs+1)
		in[d], out[d] = list64(handles, &pin), list64(results[d], &pin)
	}
	events := make([]uint64, n)
	options := newArgs()
	pin.Pin(options)
	a := newArgs(x.handle, address(options), list64(in, &pin), uint64(n), uint64(len(arguments[0])), list64(out, &pin), list64(events, &pin))
	err := x.client.plugin.call(loadedExecute, a)
	runtime.KeepAlive(arguments)
	if err != nil {
		return nil, err
	}
	buffers := make([][]*Buffer, n)
	for d := range results {
		for _, h := range results[d] {
			buffers[d] = append(buffers[d], newBuffer(x.client, h))
		}
		if e := x.client.plugin.await(events[d]); e != nil && err == nil {
			err = e
		}
	}
	if err != nil {
		for _, list := range buffers {
			for _, b := range list {
				b.Close()
			}
		}
		return nil, err
	}
	return buffers, nil
}

// list64 is the address of words that stay where they are until pin lets go.
func list64(x []uint64, pin *runtime.Pinner) uint64 {
	if cap(x) == 0 {
		return 0
	}
	first := &x[:1][0]
	pin.Pin(first)
	return address(first)
}
