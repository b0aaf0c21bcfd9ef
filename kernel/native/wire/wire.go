package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"unsafe"
)

// object is memory that references lead to: n values of a type side by side,
// or a map.
type object struct {
	elem reflect.Type // of a value; the map's type
	base unsafe.Pointer
	n    int
	full int           // values that slices of it can reach by their capacity
	m    reflect.Value // the map
	was  []byte        // what was written or read of it
}

func (o *object) size() uintptr { return uintptr(o.n) * o.elem.Size() }
func (o *object) end() uintptr  { return uintptr(o.base) + o.size() }

// Graph is the objects of a call, on either side of it.
type Graph struct {
	objs  []*object
	byMap map[unsafe.Pointer]int
	order []int // of objs that are not maps, by address
	known int   // how many the other side has
}

// slice is a slice's header.
type slice struct {
	data     unsafe.Pointer
	len, cap int
}

var errorType = reflect.TypeOf((*error)(nil)).Elem()

// flat reports whether values of t hold no reference, so that their bytes are
// their meaning.
func flat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return true
	case reflect.Array:
		return flat(t.Elem())
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			if !flat(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return false
}

// run is t as a number of side by side values that are no arrays.
func run(t reflect.Type, n int) (reflect.Type, int) {
	for t.Kind() == reflect.Array && t.Len() > 0 {
		t, n = t.Elem(), n*t.Len()
	}
	return t, n
}

// bytesAt is memory as bytes.
func bytesAt(p unsafe.Pointer, n uintptr) []byte { return unsafe.Slice((*byte)(p), int(n)) }

// region is memory that was met on the way through the values.
type region struct {
	elem reflect.Type
	base unsafe.Pointer
	n    int
	full int
}

// collector walks through values and gathers the memory that they reach.
type collector struct {
	g    *Graph
	seen map[region]bool
	list []region
}

func (c *collector) add(t reflect.Type, p unsafe.Pointer, n, full int) {
	t, k := run(t, 1)
	r := region{t, p, n * k, 0}
	if r.n == 0 || t.Size() == 0 || c.seen[r] {
		return
	}
	c.seen[r] = true
	r.full = full * k
	c.list = append(c.list, r)
	if !flat(t) {
		for i := 0; i < r.n; i++ {
			c.walk(t, unsafe.Add(p, uintptr(i)*t.Size()))
		}
	}
}

func (c *collector) object(o *object) {
	if !o.m.IsValid() {
		c.add(o.elem, o.base, o.n, o.full)
		return
	}
	p := reflect.New(o.elem)
	p.Elem().Set(o.m)
	c.walk(o.elem, p.UnsafePointer())
}

func (c *collector) walk(t reflect.Type, p unsafe.Pointer) {
	switch t.Kind() {
	case reflect.Slice:
		s := (*slice)(p)
		c.add(t.Elem(), s.data, s.len, s.cap)
	case reflect.Pointer:
		if q := *(*unsafe.Pointer)(p); q != nil {
			c.add(t.Elem(), q, 1, 1)
		}
	case reflect.Map:
		m := reflect.NewAt(t, p).Elem()
		if m.IsNil() {
			return
		}
		if _, ok := c.g.byMap[m.UnsafePointer()]; !ok {
			c.g.byMap[m.UnsafePointer()] = len(c.g.objs)
			c.g.objs = append(c.g.objs, &object{elem: t, m: m})
		} else if c.seen[region{elem: t, base: m.UnsafePointer()}] {
			return
		}
		c.seen[region{elem: t, base: m.UnsafePointer()}] = true
		if flat(t.Key()) && flat(t.Elem()) {
			return
		}
		for it := m.MapRange(); it.Next(); {
			k, v := settable(it.Key()), settable(it.Value())
			c.walk(t.Key(), k)
			c.walk(t.Elem(), v)
		}
	case reflect.Array:
		if !flat(t.Elem()) {
			for i := 0; i < t.Len(); i++ {
				c.walk(t.Elem(), unsafe.Add(p, uintptr(i)*t.Elem().Size()))
			}
		}
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			c.walk(t.Field(i).Type, unsafe.Add(p, t.Field(i).Offset))
		}
	}
}

// settable copies a value to memory of its own.
func settable(v reflect.Value) unsafe.Pointer {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p.UnsafePointer()
}

// gather adds to the graph what the values at ps reach.
func (g *Graph) gather(ts []reflect.Type, ps []unsafe.Pointer) error {
	c := &collector{g: g, seen: map[region]bool{}}
	for _, o := range g.objs[:g.known] { // also of what the values no longer reach
		c.object(o)
	}
	for i, t := range ts {
		c.walk(t, ps[i])
	}
	sort.Slice(c.list, func(i, j int) bool { return uintptr(c.list[i].base) < uintptr(c.list[j].base) })
	g.sortObjects()
	var last *object
	for _, r := range c.list {
		if g.holds(r) {
			continue
		}
		if last != nil && uintptr(r.base) < last.end() {
			if r.elem != last.elem || (uintptr(r.base)-uintptr(last.base))%r.elem.Size() != 0 {
				return fmt.Errorf("a %s and a %s share memory, which cannot be passed to another process", last.elem, r.elem)
			}
			off := int((uintptr(r.base) - uintptr(last.base)) / r.elem.Size())
			last.n, last.full = max(last.n, off+r.n), max(last.full, off+r.full)
			continue
		}
		last = &object{elem: r.elem, base: r.base, n: r.n, full: r.full}
		g.objs = append(g.objs, last)
	}
	g.sortObjects()
	for i := 1; i < len(g.order); i++ {
		a, b := g.objs[g.order[i-1]], g.objs[g.order[i]]
		if uintptr(b.base) < a.end() {
			return fmt.Errorf("a %s and a %s share memory, which cannot be passed to another process", a.elem, b.elem)
		}
	}
	return nil
}

func (g *Graph) sortObjects() {
	g.order = g.order[:0]
	for i, o := range g.objs {
		if !o.m.IsValid() {
			g.order = append(g.order, i)
		}
	}
	sort.Slice(g.order, func(i, j int) bool { return uintptr(g.objs[g.order[i]].base) < uintptr(g.objs[g.order[j]].base) })
}

// holds reports whether an object of the graph covers a region.
func (g *Graph) holds(r region) bool {
	i := g.find(r.base)
	if i < 0 {
		return false
	}
	o := g.objs[i]
	return o.elem == r.elem && uintptr(r.base)+uintptr(r.n)*r.elem.Size() <= o.end()
}

// find returns the object at an address, or -1.
func (g *Graph) find(p unsafe.Pointer) int {
	k := sort.Search(len(g.order), func(i int) bool { return uintptr(g.objs[g.order[i]].base) > uintptr(p) }) - 1
	if k < 0 || uintptr(p) >= g.objs[g.order[k]].end() {
		return -1
	}
	return g.order[k]
}

// The forms of a reference.
const (
	isNil = iota
	isEmpty
	isRef
)

// value appends the value at p.
func (g *Graph) value(b []byte, t reflect.Type, p unsafe.Pointer) []byte {
	if flat(t) {
		return append(b, bytesAt(p, t.Size())...)
	}
	switch t.Kind() {
	case reflect.String:
		s := *(*string)(p)
		return append(binary.AppendUvarint(b, uint64(len(s))), s...)
	case reflect.Slice:
		s := (*slice)(p)
		switch {
		case s.data == nil:
			return append(b, isNil)
		case s.len == 0 || t.Elem().Size() == 0:
			return binary.AppendUvarint(append(b, isEmpty), uint64(s.len))
		}
		b = g.ref(append(b, isRef), s.data)
		return binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.len)), uint64(s.cap))
	case reflect.Pointer:
		q := *(*unsafe.Pointer)(p)
		switch {
		case q == nil:
			return append(b, isNil)
		case t.Elem().Size() == 0:
			return append(b, isEmpty)
		}
		return g.ref(append(b, isRef), q)
	case reflect.Map:
		m := reflect.NewAt(t, p).Elem()
		if m.IsNil() {
			return append(b, isNil)
		}
		return binary.AppendUvarint(append(b, isRef), uint64(g.byMap[m.UnsafePointer()]))
	case reflect.Array:
		for i := 0; i < t.Len(); i++ {
			b = g.value(b, t.Elem(), unsafe.Add(p, uintptr(i)*t.Elem().Size()))
		}
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			b = g.value(b, t.Field(i).Type, unsafe.Add(p, t.Field(i).Offset))
		}
	case reflect.Interface: // an error
		e, _ := reflect.NewAt(t, p).Elem().Interface().(error)
		if e == nil {
			return append(b, isNil)
		}
		text := e.Error()
		return append(binary.AppendUvarint(append(b, isRef), uint64(len(text))), text...)
	}
	return b
}

// ref appends an object's number and the offset in it, in values.
func (g *Graph) ref(b []byte, p unsafe.Pointer) []byte {
	i := g.find(p)
	o := g.objs[i]
	b = binary.AppendUvarint(b, uint64(i))
	return binary.AppendUvarint(b, uint64((uintptr(p)-uintptr(o.base))/o.elem.Size()))
}

// content is what an object holds; of flat ones, its own memory.
func (g *Graph) content(o *object) []byte {
	switch {
	case o.m.IsValid():
		return g.mapContent(o.m)
	case flat(o.elem):
		return bytesAt(o.base, o.size())
	}
	var b []byte
	for i := 0; i < o.n; i++ {
		b = g.value(b, o.elem, unsafe.Add(o.base, uintptr(i)*o.elem.Size()))
	}
	return b
}

// mapContent writes the entries in one order, so that equal maps are written alike.
func (g *Graph) mapContent(m reflect.Value) []byte {
	var entries [][2][]byte
	for it := m.MapRange(); it.Next(); {
		k := g.value(nil, m.Type().Key(), settable(it.Key()))
		entries = append(entries, [2][]byte{k, g.value(nil, m.Type().Elem(), settable(it.Value()))})
	}
	sort.Slice(entries, func(i, j int) bool { return bytes.Compare(entries[i][0], entries[j][0]) < 0 })
	var b []byte
	for _, e := range entries {
		b = append(append(b, e[0]...), e[1]...)
	}
	return b
}

// length is how many values or entries an object has.
func (o *object) length() int {
	if o.m.IsValid() {
		return o.m.Len()
	}
	return o.n
}

var errShort = errors.New("the message is cut short")
