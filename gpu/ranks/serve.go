package ranks

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"unsafe"

	"divvy/gpu/program"
)

// The settings of a process, in its environment.
const (
	rankSetting = "DIVVY_RANK"     // "2/8": the third of eight
	dirSetting  = "DIVVY_RANK_DIR" // where their sockets are
)

// Place is a process's number among how many, and the folder that they share.
// ok is false in a process that no Device has started.
func Place() (rank, ranks int, dir string, ok bool) {
	n, err := fmt.Sscanf(os.Getenv(rankSetting), "%d/%d", &rank, &ranks)
	return rank, ranks, os.Getenv(dirSetting), err == nil && n == 2
}

// Main is what a process does that a Device has started: it joins the others,
// opens its device and serves until the Device's process ends. Interrupts are
// the Device's affair.
func Main(open func(g program.Group) (program.Device, error)) error {
	rank, ranks, dir, ok := Place()
	if !ok {
		return errors.New("ranks: this process was not started as one of several")
	}
	signal.Ignore(os.Interrupt)
	// The folder goes with the Device's process, which cannot see to it when it
	// is killed; then this process ends, too, even if the others never come.
	gone := func() {
		os.RemoveAll(dir)
		os.Exit(0)
	}
	in := newInput(os.Stdin, gone)
	out := os.Stdout
	os.Stdout = os.Stderr // what is printed must not get among the answers
	m, err := Join(dir, rank, ranks)
	if err != nil {
		return err
	}
	dev, err := open(m)
	if err != nil {
		return err
	}
	return Serve(in, out, dev, m.Close, gone)
}

// input is a pipe of which the end is seen before anyone reads.
type input struct {
	*bufio.Reader
	begun chan struct{} // something has come
}

func newInput(r io.Reader, ended func()) input {
	in := input{bufio.NewReader(r), make(chan struct{})}
	go func() {
		defer close(in.begun)
		if _, err := in.Peek(1); err != nil {
			ended()
		}
	}()
	return in
}

func (in input) Read(b []byte) (int, error) {
	<-in.begun
	return in.Reader.Read(b)
}

func (in input) ReadByte() (byte, error) {
	<-in.begun
	return in.Reader.ReadByte()
}

// tensor is a program.Tensor on the wire.
type tensor struct {
	Type  program.DType
	Shape []int
	Raw   []byte
}

// request is what a process is told to do; of its fields those of the Do count.
type request struct {
	Do      string // "compile", "upload", "write", "download", "run", "available"
	ID      int    // of a buffer or an executable; new ones are numbered by the asker
	Drop    []int  // buffers and executables that nobody needs any more
	Tensor  *tensor
	Program *program.Wire
	State   map[string]int
	Data    map[string]*tensor
}

// reply answers a request.
type reply struct {
	Error   string
	Gone    bool // the error is that another rank has ended
	Memory  program.Memory
	Tensor  *tensor
	Outputs map[string]*tensor
	Name    string
	// Available is of "available".
	Available int64
}

// Serve does what a Device tells it, on a device of this process, until in ends.
// Requests are read while others are carried out, so that the end of the
// Device's process is seen, and called by ended, at once.
func Serve(in io.Reader, out io.Writer, dev program.Device, broken func(), ended func()) error {
	requests := make(chan request, 1)
	go func() {
		d := gob.NewDecoder(in)
		for {
			var r request
			if d.Decode(&r) != nil {
				ended()
				close(requests)
				return
			}
			requests <- r
		}
	}()
	s := server{dev: dev, buffers: map[int]program.Buffer{}, exes: map[int]program.Executable{}}
	e := gob.NewEncoder(out)
	if err := e.Encode(reply{Name: dev.Name()}); err != nil {
		return err
	}
	for r := range requests {
		a, err := s.do(r)
		if err != nil {
			a = reply{Error: err.Error(), Gone: errors.Is(err, errGone)}
			if r.Do == "run" {
				broken() // the others wait for what will not come
			}
		}
		if err := e.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

type server struct {
	dev     program.Device
	buffers map[int]program.Buffer
	exes    map[int]program.Executable
}

func (s *server) do(r request) (a reply, err error) {
	for _, id := range r.Drop {
		delete(s.buffers, id)
		delete(s.exes, id)
	}
	switch r.Do {
	case "upload":
		s.buffers[r.ID], err = s.dev.Upload(r.Tensor.host())
	case "write":
		err = s.buffers[r.ID].Write(r.Tensor.host())
	case "download":
		var t *program.Tensor
		if t, err = s.buffers[r.ID].Download(); err == nil {
			a.Tensor = wire(t)
		}
	case "compile":
		var e program.Executable
		if e, err = s.dev.Compile(r.Program.Program()); err == nil {
			s.exes[r.ID], a.Memory = e, e.Memory()
		}
	case "run":
		in := program.Bindings{State: map[string]program.Buffer{}, Data: map[string]*program.Tensor{}}
		for name, id := range r.State {
			in.State[name] = s.buffers[id]
		}
		for name, t := range r.Data {
			in.Data[name] = t.host()
		}
		var out map[string]*program.Tensor
		// A rank cannot stop on its own: the others would wait for it.
		if out, err = s.exes[r.ID].Run(context.Background(), in); err == nil {
			a.Outputs = map[string]*tensor{}
			for name, t := range out {
				a.Outputs[name] = wire(t)
			}
		}
	case "available":
		own, ok := s.dev.(interface{ Available() (int64, error) })
		if !ok {
			return a, errors.New("the device has no memory of its own")
		}
		a.Available, err = own.Available()
	default:
		err = fmt.Errorf("%q is nothing that a rank does", r.Do)
	}
	return a, err
}

// wire gives a tensor with its own memory as bytes.
func wire(t *program.Tensor) *tensor {
	w := &tensor{Type: t.Type, Shape: t.Shape}
	switch t.Type {
	case program.F64:
		w.Raw = raw(t.F64)
	case program.I32:
		w.Raw = raw(t.I32)
	case program.U8:
		w.Raw = t.U8
	default:
		w.Raw = raw(t.F32)
	}
	return w
}

// host copies a tensor from the wire.
func (w *tensor) host() *program.Tensor {
	t := program.NewTensor(w.Type, w.Shape...)
	copy(wire(t).Raw, w.Raw)
	return t
}

func raw[T float32 | float64 | int32](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0])))
}
