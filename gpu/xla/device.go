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

// Device is one device of a PJRT client, or several that act as one: XLA then
// divides states and batches along their first axes, as package stablehlo says,
// and lets the devices exchange what they need of each other.
type Device struct {
	client *pjrt.Client
	devs   []*pjrt.Device
	o      Options
	cache  *cache
}

var _ program.Device = (*Device)(nil)

// New is the device made of those with the given places among the client's.
func New(client *pjrt.Client, o Options, indices ...int) (*Device, error) {
	d := &Device{client: client, o: o, cache: new(cache)}
	for _, i := range indices {
		if i < 0 || i >= len(client.Devices) {
			return nil, fmt.Errorf("xla: there is no device %d: %s has %d", i, client.Platform, len(client.Devices))
		}
		if slices.Contains(d.devs, client.Devices[i]) {
			return nil, fmt.Errorf("xla: device %d is named twice", i)
		}
		d.devs = append(d.devs, client.Devices[i])
	}
	if len(d.devs) == 0 {
		return nil, errors.New("xla: no device is named")
	}
	d.o.Emit.Partitions = len(d.devs)
	return d, nil
}

// Name says what the device is.
func (d *Device) Name() string {
	ids := fmt.Sprint(d.devs[0].ID)
	for _, x := range d.devs[1:] {
		ids += fmt.Sprintf(",%d", x.ID)
	}
	return fmt.Sprintf("%s:%s (%s)", d.client.Platform, ids, d.devs[0].Kind)
}

// Count is of how many devices it is made.
func (d *Device) Count() int { return len(d.devs) }

// Memory reads the memory in use on a device, all Programs together: of several
// devices, on the fullest.
func (d *Device) Memory() (pjrt.Stats, error) {
	var full pjrt.Stats
	for i, x := range d.devs {
		s, err := x.Memory()
		if err != nil {
			return s, err
		}
		if i == 0 || s.Peak > full.Peak {
			full = s
		}
	}
	return full, nil
}

// Available is how many bytes of the devices' memory are free, all together.
// Plug-ins for devices that share the host's memory do not count it.
func (d *Device) Available() (int64, error) {
	var n int64
	for _, x := range d.devs {
		s, err := x.Memory()
		if err != nil {
			return 0, err
		}
		if s.Limit <= 0 {
			return 0, errors.New("the plug-in tells no limit")
		}
		n += s.Limit - s.InUse
	}
	return n, nil
}

// Bytes is what a tensor takes on all devices together.
func (d *Device) Bytes(t program.DType, shape []int) int64 {
	n := int64(program.Elements(shape) * t.Size())
	if !stablehlo.Divided(shape, len(d.devs)) {
		n *= int64(len(d.devs))
	}
	return n
}

// Upload copies a tensor into memory of the device.
func (d *Device) Upload(t *program.Tensor) (program.Buffer, error) {
	held, err := d.upload(t)
	if err != nil {
		return nil, fmt.Errorf("uploading %s to %s: %w", program.TypeString(t.Type, t.Shape), d.Name(), err)
	}
	return &buffer{device: d, typ: t.Type, shape: slices.Clone(t.Shape), held: held}, nil
}

// upload gives each device its part of the tensor, or all of it.
func (d *Device) upload(t *program.Tensor) (pieces, error) {
	if err := t.Check(t.Type, t.Shape); err != nil {
		return nil, fmt.Errorf("the tensor %w", err)
	}
	raw, shape := encode(t), slices.Clone(t.Shape)
	divided := stablehlo.Divided(shape, len(d.devs))
	if divided {
		shape[0] /= len(d.devs)
	}
	var all pieces
	for i, dev := range d.devs {
		part := raw
		if divided {
			n := len(raw) / len(d.devs)
			part = raw[i*n : (i+1)*n]
		}
		b, err := dev.Upload(element(t.Type), shape, part)
		if full(err) {
			// Memory of buffers that nobody holds any more is freed when the garbage
			// collector finds them, which a full device does not make it do.
			collect()
			b, err = dev.Upload(element(t.Type), shape, part)
		}
		if err != nil {
			all.close()
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// pieces is a tensor on the devices: a part on each, or the whole on each.
type pieces []*pjrt.Buffer

func (p pieces) close() {
	for _, b := range p {
		b.Close()
	}
}

// gone says whether a run has taken the memory of any piece.
func (p pieces) gone() bool {
	for _, b := range p {
		if gone, err := b.Deleted(); gone || err != nil {
			return true
		}
	}
	return false
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
	held pieces
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
	return download(b.held, b.typ, b.shape, stablehlo.Divided(b.shape, len(b.held)))
}

func (b *buffer) Write(t *program.Tensor) error {
	if err := t.Check(b.typ, b.shape); err != nil {
		return fmt.Errorf("writing a buffer: the tensor %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held.close() // first, so that there need not be room for both
	held, err := b.device.upload(t)
	b.held, b.lost = held, nil
	if err != nil {
		b.lost = fmt.Errorf("writing a buffer: %w", err)
	}
	return b.lost
}

// download reads a tensor: the parts one behind the other, or the first of the
// wholes.
func download(p pieces, typ program.DType, shape []int, divided bool) (*program.Tensor, error) {
	t := program.NewTensor(typ, shape...)
	raw := encode(t) // but for BF16 the tensor's own memory
	if !divided {
		p = p[:1]
	}
	n := len(raw) / len(p)
	for i, b := range p {
		if err := b.Download(raw[i*n : (i+1)*n]); err != nil {
			return nil, fmt.Errorf("downloading %s: %w", program.TypeString(typ, shape), err)
		}
	}
	if typ == program.BF16 {
		widen(t.F32, raw)
	}
	return t, nil
}
