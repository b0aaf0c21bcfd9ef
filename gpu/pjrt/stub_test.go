package pjrt

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"divvy/install/pyenv"
)

// build compiles a C file of testdata to a library.
func build(t *testing.T, source string, flags ...string) string {
	t.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	if _, err := exec.LookPath(cc); err != nil {
		pyenv.Missing(t, "a C compiler is needed for the strict stub plug-in: apt install gcc")
	}
	out := filepath.Join(t.TempDir(), "lib"+strings.TrimSuffix(source, ".c")+".so")
	args := append([]string{"-std=gnu11", "-shared", "-fPIC", "-o", out, filepath.Join("testdata", source)}, flags...)
	if text, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// stub is a loaded stub with what it noted.
type stub struct {
	*Plugin
	t       *testing.T
	library uintptr
}

func load(t *testing.T, flags ...string) *stub {
	t.Helper()
	path := build(t, "stub.c", flags...)
	p, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	lib, err := open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	return &stub{p, t, lib}
}

func (s *stub) call(name string, a ...uintptr) uint64 {
	f, err := symbol(s.library, name)
	if err != nil {
		s.t.Fatal(err)
	}
	return uint64(call(f, a...))
}

// kinds of things that the stub counts.
var things = []string{"", "errors", "events", "clients", "devices", "descriptions", "loaded executables", "executables", "buffers"}

// done checks that the stub noted nothing and that all it made has ended.
func (s *stub) done() {
	s.t.Helper()
	at := s.call("stub_notes")
	text := unsafe.Slice((*byte)(pointer(at)), 4096)
	if n := slices.Index(text, 0); n > 0 {
		s.t.Errorf("the stub noted:\n%s", text[:n])
	}
	for k, name := range things {
		if name == "" || name == "devices" || name == "descriptions" {
			continue // they live as long as the plug-in
		}
		if n := int32(s.call("stub_count", uintptr(k))); n != 0 {
			s.t.Errorf("%d %s never ended", n, name)
		}
	}
}

func (s *stub) client(o ...Option) *Client {
	s.t.Helper()
	c, err := s.NewClient(o...)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// TestWholeLife: everything is made, used and ended once, in order.
func TestWholeLife(t *testing.T) {
	t.Setenv("XLA_FLAGS", "")
	s := load(t)
	attributes, err := s.Attributes()
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := attributes["stablehlo_current_version"].([]int64); attributes["xla_version"] != int64(2) || !slices.Equal(v, []int64{1, 16, 1}) {
		t.Errorf("the attributes are %v", attributes)
	}
	c := s.client(Option{"allocator", "bfc"}, Option{"memory_fraction", float32(0.95)}, Option{"preallocate", true}, Option{"nodes", 3}, Option{"ids", []int64{4, 5}})
	if want := "allocator=bfc;memory_fraction=0.95;preallocate=true;nodes=3;ids=4 of 2;"; c.Version != want || c.Platform != "stub" {
		t.Errorf("the client is %q with options %q, want %q", c.Platform, c.Version, want)
	}
	if len(c.Devices) != 2 || c.Devices[1].ID != 8 || !strings.HasPrefix(c.Devices[1].Kind, "Stub 1000") || c.Index(8) != 1 || c.Index(9) != -1 {
		t.Errorf("the devices are %+v", c.Devices)
	}
	if m, err := c.Devices[0].Memory(); err != nil || m != (Stats{100, 300, 1000}) {
		t.Errorf("memory %+v, %v", m, err)
	}
	x, err := c.Compile([]byte("outputs=3 donate=1"), CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := x.Memory(); err != nil || m != (Plan{3, 4, 5, 6, 7, 13}) {
		t.Errorf("plan %+v, %v", m, err)
	}
	a, b := put(t, c.Devices[0], "one!"), put(t, c.Devices[1], "two!")
	out, err := x.Execute([][]*Buffer{{a, b}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"one!", "two!", "one!"} {
		if got := get(t, out[0][i]); got != want {
			t.Errorf("result %d is %q, want %q", i, got, want)
		}
	}
	if gone, err := a.Deleted(); !gone || err != nil {
		t.Errorf("the donated argument is there: %v", err)
	}
	if gone, err := b.Deleted(); gone || err != nil {
		t.Errorf("the other argument is gone: %v", err)
	}
	if n, err := b.Size(); n != 4 || err != nil {
		t.Errorf("size %d, %v", n, err)
	}
	if err := b.Wait(); err != nil {
		t.Error(err)
	}
	for range 2 { // a second time nothing happens
		for _, e := range []error{a.Close(), b.Close(), out[0][0].Close(), out[0][1].Close(), out[0][2].Close(), x.Close(), c.Close()} {
			if e != nil {
				t.Error(e)
			}
		}
	}
	if _, err := x.Execute([][]*Buffer{{b}}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("executing with a closed buffer: %v", err)
	}
	if err := b.Download(make([]byte, 4)); err == nil {
		t.Error("a closed buffer was read")
	}
	s.done()
}

func put(t *testing.T, d *Device, data string) *Buffer {
	t.Helper()
	b, err := d.Upload(F32, []int{len(data) / 4}, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func get(t *testing.T, b *Buffer) string {
	t.Helper()
	out := make([]byte, 4)
	if err := b.Download(out); err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestSeveralDevices: lists of arguments and results for each.
func TestSeveralDevices(t *testing.T) {
	s := load(t)
	c := s.client()
	x, err := c.Compile([]byte("outputs=1"), CompileOptions{Replicas: 2, Devices: []int{7, 8}})
	if err != nil {
		t.Fatal(err)
	}
	a, b := put(t, c.Devices[0], "here"), put(t, c.Devices[1], "over")
	out, err := x.Execute([][]*Buffer{{a}, {b}})
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, out[0][0]) + get(t, out[1][0]); got != "hereover" {
		t.Errorf("the results are %q", got)
	}
	for _, b := range []*Buffer{a, b, out[0][0], out[1][0]} {
		b.Close()
	}
	x.Close()
	c.Close()
	s.done()
}

// TestErrors: an error carries the plug-in's words and code, and nothing is
// left behind.
func TestErrors(t *testing.T) {
	s := load(t)
	code := func(err error) int {
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%v is no *Error", err)
		}
		return e.Code
	}
	if _, err := s.NewClient(Option{"no_device", true}); code(err) != 5 || !strings.Contains(err.Error(), "creating a client: no device was found, said the stub") {
		t.Errorf("client: %v", err)
	}
	if _, err := s.NewClient(Option{"x", 1.5}); err == nil || !strings.Contains(err.Error(), "float64") {
		t.Errorf("an option of a wrong type: %v", err)
	}
	c := s.client()
	if _, err := c.Compile([]byte("refuse"), CompileOptions{}); code(err) != 3 || !strings.Contains(err.Error(), "compiling: line 1: the stub does not like it") {
		t.Errorf("compiling: %v", err)
	}
	if _, err := c.Compile(nil, CompileOptions{}); code(err) != 3 {
		t.Errorf("compiling nothing: %v", err)
	}
	if _, err := c.Devices[0].Upload(F32, []int{2}, []byte("four")); code(err) != 3 {
		t.Errorf("uploading too little: %v", err)
	}
	for _, r := range []struct {
		module, words string
		code          int
		taken         bool
	}{
		{"outputs=1 donate=1 crash", "illegal memory access", 13, true},
		{"outputs=1 donate=1 full", "out of memory", ResourceExhausted, false},
		{"outputs=1 donate=1 late", "the device fell over", 13, true},
	} {
		x, err := c.Compile([]byte(r.module), CompileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		b := put(t, c.Devices[0], "data")
		if _, err := x.Execute([][]*Buffer{{b}}); code(err) != r.code || !strings.Contains(err.Error(), r.words) {
			t.Errorf("%s: %v", r.module, err)
		}
		if gone, _ := b.Deleted(); gone != r.taken {
			t.Errorf("%s: the argument is taken: %v", r.module, gone)
		}
		b.Close()
		x.Close()
	}
	b := put(t, c.Devices[0], "data")
	if err := b.Download(make([]byte, 3)); code(err) != 3 {
		t.Errorf("downloading too little: %v", err)
	}
	b.Close()
	c.Close()
	s.done()
}

// TestUnreachableBuffers: what nobody holds any more is freed.
func TestUnreachableBuffers(t *testing.T) {
	s := load(t)
	c := s.client()
	for range 100 {
		put(t, c.Devices[0], "lost")
	}
	for range 200 { // cleanups run some time after a collection
		runtime.GC()
		if s.call("stub_count", 8) == 0 {
			break
		}
	}
	c.Close()
	s.done()
}

// TestCompileOptions: the bytes that the plug-in is given.
func TestCompileOptions(t *testing.T) {
	s := load(t)
	c := s.client()
	x, err := c.Compile([]byte("outputs=0"), CompileOptions{Replicas: 2, Devices: []int{7, 300}, Overrides: map[string]any{"on": true, "level": 3, "dir": "/x", "share": 0.5}})
	if err != nil {
		t.Fatal(err)
	}
	got := unsafe.Slice((*byte)(pointer(s.call("stub_options"))), s.call("stub_options_size"))
	want := "\x1a\x1c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x20\x02\x28\x01\x4a\x0b\x08\x02\x10\x01\x1a\x05\x0a\x03\x07\xac\x02"
	for _, entry := range []string{"\x0a\x03dir\x12\x04\x0a\x02/x", "\x0a\x05level\x12\x02\x18\x03", "\x0a\x02on\x12\x02\x10\x01", "\x0a\x05share\x12\x09\x21\x00\x00\x00\x00\x00\x00\xe0\x3f"} {
		want += "\x3a" + string(rune(len(entry))) + entry
	}
	if string(got) != want {
		t.Errorf("the options are\n%q, want\n%q", got, want)
	}
	x.Close()
	c.Close()
	s.done()
}

// TestLoadRefuses: a library that is no plug-in, or one for another time.
func TestLoadRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"a missing file", filepath.Join(t.TempDir(), "nothing.so"), "nothing.so"},
		{"a text", text, "text.so"},
		{"no GetPjrtApi", build(t, "stub.c", "-DNO_API"), "GetPjrtApi"},
		{"too old", build(t, "stub.c", "-DMINOR=30"), "version 0.30"},
		{"another major version", build(t, "stub.c", "-DMAJOR=1"), "version 1.100"},
		{"a missing dependency", build(t, "stub.c", "-DNEEDS=stub_of_nobody"), "stub_of_nobody"},
	} {
		_, err := Load(c.path)
		if !errors.Is(err, ErrNoPlugin) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), filepath.Base(c.path)) {
			t.Errorf("%s: the error is %v", c.name, err)
		}
	}
}

// TestPreload: a plug-in finds what was loaded before it.
func TestPreload(t *testing.T) {
	dependency, plugin := build(t, "dependency.c"), build(t, "stub.c", "-DNEEDS=stub_dependency")
	if _, err := Load(plugin, dependency+".missing"); !errors.Is(err, ErrNoPlugin) || !strings.Contains(err.Error(), "dependency.so.missing") {
		t.Errorf("with a dependency that is missing: %v", err)
	}
	if _, err := Load(plugin, dependency); err != nil {
		t.Error(err)
	}
}

// TestShorterTable: what an older plug-in lacks is an error when it is asked
// for, not a jump into nothing.
func TestShorterTable(t *testing.T) {
	s := load(t, "-DWORDS=80")
	c := s.client()
	x, err := c.Compile([]byte("outputs=0"), CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, err := x.Memory(); !errors.As(err, &e) || e.Code != Unimplemented {
		t.Errorf("the memory plan of a plug-in that has none: %v", err)
	}
	x.Close()
	c.Close()
	s.done()
}

// memory is a store of one process.
type memory struct {
	mu     sync.Mutex
	values map[string]string
}

func (m *memory) Put(key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = string(value)
	return nil
}

func (m *memory) Get(key string, wait time.Duration) ([]byte, error) {
	for end := time.Now().Add(wait); ; time.Sleep(time.Millisecond) {
		m.mu.Lock()
		v, ok := m.values[key]
		m.mu.Unlock()
		if ok {
			return []byte(v), nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("nobody has put %s", key)
		}
	}
}

// TestAmong: clients of several processes find each other in the store, by
// callbacks on threads of the plug-in's; what is not there is an error with its
// code, and every value that is lent is given back.
func TestAmong(t *testing.T) {
	s := load(t, "-pthread")
	store := &memory{values: map[string]string{}}
	store.Put("stub/1", []byte("node 1")) // as if that one had come first
	for i := range 2 {
		c, err := s.NewClientAmong(store, Option{"node_id", i}, Option{"num_nodes", 2})
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("node_id=%d;num_nodes=2;node 0, node 1, and no more", i); c.Version != want {
			t.Errorf("client %d met %q, want %q", i, c.Version, want)
		}
		c.Close()
	}
	if _, err := s.NewClientAmong(store); err == nil || !strings.Contains(err.Error(), "who is it?") {
		t.Errorf("a client among nobody: %v", err)
	}
	s.done()
}
