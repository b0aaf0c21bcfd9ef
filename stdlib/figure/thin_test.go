package figure

import (
	"bytes"
	"image/png"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// walk is a series of n points that go up and down.
func walk(n int, x func(i int) float64) Series {
	r := rand.New(rand.NewPCG(1, 2))
	s := Series{Name: "walk", Mark: Line}
	y := 0.0
	for i := range n {
		y += r.NormFloat64()
		s.X, s.Y = append(s.X, x(i)), append(s.Y, y)
	}
	return s
}

// darkness is how much of each small square of a picture is not white.
func darkness(t *testing.T, f *Figure) []float64 {
	t.Helper()
	raw, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	const side = 8
	b := picture.Bounds()
	wide := (b.Dx() + side - 1) / side
	out := make([]float64, wide*((b.Dy()+side-1)/side))
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, _ := picture.At(x, y).RGBA()
			out[y/side*wide+x/side] += 1 - float64(r+g+bl)/(3*0xffff)
		}
	}
	for i := range out {
		out[i] /= side * side
	}
	return out
}

// TestThinnedPicture draws long series with all of their points and with those that
// can be seen, and compares the pictures.
func TestThinnedPicture(t *testing.T) {
	even := func(i int) float64 { return float64(i) }
	uneven := func(i int) float64 { return math.Pow(1.0005, float64(i)) }
	circle := walk(12_000, even)
	for i := range circle.X {
		circle.X[i], circle.Y[i] = math.Cos(float64(i)/500), math.Sin(float64(i)/700)
	}
	banded := walk(12_000, even)
	for _, y := range banded.Y {
		banded.Lo, banded.Hi = append(banded.Lo, y-20), append(banded.Hi, y+10)
	}
	for name, c := range map[string]struct {
		s   Series
		log bool
	}{"even": {walk(12_000, even), false}, "uneven": {walk(12_000, uneven), false}, "logarithmic": {walk(12_000, uneven), true}, "to and fro": {circle, false}, "band": {banded, false}} {
		f := Curves([]Series{c.s})
		f.Series[0].Mark, f.XLog = Line, c.log
		thin := f.thinned(f.Series[0])
		if len(thin.X) >= len(c.s.X) || len(thin.X) < 1000 {
			t.Errorf("%s: %d points of %d", name, len(thin.X), len(c.s.X))
		}
		got := darkness(t, f)
		// Pieces short enough to be drawn whole, in one colour.
		whole := *f
		whole.Series = nil
		for from := 0; from < len(c.s.X)-1; from += thinAbove - 1 {
			to := min(len(c.s.X), from+thinAbove)
			p := Series{Name: c.s.Name, Mark: Line, Color: 1, X: c.s.X[from:to], Y: c.s.Y[from:to]}
			if c.s.Lo != nil {
				p.Lo, p.Hi = c.s.Lo[from:to], c.s.Hi[from:to]
			}
			whole.Series = append(whole.Series, p)
		}
		whole.NoLegend = true
		want := darkness(t, &whole)
		far := 0
		for i := range got {
			if math.Abs(got[i]-want[i]) > 0.12 {
				far++
			}
		}
		if far > len(got)/200 {
			t.Errorf("%s: %d squares of %d differ", name, far, len(got))
		}
	}
}

// TestThinned keeps the ends of what it leaves out, and says of a cloud as much as
// can be seen.
func TestThinned(t *testing.T) {
	line := walk(200_000, func(i int) float64 { return float64(i) })
	f := Curves([]Series{line})
	got := f.thinned(line)
	if len(got.X) > 10_000 || !slices.IsSorted(got.X) || slices.Min(got.Y) != slices.Min(line.Y) || slices.Max(got.Y) != slices.Max(line.Y) ||
		got.X[0] != 0 || got.X[len(got.X)-1] != 199_999 {
		t.Errorf("%d points of a line from %v to %v", len(got.X), got.X[0], got.X[len(got.X)-1])
	}
	cloud := walk(200_000, func(i int) float64 { return float64(i % 997) })
	cloud.Mark = Points
	got = Scatter([]Series{cloud}).thinned(cloud)
	if len(got.X) > 100_000 || len(got.X) < 1000 {
		t.Errorf("%d points of a cloud", len(got.X))
	}
	same := Series{X: make([]float64, 5000), Y: make([]float64, 5000), Mark: Points}
	if got := Scatter([]Series{same}).thinned(same); len(got.X) != cloudPoints {
		t.Errorf("%d points at one place", len(got.X))
	}
	few := walk(thinAbove, func(i int) float64 { return float64(i) })
	if got := f.thinned(few); len(got.X) != thinAbove {
		t.Errorf("%d of %d points", len(got.X), thinAbove)
	}
}

// BenchmarkMillion draws series of a million points, which with all of them
// would take many minutes.
func BenchmarkMillion(b *testing.B) {
	line := walk(1_000_000, func(i int) float64 { return float64(i) })
	noise, mess := walk(1_000_000, func(i int) float64 { return float64(i) }), walk(1_000_000, func(i int) float64 { return float64(i) })
	r := rand.New(rand.NewPCG(3, 4))
	for i := range noise.Y {
		noise.Y[i], mess.X[i], mess.Y[i] = r.NormFloat64(), r.Float64(), r.Float64()
	}
	for _, c := range []struct {
		name string
		s    Series
		mark Mark
	}{{"line", line, Line}, {"noise", noise, LinePoints}, {"mess", mess, LinePoints}, {"cloud", line, Points}, {"full cloud", mess, Points}} {
		b.Run(c.name, func(b *testing.B) {
			f := Curves([]Series{c.s})
			f.Series[0].Mark = c.mark
			for b.Loop() {
				if _, err := f.PNG(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
