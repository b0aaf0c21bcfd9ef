// Package helper is the main loop of a program that a %%native cell was
// compiled into: it takes calls from the kernel on descriptor 3 and answers on
// descriptor 4, and ends when descriptor 5 does. It is compiled into that program, not into the kernel, and
// imports only the standard library and package wire.
package helper

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime/debug"
	"unsafe"

	"divvy/kernel/native/wire"
)

// maxStack bounds a goroutine's stack, as in the kernel's worker: a recursion
// without end then costs 256 MB and not 1 GB before it is told.
const maxStack = 256 << 20

// How a call ended, the first byte of an answer.
const (
	Returned = iota
	Panicked
	Failed // the call could not be made
)

// Serve answers calls until the kernel closes the pipe.
func Serve(funcs []any) {
	debug.SetMaxStack(maxStack)
	in, out, life := os.NewFile(3, "calls"), os.NewFile(4, "answers"), os.NewFile(5, "life")
	go func() { // nothing is ever written there
		life.Read(make([]byte, 1))
		os.Exit(0) // the kernel is gone, whatever runs here
	}()
	for {
		msg, err := Receive(in)
		if err != nil {
			return
		}
		if Send(out, answer(funcs, msg)) != nil {
			return
		}
	}
}

// answer makes a call.
func answer(funcs []any, msg []byte) [][]byte {
	fail := func(err error) [][]byte { return [][]byte{append([]byte{Failed}, err.Error()...)} }
	i, n := binary.Uvarint(msg)
	if n <= 0 || i >= uint64(len(funcs)) {
		return fail(fmt.Errorf("no function %d", i))
	}
	f := reflect.ValueOf(funcs[i])
	var ts []reflect.Type
	var ps []unsafe.Pointer
	var args []reflect.Value
	for k := 0; k < f.Type().NumIn(); k++ {
		v := reflect.New(f.Type().In(k))
		ts, ps, args = append(ts, f.Type().In(k)), append(ps, v.UnsafePointer()), append(args, v.Elem())
	}
	g := &wire.Graph{}
	if err := g.Read(msg[n:], ts, ps); err != nil {
		return fail(err)
	}
	results, thrown := call(f, args)
	head := []byte{Returned}
	if thrown != nil {
		head = binary.AppendUvarint([]byte{Panicked}, uint64(len(thrown)))
		head = append(head, thrown...)
	}
	for _, v := range results {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		ts, ps = append(ts, v.Type()), append(ps, p.UnsafePointer())
	}
	pieces, err := g.Write(ts, ps)
	if err != nil {
		return fail(err)
	}
	return append([][]byte{head}, pieces...)
}

// The kinds of a panic's value.
const (
	ThrewRuntimeError = iota
	ThrewError
	ThrewString
	ThrewOther
)

// call calls f. A panic comes back as its kind, its text and the stack.
func call(f reflect.Value, args []reflect.Value) (results []reflect.Value, thrown []byte) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		kind, text := byte(ThrewOther), fmt.Sprint(p)
		switch v := p.(type) {
		case interface {
			error
			RuntimeError()
		}:
			kind, text = ThrewRuntimeError, v.Error()
		case error:
			kind = ThrewError
		case string:
			kind = ThrewString
		default:
			text = fmt.Sprintf("%T(%v)", p, p)
		}
		results = nil
		thrown = binary.AppendUvarint([]byte{kind}, uint64(len(text)))
		thrown = append(append(thrown, text...), debug.Stack()...)
	}()
	if f.Type().IsVariadic() {
		return f.CallSlice(args), nil
	}
	return f.Call(args), nil
}

// Send writes a message: its length, then its pieces.
func Send(w io.Writer, pieces [][]byte) error {
	total := 0
	for _, p := range pieces {
		total += len(p)
	}
	head := binary.LittleEndian.AppendUint64(nil, uint64(total))
	for _, p := range pieces {
		if len(p) < 64<<10 {
			head = append(head, p...)
			continue
		}
		if _, err := w.Write(head); err != nil {
			return err
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
		head = head[:0]
	}
	if len(head) == 0 {
		return nil
	}
	_, err := w.Write(head)
	return err
}

// Receive reads a message.
func Receive(r io.Reader) ([]byte, error) {
	// Most messages are short: one read then takes all of it.
	buf := make([]byte, 512)
	n, err := io.ReadAtLeast(r, buf, 8)
	if err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint64(buf)
	if size > 1<<40 {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	if uint64(n-8) >= size {
		return buf[8 : 8+size], nil
	}
	msg := make([]byte, size)
	have := copy(msg, buf[8:n])
	_, err = io.ReadFull(r, msg[have:])
	return msg, err
}
