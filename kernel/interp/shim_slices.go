package interp

import (
	"reflect"
	"slices"
	"sort"
)

// byLess orders the indices of a slice.
func order(s reflect.Value, cmp func(i, j int) int) []int {
	idx := make([]int, s.Len())
	for i := range idx {
		idx[i] = i
	}
	slices.SortStableFunc(idx, cmp)
	return idx
}

// copyOf copies a slice.
func copyOf(s reflect.Value) reflect.Value {
	c := reflect.MakeSlice(s.Type(), s.Len(), s.Len())
	reflect.Copy(c, s)
	return c
}

// sortBy sorts a slice in place, keeping equal elements in their order.
func sortBy(s reflect.Value, cmp func(v, w reflect.Value) int) {
	c := copyOf(s)
	for k, i := range order(s, func(i, j int) int { return cmp(c.Index(i), c.Index(j)) }) {
		s.Index(k).Set(c.Index(i))
	}
}

func sortOrdered(s reflect.Value) {
	switch x := s.Interface().(type) {
	case []int:
		slices.Sort(x)
	case []string:
		slices.Sort(x)
	case []float64:
		slices.Sort(x)
	default:
		sortBy(s, compare)
	}
}

func byFunc(f reflect.Value) func(v, w reflect.Value) int {
	return func(v, w reflect.Value) int { return callInt(f, v, w) }
}

func indexFunc(s reflect.Value, ok func(reflect.Value) bool) int {
	for i := range s.Len() {
		if ok(s.Index(i)) {
			return i
		}
	}
	return -1
}

func equals(s, x reflect.Value) func(reflect.Value) bool {
	x = as(x, s.Type().Elem())
	return func(v reflect.Value) bool { return same(v, x) }
}

func holds(f reflect.Value) func(reflect.Value) bool {
	return func(v reflect.Value) bool { return callBool(f, v) }
}

// pick returns the first element that is least by cmp.
func pick(s reflect.Value, name string, less func(v, w reflect.Value) bool) reflect.Value {
	if s.Len() == 0 {
		panic("slices." + name + ": empty list")
	}
	m := s.Index(0)
	for i := 1; i < s.Len(); i++ {
		if less(s.Index(i), m) {
			m = s.Index(i)
		}
	}
	return m
}

func isNaN(v reflect.Value) bool { return v.CanFloat() && v.Float() != v.Float() }

// filtered keeps the elements that drop refuses, clearing what is left over.
func filtered(s reflect.Value, keep func(i int) bool) reflect.Value {
	n := 0
	for i := range s.Len() {
		if keep(i) {
			s.Index(n).Set(s.Index(i))
			n++
		}
	}
	for i := n; i < s.Len(); i++ {
		s.Index(i).SetZero()
	}
	return s.Slice(0, n)
}

func collectInto(t reflect.Type, seq reflect.Value) reflect.Value {
	out := reflect.Zero(t)
	each(seq, func(v []reflect.Value) bool {
		out = reflect.Append(out, as(v[0], t.Elem()))
		return true
	})
	return out
}

// search is slices.BinarySearchFunc.
func search(s reflect.Value, cmp func(v reflect.Value) int) (int, bool) {
	return sort.Find(s.Len(), func(i int) int { return -cmp(s.Index(i)) })
}

// insert is slices.Insert and, with j > i, slices.Replace.
func insert(s reflect.Value, i, j int, v reflect.Value) reflect.Value {
	_ = s.Slice(i, j) // panics as the original does
	out := reflect.MakeSlice(s.Type(), 0, s.Len()+v.Len())
	out = reflect.AppendSlice(out, s.Slice(0, i))
	out = reflect.AppendSlice(out, v)
	return reflect.AppendSlice(out, s.Slice(j, s.Len()))
}

func compareSlices(s, t reflect.Value, cmp func(v, w reflect.Value) int) int {
	for i := range s.Len() {
		if i >= t.Len() {
			return 1
		}
		if c := cmp(s.Index(i), t.Index(i)); c != 0 {
			return c
		}
	}
	if s.Len() < t.Len() {
		return -1
	}
	return 0
}

func equalSlices(s, t reflect.Value, eq func(v, w reflect.Value) bool) bool {
	if s.Len() != t.Len() {
		return false
	}
	for i := range s.Len() {
		if !eq(s.Index(i), t.Index(i)) {
			return false
		}
	}
	return true
}

func sorted(s reflect.Value, cmp func(v, w reflect.Value) int) bool {
	for i := 1; i < s.Len(); i++ {
		if cmp(s.Index(i), s.Index(i-1)) < 0 {
			return false
		}
	}
	return true
}

func intOf(v reflect.Value) int { return int(v.Int()) }

var sliceShims = map[string]shim{
	"slices.All": func(out, a []reflect.Value) {
		out[0].Set(seqOf(out[0].Type(), func(yield func(...reflect.Value) bool) {
			for i := 0; i < a[0].Len() && yield(reflect.ValueOf(i), a[0].Index(i)); i++ {
			}
		}))
	},
	"slices.Values": func(out, a []reflect.Value) {
		out[0].Set(seqOf(out[0].Type(), func(yield func(...reflect.Value) bool) {
			for i := 0; i < a[0].Len() && yield(a[0].Index(i)); i++ {
			}
		}))
	},
	"slices.Backward": func(out, a []reflect.Value) {
		out[0].Set(seqOf(out[0].Type(), func(yield func(...reflect.Value) bool) {
			for i := a[0].Len() - 1; i >= 0 && yield(reflect.ValueOf(i), a[0].Index(i)); i-- {
			}
		}))
	},
	"slices.Chunk": func(out, a []reflect.Value) {
		n := intOf(a[1])
		if n < 1 {
			panic("cannot be less than 1")
		}
		out[0].Set(seqOf(out[0].Type(), func(yield func(...reflect.Value) bool) {
			for i := 0; i < a[0].Len(); i += n {
				end := min(n, a[0].Len()-i)
				if !yield(a[0].Slice3(i, i+end, i+end)) {
					return
				}
			}
		}))
	},
	"slices.AppendSeq": func(out, a []reflect.Value) {
		out[0].Set(reflect.AppendSlice(a[0], collectInto(a[0].Type(), a[1])))
	},
	"slices.Collect": func(out, a []reflect.Value) { out[0].Set(collectInto(out[0].Type(), a[0])) },
	"slices.Sorted": func(out, a []reflect.Value) {
		s := collectInto(out[0].Type(), a[0])
		sortOrdered(s)
		out[0].Set(s)
	},
	"slices.SortedFunc": func(out, a []reflect.Value) {
		s := collectInto(out[0].Type(), a[0])
		sortBy(s, byFunc(a[1]))
		out[0].Set(s)
	},
	"slices.SortedStableFunc": func(out, a []reflect.Value) {
		s := collectInto(out[0].Type(), a[0])
		sortBy(s, byFunc(a[1]))
		out[0].Set(s)
	},
	"slices.Sort":           func(_, a []reflect.Value) { sortOrdered(a[0]) },
	"slices.SortFunc":       func(_, a []reflect.Value) { sortBy(a[0], byFunc(a[1])) },
	"slices.SortStableFunc": func(_, a []reflect.Value) { sortBy(a[0], byFunc(a[1])) },
	"slices.IsSorted":       func(out, a []reflect.Value) { setBool(out, sorted(a[0], compare)) },
	"slices.IsSortedFunc":   func(out, a []reflect.Value) { setBool(out, sorted(a[0], byFunc(a[1]))) },
	"slices.BinarySearch": func(out, a []reflect.Value) {
		i, ok := search(a[0], func(v reflect.Value) int { return compare(v, a[1]) })
		setInt(out, i)
		out[1].SetBool(ok)
	},
	"slices.BinarySearchFunc": func(out, a []reflect.Value) {
		target := as(a[1], a[2].Type().In(1))
		i, ok := search(a[0], func(v reflect.Value) int { return callInt(a[2], v, target) })
		setInt(out, i)
		out[1].SetBool(ok)
	},
	"slices.Clip": func(out, a []reflect.Value) { out[0].Set(a[0].Slice3(0, a[0].Len(), a[0].Len())) },
	"slices.Clone": func(out, a []reflect.Value) {
		if !a[0].IsNil() {
			out[0].Set(copyOf(a[0]))
		}
	},
	"slices.Compact": func(out, a []reflect.Value) {
		c := copyOf(a[0])
		out[0].Set(filtered(a[0], func(i int) bool { return i == 0 || !same(c.Index(i), c.Index(i-1)) }))
	},
	"slices.CompactFunc": func(out, a []reflect.Value) {
		c, last := copyOf(a[0]), 0
		out[0].Set(filtered(a[0], func(i int) bool {
			if i > 0 && callBool(a[1], c.Index(last), c.Index(i)) {
				return false
			}
			last = i
			return true
		}))
	},
	"slices.Compare":     func(out, a []reflect.Value) { setInt(out, compareSlices(a[0], a[1], compare)) },
	"slices.CompareFunc": func(out, a []reflect.Value) { setInt(out, compareSlices(a[0], a[1], byFunc(a[2]))) },
	"slices.Concat": func(out, a []reflect.Value) {
		s := reflect.Zero(out[0].Type())
		for i := range a[0].Len() {
			s = reflect.AppendSlice(s, bare(a[0].Index(i)))
		}
		out[0].Set(s)
	},
	"slices.Contains":     func(out, a []reflect.Value) { setBool(out, indexFunc(a[0], equals(a[0], a[1])) >= 0) },
	"slices.ContainsFunc": func(out, a []reflect.Value) { setBool(out, indexFunc(a[0], holds(a[1])) >= 0) },
	"slices.Index":        func(out, a []reflect.Value) { setInt(out, indexFunc(a[0], equals(a[0], a[1]))) },
	"slices.IndexFunc":    func(out, a []reflect.Value) { setInt(out, indexFunc(a[0], holds(a[1]))) },
	"slices.Delete": func(out, a []reflect.Value) {
		i, j := intOf(a[1]), intOf(a[2])
		_ = a[0].Slice(i, j)
		out[0].Set(filtered(a[0], func(k int) bool { return k < i || k >= j }))
	},
	"slices.DeleteFunc": func(out, a []reflect.Value) {
		c := copyOf(a[0])
		out[0].Set(filtered(a[0], func(i int) bool { return !callBool(a[1], c.Index(i)) }))
	},
	"slices.Equal": func(out, a []reflect.Value) { setBool(out, equalSlices(a[0], a[1], same)) },
	"slices.EqualFunc": func(out, a []reflect.Value) {
		setBool(out, equalSlices(a[0], a[1], func(v, w reflect.Value) bool { return callBool(a[2], v, w) }))
	},
	"slices.Grow": func(out, a []reflect.Value) {
		n := intOf(a[1])
		if n < 0 {
			panic("cannot be negative")
		}
		p := reflect.New(a[0].Type()).Elem()
		p.Set(a[0])
		p.Grow(n)
		out[0].Set(p)
	},
	"slices.Insert":  func(out, a []reflect.Value) { out[0].Set(insert(a[0], intOf(a[1]), intOf(a[1]), a[2])) },
	"slices.Replace": func(out, a []reflect.Value) { out[0].Set(insert(a[0], intOf(a[1]), intOf(a[2]), a[3])) },
	"slices.Repeat": func(out, a []reflect.Value) {
		if intOf(a[1]) < 0 {
			panic("cannot be negative")
		}
		s := reflect.MakeSlice(out[0].Type(), 0, a[0].Len()*intOf(a[1]))
		for range intOf(a[1]) {
			s = reflect.AppendSlice(s, a[0])
		}
		out[0].Set(s)
	},
	"slices.Max": func(out, a []reflect.Value) {
		out[0].Set(pick(a[0], "Max", func(v, w reflect.Value) bool { return !isNaN(w) && (isNaN(v) || compare(v, w) > 0) }))
	},
	"slices.Min": func(out, a []reflect.Value) {
		out[0].Set(pick(a[0], "Min", func(v, w reflect.Value) bool { return !isNaN(w) && (isNaN(v) || compare(v, w) < 0) }))
	},
	"slices.MaxFunc": func(out, a []reflect.Value) {
		out[0].Set(pick(a[0], "MaxFunc", func(v, w reflect.Value) bool { return callInt(a[1], v, w) > 0 }))
	},
	"slices.MinFunc": func(out, a []reflect.Value) {
		out[0].Set(pick(a[0], "MinFunc", func(v, w reflect.Value) bool { return callInt(a[1], v, w) < 0 }))
	},
	"slices.Reverse": func(_, a []reflect.Value) {
		swap := reflect.Swapper(a[0].Interface())
		for i, j := 0, a[0].Len()-1; i < j; i, j = i+1, j-1 {
			swap(i, j)
		}
	},
}

var mapShims = map[string]shim{
	"maps.All": func(out, a []reflect.Value) {
		out[0].Set(seqOf(out[0].Type(), func(yield func(...reflect.Value) bool) {
			for it := a[0].MapRange(); it.Next() && yield(it.Key(), it.Value()); {
			}
		}))
	},
	"maps.Keys": func(out, a []reflect.Value) {
		out[0].Set(seqOf(out[0].Type(), func(yield func(...reflect.Value) bool) {
			for it := a[0].MapRange(); it.Next() && yield(it.Key()); {
			}
		}))
	},
	"maps.Values": func(out, a []reflect.Value) {
		out[0].Set(seqOf(out[0].Type(), func(yield func(...reflect.Value) bool) {
			for it := a[0].MapRange(); it.Next() && yield(it.Value()); {
			}
		}))
	},
	"maps.Clone": func(out, a []reflect.Value) {
		if !a[0].IsNil() {
			out[0].Set(reflect.MakeMap(a[0].Type()))
			copyMap(out[0], a[0])
		}
	},
	"maps.Copy": func(_, a []reflect.Value) { copyMap(a[0], a[1]) },
	"maps.Collect": func(out, a []reflect.Value) {
		out[0].Set(reflect.MakeMap(out[0].Type()))
		insertAll(out[0], a[0])
	},
	"maps.Insert": func(_, a []reflect.Value) { insertAll(a[0], a[1]) },
	"maps.DeleteFunc": func(_, a []reflect.Value) {
		for _, k := range a[0].MapKeys() {
			if callBool(a[1], k, a[0].MapIndex(k)) {
				a[0].SetMapIndex(k, reflect.Value{})
			}
		}
	},
	"maps.Equal": func(out, a []reflect.Value) { setBool(out, equalMaps(a[0], a[1], same)) },
	"maps.EqualFunc": func(out, a []reflect.Value) {
		setBool(out, equalMaps(a[0], a[1], func(v, w reflect.Value) bool { return callBool(a[2], v, w) }))
	},
}

func copyMap(dst, src reflect.Value) {
	for it := src.MapRange(); it.Next(); {
		dst.SetMapIndex(it.Key(), it.Value())
	}
}

func insertAll(m, seq reflect.Value) {
	each(seq, func(v []reflect.Value) bool {
		m.SetMapIndex(as(v[0], m.Type().Key()), as(v[1], m.Type().Elem()))
		return true
	})
}

func equalMaps(a, b reflect.Value, eq func(v, w reflect.Value) bool) bool {
	if a.Len() != b.Len() {
		return false
	}
	for it := a.MapRange(); it.Next(); {
		w := b.MapIndex(it.Key())
		if !w.IsValid() || !eq(it.Value(), w) {
			return false
		}
	}
	return true
}
