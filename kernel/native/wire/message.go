package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"unsafe"
)

// Write makes the message of values: their objects as far as the other side
// does not hold them as they are, then the values. It comes in pieces, of which
// some are the values' own memory: it must be sent before that changes.
func (g *Graph) Write(ts []reflect.Type, ps []unsafe.Pointer) ([][]byte, error) {
	if g.byMap == nil {
		g.byMap = map[unsafe.Pointer]int{}
	}
	if err := g.gather(ts, ps); err != nil {
		return nil, err
	}
	var out [][]byte
	b := binary.AppendUvarint(nil, uint64(len(g.objs)))
	for i, o := range g.objs {
		c := g.content(o)
		if i < g.known && bytes.Equal(c, o.was) {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(append(b, 1), uint64(o.length()))
		b = binary.AppendUvarint(b, uint64(len(c)))
		if len(c) < 4096 {
			b = append(b, c...)
			continue
		}
		out, b = append(out, b, c), nil
	}
	for i, t := range ts {
		b = g.value(b, t, ps[i])
	}
	g.known = len(g.objs)
	return append(out, b), nil
}

// reader decodes a message.
type reader struct {
	g     *Graph
	b     []byte
	err   error
	blobs []blob // of the objects, by number
	queue []int  // objects that were given a type and whose content is to be read
}

type blob struct {
	n    int
	data []byte
	sent bool
}

// Read decodes a message into the values at ps, and what has changed into the
// objects that this side already holds. The message must not change afterwards.
func (g *Graph) Read(msg []byte, ts []reflect.Type, ps []unsafe.Pointer) (err error) {
	r := &reader{g: g, b: msg}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the message does not fit its types: %v", p)
		}
	}()
	if g.byMap == nil {
		g.byMap = map[unsafe.Pointer]int{}
	}
	n := int(r.uint())
	held := len(g.objs)
	for i := 0; i < n && r.err == nil; i++ {
		var bl blob
		if bl.sent = r.byte() == 1; bl.sent {
			bl.n = int(r.uint())
			bl.data = r.take(int(r.uint()))
		}
		r.blobs = append(r.blobs, bl)
		if i >= held {
			g.objs = append(g.objs, nil)
		} else if bl.sent {
			r.queue = append(r.queue, i)
		}
	}
	for i, t := range ts {
		r.value(t, ps[i])
	}
	for len(r.queue) > 0 && r.err == nil {
		i := r.queue[0]
		r.queue = r.queue[1:]
		r.content(g.objs[i], r.blobs[i])
	}
	for i, o := range g.objs {
		if o == nil && r.err == nil {
			r.err = fmt.Errorf("nothing refers to object %d of the message", i)
		}
	}
	g.known = len(g.objs)
	return r.err
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.fail(errShort)
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

// object returns an object, made when it is first met: then its type is known.
func (r *reader) object(i int, t reflect.Type) *object {
	if i < 0 || i >= len(r.g.objs) {
		r.fail(fmt.Errorf("no object %d", i))
		return nil
	}
	if o := r.g.objs[i]; o != nil {
		if o.elem != t {
			r.fail(fmt.Errorf("object %d is a %s, not a %s", i, o.elem, t))
			return nil
		}
		return o
	}
	bl := r.blobs[i]
	if !bl.sent || bl.n < 0 || bl.n > len(bl.data)+1 { // each value takes a byte at least
		r.fail(errShort)
		return nil
	}
	o := &object{elem: t, was: bl.data}
	if t.Kind() == reflect.Map {
		o.m = reflect.MakeMapWithSize(t, bl.n)
		r.g.byMap[o.m.UnsafePointer()] = i
	} else {
		o.n, o.full = bl.n, bl.n
		o.base = reflect.MakeSlice(reflect.SliceOf(t), bl.n, bl.n).UnsafePointer()
	}
	r.g.objs[i] = o
	r.queue = append(r.queue, i)
	return o
}

func (r *reader) content(o *object, bl blob) {
	saved := r.b
	r.b = bl.data
	switch {
	case o.m.IsValid():
		o.m.Clear()
		for i := 0; i < bl.n && r.err == nil; i++ {
			k, v := reflect.New(o.elem.Key()), reflect.New(o.elem.Elem())
			r.value(o.elem.Key(), k.UnsafePointer())
			r.value(o.elem.Elem(), v.UnsafePointer())
			o.m.SetMapIndex(k.Elem(), v.Elem())
		}
	case bl.n != o.n:
		r.fail(fmt.Errorf("%d values for an object of %d", bl.n, o.n))
	case flat(o.elem):
		copy(bytesAt(o.base, o.size()), r.take(int(o.size())))
	default:
		for i := 0; i < o.n && r.err == nil; i++ {
			r.value(o.elem, unsafe.Add(o.base, uintptr(i)*o.elem.Size()))
		}
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail(errors.New("an object is longer than its type"))
	}
	r.b = saved
}

func (r *reader) value(t reflect.Type, p unsafe.Pointer) {
	if r.err != nil {
		return
	}
	if flat(t) {
		copy(bytesAt(p, t.Size()), r.take(int(t.Size())))
		return
	}
	switch t.Kind() {
	case reflect.String:
		*(*string)(p) = string(r.take(int(r.uint())))
	case reflect.Slice:
		s := (*slice)(p)
		switch r.byte() {
		case isNil:
			*s = slice{}
		case isEmpty:
			n := int(r.uint())
			if n < 0 || n > 0 && t.Elem().Size() > 0 {
				r.fail(errShort)
				return
			}
			s.data, s.len, s.cap = reflect.MakeSlice(t, 0, 0).UnsafePointer(), n, n
		default:
			elem, k := run(t.Elem(), 1)
			if o, off := r.place(elem); o != nil {
				n, c := int(r.uint()), int(r.uint())
				full := (o.full - off) / k
				if o.full == o.n { // this side made it
					full = min(full, c)
				}
				if n < 0 || n > full {
					r.fail(errShort)
					return
				}
				s.data, s.len, s.cap = unsafe.Add(o.base, uintptr(off)*elem.Size()), n, full
			}
		}
	case reflect.Pointer:
		switch r.byte() {
		case isNil:
			*(*unsafe.Pointer)(p) = nil
		case isEmpty:
			*(*unsafe.Pointer)(p) = reflect.New(t.Elem()).UnsafePointer()
		default:
			elem, _ := run(t.Elem(), 1)
			if o, off := r.place(elem); o != nil {
				*(*unsafe.Pointer)(p) = unsafe.Add(o.base, uintptr(off)*elem.Size())
			}
		}
	case reflect.Map:
		if r.byte() == isNil {
			reflect.NewAt(t, p).Elem().SetZero()
		} else if o := r.object(int(r.uint()), t); o != nil {
			reflect.NewAt(t, p).Elem().Set(o.m)
		}
	case reflect.Array:
		for i := 0; i < t.Len(); i++ {
			r.value(t.Elem(), unsafe.Add(p, uintptr(i)*t.Elem().Size()))
		}
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			r.value(t.Field(i).Type, unsafe.Add(p, t.Field(i).Offset))
		}
	case reflect.Interface:
		v := reflect.NewAt(t, p).Elem()
		if r.byte() == isNil {
			v.SetZero()
			return
		}
		v.Set(reflect.ValueOf(&Error{string(r.take(int(r.uint())))}))
	default:
		r.fail(fmt.Errorf("a %s cannot be passed", t))
	}
}

// place reads a reference: an object and the offset of a value in it.
func (r *reader) place(elem reflect.Type) (*object, int) {
	o := r.object(int(r.uint()), elem)
	off := int(r.uint())
	if o != nil && (off < 0 || off >= o.n) {
		r.fail(errShort)
		return nil, 0
	}
	return o, off
}

// Error is an error of the other side: its text.
type Error struct{ text string }

func (e *Error) Error() string { return e.text }
