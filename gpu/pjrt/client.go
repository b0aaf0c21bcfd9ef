package pjrt

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"unsafe"
)

// The kinds of a named value.
const (
	kindString int32 = iota
	kindInt64
	kindInt64List
	kindFloat
	kindBool
)

// Option is a named setting of a client: a string, int, float32, bool or
// []int64.
type Option struct {
	Name  string
	Value any
}

// named lays options out as an array of PJRT_NamedValue, whose elements must
// have exactly its size. What they point at is pinned by pin.
func named(options []Option, pin *runtime.Pinner) ([][7]uint64, error) {
	out := make([][7]uint64, len(options))
	for i, o := range options {
		v := [7]uint64{56, 0, text([]byte(o.Name), pin), uint64(len(o.Name)), 0, 0, 1}
		switch x := o.Value.(type) {
		case string:
			v[4], v[5], v[6] = uint64(kindString), text([]byte(x), pin), uint64(len(x))
		case int:
			v[4], v[5] = uint64(kindInt64), uint64(x)
		case float32:
			v[4], v[5] = uint64(kindFloat), uint64(math.Float32bits(x))
		case bool:
			v[4] = uint64(kindBool)
			if x {
				v[5] = 1
			}
		case []int64:
			v[4], v[6] = uint64(kindInt64List), uint64(len(x))
			if len(x) > 0 {
				pin.Pin(&x[0])
				v[5] = address(&x[0])
			}
		default:
			return nil, fmt.Errorf("pjrt: option %q: a %T cannot be passed", o.Name, x)
		}
		out[i] = v
	}
	return out, nil
}

// text is the address of bytes that stay where they are until pin lets go.
func text(b []byte, pin *runtime.Pinner) uint64 {
	if len(b) == 0 {
		return 0
	}
	pin.Pin(&b[0])
	return address(&b[0])
}

func address[T any](p *T) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// once ends the life of something of the plug-in's, the first time only.
type once struct {
	mu     sync.Mutex
	closed bool
}

func (o *once) do(f func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	o.closed = true
	return f()
}

// Client is a plug-in's hold on its devices.
type Client struct {
	// Platform is the kind of devices, for example "cuda", Version says more.
	Platform, Version string
	// Devices are those that this process can use.
	Devices []*Device

	plugin *Plugin
	handle uint64
	end    once
}

// NewClient starts a plug-in's devices.
func (p *Plugin) NewClient(options ...Option) (*Client, error) { return p.newClient(nil, options) }

// NewClientAmong starts a plug-in's devices of this process, one of several whose
// devices then have numbers of their own and join in what is compiled for all:
// options say which one of how many it is, as the plug-in names that.
func (p *Plugin) NewClientAmong(s Store, options ...Option) (*Client, error) {
	return p.newClient(&shared{store: s}, options)
}

func (p *Plugin) newClient(s *shared, options []Option) (*Client, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	values, err := named(options, &pin)
	if err != nil {
		return nil, err
	}
	a := newArgs()
	if len(values) > 0 {
		pin.Pin(&values[0])
		a[2], a[3] = address(&values[0]), uint64(len(values))
	}
	if s != nil {
		s.install(a)
	}
	if err := p.call(clientCreate, a); err != nil {
		return nil, err
	}
	c := &Client{plugin: p, handle: a[8]}
	if err := c.describe(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// describe asks for the platform and the devices.
func (c *Client) describe() error {
	name, version, devices := newArgs(c.handle), newArgs(c.handle), newArgs(c.handle)
	for f, a := range map[function]*args{clientPlatformName: name, clientVersion: version, clientAddressable: devices} {
		if err := c.plugin.call(f, a); err != nil {
			return err
		}
	}
	c.Platform, c.Version = str(name[3], name[4]), str(version[3], version[4])
	for _, h := range unsafe.Slice((*uint64)(pointer(devices[3])), devices[4]) {
		d := &Device{client: c, handle: h}
		about := newArgs(h)
		if err := c.plugin.call(deviceDescription, about); err != nil {
			return err
		}
		id, kind := newArgs(about[3]), newArgs(about[3])
		for f, a := range map[function]*args{descriptionID: id, descriptionKind: kind} {
			if err := c.plugin.call(f, a); err != nil {
				return err
			}
		}
		d.ID, d.Kind = int(int32(id[3])), str(kind[3], kind[4])
		c.Devices = append(c.Devices, d)
	}
	if len(c.Devices) == 0 {
		return &Error{"creating a client", Unimplemented, "the plug-in has no device here"}
	}
	return nil
}

// Close ends the client; everything made by it must be closed before.
func (c *Client) Close() error {
	return c.end.do(func() error { return c.plugin.destroy(clientDestroy, c.handle) })
}

// Device is a device of a client.
type Device struct {
	// ID is its number, Kind what it is, for example "NVIDIA H200".
	ID   int
	Kind string

	client *Client
	handle uint64
}

// Stats are a device's memory, in bytes; what the plug-in does not count is -1.
type Stats struct{ InUse, Peak, Limit int64 }

// Memory reads the device's memory statistics.
func (d *Device) Memory() (Stats, error) {
	a := newArgs(d.handle)
	if err := d.client.plugin.call(deviceMemoryStats, a); err != nil {
		return Stats{-1, -1, -1}, err
	}
	s := Stats{InUse: int64(a[3]), Peak: -1, Limit: -1}
	if byte(a[5]) != 0 {
		s.Peak = int64(a[4])
	}
	if byte(a[11]) != 0 {
		s.Limit = int64(a[10])
	}
	return s, nil
}

// Compile compiles the text of an MLIR module.
func (c *Client) Compile(module []byte, o CompileOptions) (*Executable, error) {
	if len(module) == 0 {
		return nil, &Error{"compiling", 3, "the module is empty"}
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	format := []byte("mlir")
	options := o.encode()
	program := newArgs(text(module, &pin), uint64(len(module)), text(format, &pin), uint64(len(format)))
	pin.Pin(program)
	a := newArgs(c.handle, address(program), text(options, &pin), uint64(len(options)))
	if err := c.plugin.call(clientCompile, a); err != nil {
		return nil, err
	}
	x := &Executable{client: c, handle: a[6]}
	about := newArgs(x.handle)
	if err := c.plugin.call(loadedExecutable, about); err != nil {
		x.Close()
		return nil, err
	}
	x.about = about[3]
	count := newArgs(x.about)
	if err := c.plugin.call(executableOutputs, count); err != nil {
		x.Close()
		return nil, err
	}
	x.Outputs = int(count[3])
	return x, nil
}

// Upload copies elements to a device, row-major. data may be changed or reused
// as soon as Upload returns.
func (d *Device) Upload(t ElementType, shape []int, data []byte) (*Buffer, error) {
	if want := t.Size() * product(shape); len(data) != want {
		return nil, &Error{"copying to the device", 3, fmt.Sprintf("%d bytes for %v elements of %d, want %d", len(data), shape, t.Size(), want)}
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	dims := make([]int64, len(shape), len(shape)+1)
	for i, n := range shape {
		dims[i] = int64(n)
	}
	a := newArgs(d.client.handle, text(data, &pin), uint64(t))
	if len(dims) > 0 {
		pin.Pin(&dims[0])
		a[5], a[6] = address(&dims[0]), uint64(len(dims))
	}
	a[10] = d.handle
	if err := d.client.plugin.call(bufferFromHost, a); err != nil {
		return nil, err
	}
	b := newBuffer(d.client, a[14])
	if err := d.client.plugin.await(a[13]); err != nil {
		b.Close()
		return nil, err
	}
	runtime.KeepAlive(data)
	return b, nil
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Index finds a device by its number among the client's.
func (c *Client) Index(id int) int {
	return slices.IndexFunc(c.Devices, func(d *Device) bool { return d.ID == id })
}
