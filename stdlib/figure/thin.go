package figure

import (
	"math"
	"slices"
)

// Drawing a line of a million points that go up and down takes longer than anybody
// waits (it was not done after nine minutes), for a picture of 640 pixels, and nothing
// interrupts it. So of a long series only the points that can be seen are drawn. Fits, ranges and the figure's data stay those of
// all points.

const (
	thinAbove   = 4000 // points; fewer are drawn as they are
	columnsOf   = 2    // of a line, to a pixel of the figure's width
	cloudCell   = 3    // pixels in which …
	cloudPoints = 3    // … so many points of a cloud look like any number
)

// thinned is the part of a series that can be seen.
func (f *Figure) thinned(s Series) Series {
	if len(s.X) <= thinAbove {
		return s
	}
	var rows []int
	switch {
	case s.Mark == Points && s.Lo == nil:
		rows = f.cloud(s)
	default:
		rows = f.columns(s)
	}
	part := func(v []float64) []float64 {
		if v == nil {
			return nil
		}
		out := make([]float64, len(rows))
		for i, r := range rows {
			out[i] = v[r]
		}
		return out
	}
	s.X, s.Y, s.Lo, s.Hi = part(s.X), part(s.Y), part(s.Lo), part(s.Hi)
	return s
}

// columns keeps of the points that follow each other within a half pixel of x the
// first, the last, and those with the least and greatest of each value, which draw
// the same line (M4, Jugel et al. 2014). Of a line that goes to and fro it keeps the
// same of as many points in a row as there would be in a half pixel.
func (f *Figure) columns(s Series) []int {
	w, _ := f.size()
	n := len(s.X)
	number := int(w * columnsOf)
	column := func(i int) int { return i * number / n }
	if slices.IsSorted(s.X) {
		at := func(x float64) float64 {
			if f.XLog {
				return math.Log(x)
			}
			return x
		}
		low, high := at(s.X[0]), at(s.X[n-1])
		column = func(i int) int {
			if high == low {
				return 0
			}
			return int((at(s.X[i]) - low) / (high - low) * float64(number))
		}
	}
	var rows []int
	for from := 0; from < n; {
		c, to := column(from), from+1
		for to < n && column(to) == c {
			to++
		}
		keep := []int{from, to - 1}
		for _, v := range [][]float64{s.X, s.Y, s.Lo, s.Hi} {
			if v == nil {
				continue
			}
			least, greatest := from, from
			for i := from; i < to; i++ {
				if v[i] < v[least] {
					least = i
				}
				if v[i] > v[greatest] {
					greatest = i
				}
			}
			keep = append(keep, least, greatest)
		}
		slices.Sort(keep)
		rows = append(rows, slices.Compact(keep)...)
		from = to
	}
	return rows
}

// cloud keeps a few of the points that fall on one place.
func (f *Figure) cloud(s Series) []int {
	w, h := f.size()
	xmin, xmax, ymin, ymax := f.bounds()
	cell := func(v, low, high, pixels float64) int {
		if high == low {
			return 0
		}
		return int((v - low) / (high - low) * pixels / cloudCell)
	}
	if f.XLog {
		xmin, xmax = math.Log(xmin), math.Log(xmax)
	}
	taken := map[[2]int]int{}
	var rows []int
	for i, x := range s.X {
		if f.XLog {
			x = math.Log(x)
		}
		at := [2]int{cell(x, xmin, xmax, w), cell(s.Y[i], ymin, ymax, h)}
		if taken[at] < cloudPoints {
			taken[at]++
			rows = append(rows, i)
		}
	}
	return rows
}
