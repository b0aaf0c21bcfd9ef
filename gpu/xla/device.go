package xla

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"divvy/gpu/pjrt"
	"divvy/gpu/program"
	"divvy/gpu/stablehlo"
)

// Options are settings of a Device.
type Options struct {
	// Emit are the choices of the lowering to StableHLO.
	Emit stablehlo.Options
	// Compile are XLA's debug options by name.
	Compile map[string]any
	// Compiled is told of every compilation: the length of the text and how long
	// XLA took. nil means nobody.
	Compiled func(p *program.Program, text int, took time.Duration)
}

// Device is one device of a PJRT client.
type Device struct {
	client *pjrt.Client
	dev    *pjrt.Device
	o      Options
	cache  *cache
}

var _ program.Device = (*Device)(nil)

// New is the device with the given place among the client's.
func New(client *pjrt.Client, index int, o Options) (*Device, error) {
	if index < 0 || index >= len(client.Devices) {
		return nil, fmt.Errorf("xla: there is no device %d: %s has %d", index, client.Platform, len(client.Devices))
	}
	return &Device{client: client, dev: client.Devices[index], o: o, cache: new(cache)}, nil
}

// Name says what the device is.
func (d *Device) Name() string {
	return fmt.Sprintf("%s:%d (%s)", d.client.Platform, d.dev.ID, d.dev.Kind)
}

// Memory reads the memory in use on the device, all Programs together.
func (d *Device) Memory() (pjrt.Stats, error) { return d.dev.Memory() }

// Available is how many bytes of the device's memory are free. Plug-ins for
// devices that share the host's memory do not count it.
func (d *Device) Available() (int64, error) {
	s, err := d.dev.Memory()
	if err == nil && s.Limit <= 0 {
		err = errors.New("the plug-in tells no limit")
	}
	return s.Limit - s.InUse, err
}

// Upload copies a tensor into memory of the device.
func (d *Device) Upload(t *program.Tensor) (program.Buffer, error) {
	b, err := d.upload(t)
	if err != nil {
		return nil, fmt.Errorf("uploading %s to %s: %w", program.TypeString(t.Type, t.Shape), d.Name(), err)
	}
	return &buffer{device: d, typ: t.Type, shape: slices.Clone(t.Shape), held: b}, nil
}

func (d *Device) upload(t *program.Tensor) (*pjrt.Buffer, error) {
	if err := t.Check(t.Type, t.Shape); err != nil {
		return nil, fmt.Errorf("the tensor %w", err)
	}
	raw := encode(t)
	b, err := d.dev.Upload(element(t.Type), t.Shape, raw)
	if full(err) {
		// Memory of buffers that nobody holds any more is freed when the garbage
		// collector finds them, which a full device does not make it do.
		collect()
		b, err = d.dev.Upload(element(t.Type), t.Shape, raw)
	}
	return b, err
}

// full says whether an error is a lack of the device's memory.
func full(err error) bool {
	var e *pjrt.Error
	return errors.As(err, &e) && e.Code == pjrt.ResourceExhausted
}

// collect frees what can no longer be reached. Cleanups run after a collection,
// on a goroutine of their own.
func collect() {
	done := make(chan struct{})
	runtime.AddCleanup(new([16]byte), func(c chan struct{}) { close(c) }, done)
	runtime.GC()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
}

// buffer is state on the device. A run that assigns to it puts another piece of
// memory in its place.
type buffer struct {
	device *Device
	typ    program.DType
	shape  []int

	mu   sync.Mutex
	held *pjrt.Buffer
	lost error // why there is nothing in it any more
}

func (b *buffer) Type() program.DType { return b.typ }
func (b *buffer) Shape() []int        { return slices.Clone(b.shape) }

func (b *buffer) Download() (*program.Tensor, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost != nil {
		return nil, b.lost
	}
	return download(b.held, b.typ, b.shape)
}

func (b *buffer) Write(t *program.Tensor) error {
	if err := t.Check(b.typ, b.shape); err != nil {
		return fmt.Errorf("writing a buffer: the tensor %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held != nil {
		b.held.Close() // first, so that there need not be room for both
	}
	held, err := b.device.upload(t)
	b.held, b.lost = held, nil
	if err != nil {
		b.lost = fmt.Errorf("writing a buffer: %w", err)
	}
	return b.lost
}

func download(b *pjrt.Buffer, typ program.DType, shape []int) (*program.Tensor, error) {
	t := program.NewTensor(typ, shape...)
	raw := make([]byte, 0)
	if typ == program.BF16 {
		raw = make([]byte, 2*t.Len())
	} else {
		raw = encode(t) // the tensor's own memory
	}
	if err := b.Download(raw); err != nil {
		return nil, fmt.Errorf("downloading %s: %w", program.TypeString(typ, shape), err)
	}
	if typ == program.BF16 {
		widen(t.F32, raw)
	}
	return t, nil
}
