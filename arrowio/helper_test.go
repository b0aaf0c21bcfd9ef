package arrowio_test

import (
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio"
)

// checked gives an allocator that fails the test when memory of it is left.
func checked(t testing.TB) *memory.CheckedAllocator {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	return mem
}

// must ends the test on an error, and releases the table at its end.
func must(t testing.TB) func(*arrowio.Table, error) *arrowio.Table {
	return func(tbl *arrowio.Table, err error) *arrowio.Table {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tbl.Release)
		return tbl
	}
}

// sample has a column of every kind that a Builder makes, with nulls, and text
// that breaks careless readers.
func sample(t testing.TB, mem memory.Allocator) *arrowio.Table {
	t.Helper()
	type note struct {
		Who  string
		Mark *float64
	}
	half := 0.5
	day := time.Date(2024, 3, 16, 12, 30, 0, 123456789, time.UTC)
	return must(t)(arrowio.NewTableIn(mem).
		Strings("text", []string{"plain", "", "line\nbreak, \"quoted\"", "żółć 漢字 🎈"}).
		Floats("score", []float64{1.5, -0.25, 1e300, 0}).Valid([]bool{true, true, true, false}).
		Ints("n", []int{1, -2, 3, 1 << 60}).
		Int32s("small", []int32{7, 8, 9, 10}).Valid([]bool{false, true, true, true}).
		Float32s("single", []float32{0.5, 0.25, 3, 4}).
		Bools("ok", []bool{true, false, true, false}).Valid([]bool{true, true, false, true}).
		Times("when", []time.Time{day, day.Add(time.Hour), time.Unix(0, 0), day}).
		Categories("group", []string{"red", "blue", "red", "red"}).Valid([]bool{true, true, true, false}).
		IntLists("ids", [][]int32{{1, 2}, {}, {3}, {4, 5, 6}}).Valid([]bool{true, true, true, false}).
		FloatLists("rewards", [][]float64{{0.5}, {1, 2}, nil, {3}}).
		Values("note", []note{{"a", &half}, {"b", nil}, {"c", &half}, {"d", nil}}).
		Values("maybe", []*string{ptr("x"), nil, ptr("<b>"), ptr("")}).
		Values("raw", [][]byte{{1, 2}, nil, {}, {255}}).
		Build())
}

func ptr[T any](v T) *T { return &v }
