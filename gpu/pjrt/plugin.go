package pjrt

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"unsafe"
)

// ErrNoPlugin says that a library cannot be used as a plug-in; the error that
// wraps it says which and why.
var ErrNoPlugin = errors.New("not a usable PJRT plug-in")

// The versions of the interface that this client was checked against by hand:
// the places of the functions below are the same in all of them.
const (
	major       = 0
	oldestMinor = 60
)

// function is a place in the plug-in's table, in words.
type function int

// The functions that are used.
const (
	errorDestroy       function = 5
	errorMessage       function = 6
	errorGetCode       function = 7
	pluginInitialize   function = 8
	pluginAttributes   function = 9
	eventDestroy       function = 10
	eventAwait         function = 13
	clientCreate       function = 15
	clientDestroy      function = 16
	clientPlatformName function = 17
	clientVersion      function = 19
	clientAddressable  function = 21
	clientCompile      function = 25
	bufferFromHost     function = 27
	descriptionID      function = 28
	descriptionKind    function = 31
	deviceDescription  function = 34
	deviceMemoryStats  function = 39
	executableDestroy  function = 45
	executableOutputs  function = 49
	loadedDestroy      function = 55
	loadedExecutable   function = 56
	loadedExecute      function = 60
	bufferDestroy      function = 63
	bufferOnDeviceSize function = 69
	bufferIsDeleted    function = 73
	bufferToHost       function = 75
	bufferReady        function = 77
	topologyCreate     function = 87
	topologyDestroy    function = 88
	compileFor         function = 94
	executableMemory   function = 101
	tableWords                  = 102
)

// names of the functions, for messages.
func (f function) String() string {
	switch f {
	case pluginInitialize:
		return "initializing the plug-in"
	case pluginAttributes:
		return "reading the plug-in's attributes"
	case eventAwait:
		return "waiting"
	case clientCreate:
		return "creating a client"
	case clientCompile, compileFor:
		return "compiling"
	case bufferFromHost:
		return "copying to the device"
	case bufferToHost:
		return "copying from the device"
	case loadedExecute:
		return "executing"
	case deviceMemoryStats:
		return "reading memory statistics"
	case topologyCreate:
		return "describing a device"
	case executableMemory:
		return "reading an executable's memory plan"
	default:
		return fmt.Sprintf("calling function %d of the plug-in", int(f))
	}
}

// Error is an error of a plug-in.
type Error struct {
	Doing string // what was being done
	Code  int    // as in absl::StatusCode
	Text  string // the plug-in's words
}

func (e *Error) Error() string { return fmt.Sprintf("pjrt: %s: %s", e.Doing, e.Text) }

// The codes that callers tell apart.
const (
	ResourceExhausted = 8
	Unimplemented     = 12
)

// args is a structure of arguments: words, of which the first is the size.
type args [64]uint64

func newArgs(words ...uint64) *args {
	a := new(args)
	a[0] = uint64(unsafe.Sizeof(*a))
	copy(a[2:], words)
	return a
}

// Plugin is a loaded plug-in. It stays loaded for the life of the process.
type Plugin struct {
	// Path is the library.
	Path string
	// Major and Minor are the version of the interface that it was built for.
	Major, Minor int
	// Unloaded is why libraries that were to be loaded before it were not. A
	// plug-in that never comes to need them works all the same.
	Unloaded []error

	table *[tableWords]uintptr
	words int // of the table
}

// Load opens the library at path. Those of preload are opened first, in order
// and with their symbols visible to all: what the plug-in opens by name later is
// then found among them. One that cannot be opened is noted and passed over.
func Load(path string, preload ...string) (*Plugin, error) {
	var unloaded []error
	for _, lib := range preload {
		if _, err := open(lib, true); err != nil {
			unloaded = append(unloaded, fmt.Errorf("loading %s: %w", lib, err))
		}
	}
	handle, err := open(path, false)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoPlugin, path, errors.Join(append(unloaded, err)...))
	}
	get, err := symbol(handle, "GetPjrtApi")
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoPlugin, path, err)
	}
	at := call(get)
	if at == 0 {
		return nil, fmt.Errorf("%w: %s: GetPjrtApi returned nothing", ErrNoPlugin, path)
	}
	p := &Plugin{Path: path, Unloaded: unloaded, table: (*[tableWords]uintptr)(pointer(uint64(at)))}
	p.words = int(p.table[0] / unsafe.Sizeof(uintptr(0)))
	version := (*[2]int32)(unsafe.Pointer(&p.table[4]))
	p.Major, p.Minor = int(version[0]), int(version[1])
	if p.Major != major || p.Minor < oldestMinor {
		return nil, fmt.Errorf("%w: %s speaks version %d.%d of the interface, wanted is %d.%d or a later %d.x", ErrNoPlugin, path, p.Major, p.Minor, major, oldestMinor, major)
	}
	if err := p.call(pluginInitialize, newArgs()); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoPlugin, path, err)
	}
	return p, nil
}

// has says whether the plug-in's table has a function.
func (p *Plugin) has(f function) bool { return int(f) < p.words && p.table[f] != 0 }

// call calls a function that gives an error or nothing.
func (p *Plugin) call(f function, a *args) error {
	if !p.has(f) {
		return &Error{f.String(), Unimplemented, fmt.Sprintf("the plug-in %s (interface %d.%d) lacks it", p.Path, p.Major, p.Minor)}
	}
	r := call(p.table[f], uintptr(unsafe.Pointer(a)))
	runtime.KeepAlive(a)
	if r == 0 {
		return nil
	}
	return p.take(f, uint64(r))
}

// take makes a Go error of a plug-in's and frees that.
func (p *Plugin) take(f function, e uint64) error {
	code, text := newArgs(e), newArgs(e)
	if r := call(p.table[errorGetCode], uintptr(unsafe.Pointer(code))); r != 0 {
		p.free(uint64(r))
	}
	call(p.table[errorMessage], uintptr(unsafe.Pointer(text)))
	err := &Error{f.String(), int(int32(code[3])), str(text[3], text[4])}
	p.free(e)
	return err
}

func (p *Plugin) free(e uint64) {
	a := newArgs(e)
	call(p.table[errorDestroy], uintptr(unsafe.Pointer(a)))
	runtime.KeepAlive(a)
}

// destroy calls a function that takes a single thing and ends its life.
func (p *Plugin) destroy(f function, thing uint64) error { return p.call(f, newArgs(thing)) }

// await waits for an event and ends its life.
func (p *Plugin) await(event uint64) error {
	if event == 0 {
		return nil
	}
	return errors.Join(p.call(eventAwait, newArgs(event)), p.destroy(eventDestroy, event))
}

// Attributes are what the plug-in says about itself, for example "xla_version".
func (p *Plugin) Attributes() (map[string]any, error) {
	a := newArgs()
	if err := p.call(pluginAttributes, a); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for i := range a[3] {
		// A structure of 56 bytes; a newer plug-in's may be longer.
		v := (*[7]uint64)(pointer(a[2] + i*size(a[2])))
		out[str(v[2], v[3])] = value(v)
	}
	return out, nil
}

// size is the length of the first structure of an array.
func size(at uint64) uint64 { return *(*uint64)(pointer(at)) }

// value reads a PJRT_NamedValue.
func value(v *[7]uint64) any {
	switch int32(v[4]) {
	case kindString:
		return str(v[5], v[6])
	case kindInt64:
		return int64(v[5])
	case kindInt64List:
		return append([]int64{}, unsafe.Slice((*int64)(pointer(v[5])), v[6])...)
	case kindFloat:
		return math.Float32frombits(uint32(v[5]))
	default:
		return v[5]&1 == 1
	}
}

// pointer reads an address that a plug-in gave.
func pointer(at uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&at)) }

// str copies n bytes of a plug-in.
func str(at, n uint64) string {
	if at == 0 || n == 0 {
		return ""
	}
	return string(unsafe.Slice((*byte)(pointer(at)), n))
}
