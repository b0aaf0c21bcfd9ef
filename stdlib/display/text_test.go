package display

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

type point struct{ X, Y int }
type celsius float64

func (c celsius) String() string { return fmt.Sprintf("%.1f °C", float64(c)) }

type node struct {
	Name string
	Next *node
}
type private struct {
	when time.Duration
	any  any
}

func ints(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func TestText(t *testing.T) {
	ring := &node{Name: "a"}
	ring.Next = ring
	var self []any
	self = append(self, 1)
	self[0] = self
	loop := map[string]any{}
	loop["me"] = loop
	big := map[int]bool{}
	for i := range 5000 {
		big[i] = true
	}
	for _, c := range []struct {
		name string
		v    any
		want string
	}{
		{"int", 42, "42"},
		{"uint8", uint8(7), "7"},
		{"float", 0.1, "0.1"},
		{"float32", float32(0.1), "0.1"},
		{"NaN", math.NaN(), "NaN"},
		{"complex", complex(1, -2), "(1-2i)"},
		{"bool", true, "true"},
		{"string as it is", "a\nb", "a\nb"},
		{"empty string", "", `""`},
		{"control characters", "\x1b[2J\a\u009b", "␛[2J␇\uFFFD"},
		{"strings inside are quoted", []string{"a b", "c"}, `["a b" "c"]`},
		{"long string inside", []string{strings.Repeat("é", 400)}, "[\n  \"" + strings.Repeat("é", 150) + "\"… (800 bytes)\n]"},
		{"struct", point{1, 2}, "display.point{X: 1, Y: 2}"},
		{"struct from a cell", struct{ Xname string }{"n"}, `{name: "n"}`},
		{"pointer", &point{1, 2}, "&display.point{X: 1, Y: 2}"},
		{"unexported fields", private{time.Second, 3}, "display.private{when: 1000000000, any: 3}"},
		{"Stringer", celsius(21), "21.0 °C"},
		{"Stringers", []celsius{1, 2}, "[1.0 °C 2.0 °C]"},
		{"duration", 90 * time.Second, "1m30s"},
		{"time", time.Date(2024, 3, 17, 9, 0, 0, 0, time.UTC), "2024-03-17 09:00:00 +0000 UTC"},
		{"nil slice", []int(nil), "[]"},
		{"map in order of its keys", map[string]int{"b": 2, "a": 1}, `map["a":1 "b":2]`},
		{"map of numbers", map[int]string{10: "x", 9: "y"}, `map[9:"y" 10:"x"]`},
		{"text bytes", []byte("hi\n"), `[]byte("hi\n")`},
		{"binary bytes", []byte{0, 255}, "[00 ff]"},
		{"long binary", make([]byte, 100), "[" + strings.Repeat("00 ", 64) + "…] (100 bytes)"},
		{"long slice", ints(1000), "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 … 995 996 997 998 999] (len 1000)"},
		{"nil in an interface", []any{nil}, "[nil]"},
		{"func", strings.ToUpper, "func(string) string"},
		{"channel", make(chan int, 2), "chan int (len 0, cap 2)"},
		{"ring of pointers", ring, `&display.node{Name: "a", Next: ↩ *display.node}`},
		{"slice in itself", self, "[↩ []interface {}]"},
		{"map in itself", loop, `map["me":↩ map[string]interface {}]`},
		{"reflect.Value", reflect.ValueOf(3), "3"},
		{"long struct on lines", []point{{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}, {11, 12}},
			"[\n  display.point{X: 1, Y: 2}\n  display.point{X: 3, Y: 4}\n  display.point{X: 5, Y: 6}\n  display.point{X: 7, Y: 8}\n  display.point{X: 9, Y: 10}\n  display.point{X: 11, Y: 12}\n]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Text(c.v); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	if got := Text(big); !strings.HasPrefix(got, "map[\n  0: true\n  1: true\n") || !strings.HasSuffix(got, "  99: true\n  … (len 5000)\n]") {
		t.Errorf("big map: %q", got)
	}
	if got := Text(strings.Repeat("x", 1<<20)); len(got) > maxText+100 || !strings.HasSuffix(got, "… (1048576 bytes)") {
		t.Errorf("a megabyte of text is shown in %d bytes", len(got))
	}
}

// A value of any breadth and depth is shown in bounded time and space.
func TestTextIsBounded(t *testing.T) {
	deep := any(1)
	for range 10000 {
		deep = []any{deep, deep}
	}
	row := make([]point, 1e5)
	wide := make([][]point, 1e5)
	for i := range wide {
		wide[i] = row
	}
	for _, v := range []any{deep, wide, reflect.ValueOf(strings.Builder{})} {
		if got := Text(v); len(got) > maxText+100 {
			t.Errorf("%T is shown in %d bytes", v, len(got))
		}
	}
}

func BenchmarkText(b *testing.B) {
	rows := make([]point, 1000)
	for b.Loop() {
		Text(rows)
	}
}
