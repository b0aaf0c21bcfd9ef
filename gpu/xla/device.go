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
	// Ranks makes each of several devices a rank of its own, for Programs over as
	// many ranks (see program.Builder.OverRanks), which XLA's collectives join.
	// Without it XLA divides Programs over the devices.
	Ranks bool
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
	among  int // of how many ranks this process is one; 0: it is alone
}

var (
	_ program.Ranked = (*Device)(nil)
	_ program.Zeroer = (*Device)(nil)

	_ program.Distant = (*Device)(nil)
)

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
	d.o.Ranks = o.Ranks && len(d.devs) > 1
	if d.o.Emit.Partitions = len(d.devs); d.o.Ranks {
		d.o.Emit.Partitions = 1
	}
	return d, nil
}

// NewRank is the only device of a client that is one of several processes' (see
// pjrt.Plugin.NewClientAmong): one of as many ranks.
func NewRank(client *pjrt.Client, o Options, ranks int) (*Device, error) {
	if len(client.Devices) != 1 {
		return nil, fmt.Errorf("xla: a rank has %d devices, want 1", len(client.Devices))
	}
	o.Ranks = false
	d, err := New(client, o, 0)
	if err == nil {
		d.among = ranks
	}
	return d, err
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

// Distant: a run is a call through the plug-in with a handle for each state.
func (d *Device) Distant() bool { return true }

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
	if !d.o.Ranks && !stablehlo.Divided(shape, len(d.devs)) {
		n *= int64(len(d.devs))
	}
	return n
}

// Ranks is how many ranks the devices are.
func (d *Device) Ranks() int {
	if d.o.Ranks {
		return len(d.devs)
	}
	return 1
}

// Upload copies a tensor into memory of the device. Where devices are ranks, the
// first gets it, which alone runs Programs that are not for all.
func (d *Device) Upload(t *program.Tensor) (program.Buffer, error) {
	if d.o.Ranks {
		return d.keep(t, spread{to: d.devs[:1]})
	}
	return d.keep(t, spread{to: d.devs, cut: stablehlo.Divided(t.Shape, len(d.devs))})
}

// Zeros fills memory of the device. Of several it copies zeros from the host.
func (d *Device) Zeros(t program.DType, shape ...int) (program.Buffer, error) {
	if len(d.devs) > 1 {
		return d.Upload(program.NewTensor(t, shape...))
	}
	held, err := d.zeros(t, shape)
	if err != nil {
		return nil, fmt.Errorf("making %s of zeros on %s: %w", program.TypeString(t, shape), d.Name(), err)
	}
	return &buffer{device: d, typ: t, shape: slices.Clone(shape), how: spread{to: d.devs}, held: held}, nil
}

func (d *Device) zeros(t program.DType, shape []int) (pieces, error) {
	text := stablehlo.Zeros(t, shape)
	x, err := d.load(&program.Program{Name: "zeros", Outputs: make([]program.Output, 1)}, text)
	if err != nil {
		return nil, err
	}
	results, err := x.Execute([][]*pjrt.Buffer{nil})
	if full(err) {
		collect()
		results, err = x.Execute([][]*pjrt.Buffer{nil})
	}
	if err != nil {
		return nil, err
	}
	return result(results, 0), nil
}

// UploadSplit gives each rank its part.
func (d *Device) UploadSplit(t *program.Tensor) (program.Buffer, error) {
	if len(t.Shape) == 0 || t.Shape[0]%len(d.devs) != 0 || !d.o.Ranks {
		return nil, fmt.Errorf("uploading %s to %s: it cannot be split over %d ranks", program.TypeString(t.Type, t.Shape), d.Name(), d.Ranks())
	}
	return d.keep(t, spread{to: d.devs, cut: true})
}

// spread is how a tensor lies on devices: a part on each, or the whole on each.
type spread struct {
	to  []*pjrt.Device
	cut bool
}

func (d *Device) keep(t *program.Tensor, how spread) (program.Buffer, error) {
	held, err := d.upload(t, how)
	if err != nil {
		return nil, fmt.Errorf("uploading %s to %s: %w", program.TypeString(t.Type, t.Shape), d.Name(), err)
	}
	return &buffer{device: d, typ: t.Type, shape: slices.Clone(t.Shape), how: how, held: held}, nil
}

// upload gives each device its part of the tensor, or all of it.
func (d *Device) upload(t *program.Tensor, how spread) (pieces, error) {
	if err := t.Check(t.Type, t.Shape); err != nil {
		return nil, fmt.Errorf("the tensor %w", err)
	}
	raw, shape := encode(t), slices.Clone(t.Shape)
	if how.cut {
		shape[0] /= len(how.to)
	}
	var all pieces
	for i, dev := range how.to {
		part := raw
		if how.cut {
			n := len(raw) / len(how.to)
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
	how    spread

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
	return download(b.held, b.typ, b.shape, b.how.cut)
}

func (b *buffer) Write(t *program.Tensor) error {
	if err := t.Check(b.typ, b.shape); err != nil {
		return fmt.Errorf("writing a buffer: the tensor %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held.close() // first, so that there need not be room for both
	held, err := b.device.upload(t, b.how)
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
