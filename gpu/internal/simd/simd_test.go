package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

func randoms(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func near(t *testing.T, what string, got, want []float32, tol float64) {
	t.Helper()
	for i := range want {
		if e := math.Abs(float64(got[i]) - float64(want[i])); !(e <= tol*max(1, math.Abs(float64(want[i])))) {
			t.Fatalf("%s: element %d of %d is %g, want %g", what, i, len(want), got[i], want[i])
		}
	}
}

// TestLevels compares every level with the portable functions, for lengths
// around the vector's width.
func TestLevels(t *testing.T) {
	levels := levels()
	if len(levels) == 0 {
		t.Fatal("no level to test")
	}
	for _, f := range levels {
		t.Run(f.level, func(t *testing.T) {
			for _, n := range []int{0, 1, 7, 8, 15, 16, 17, 31, 63, 64, 65, 127, 200} {
				x, y := randoms(1, n), randoms(2, n)
				out := func(run func(dst []float32)) []float32 {
					d := randoms(3, n+1)
					guard := d[n]
					run(d[:n])
					if d[n] != guard {
						t.Fatalf("length %d: wrote beyond the end", n)
					}
					return d[:n]
				}
				same := func(name string, a, b func(dst []float32)) {
					t.Helper()
					near(t, name, out(a), out(b), 1e-6)
				}
				same("exp", func(d []float32) { f.exp(d, x) }, func(d []float32) { expGo(d, x) })
				same("add", func(d []float32) { f.add(d, x, y) }, func(d []float32) { addGo(d, x, y) })
				same("mul", func(d []float32) { f.mul(d, x, y) }, func(d []float32) { mulGo(d, x, y) })
				same("scale", func(d []float32) { f.scale(d, x, 1.5) }, func(d []float32) { scaleGo(d, x, 1.5) })
				same("axpy", func(d []float32) { f.axpy(d, x, 1.5) }, func(d []float32) { axpyGo(d, x, 1.5) })
				same("relu", func(d []float32) { f.relu(d, x) }, func(d []float32) { reluGo(d, x) })
				var s1, s2 float32
				same("expSum", func(d []float32) { s1 = f.expSum(d, x, 0.5, -1) }, func(d []float32) { s2 = expSumGo(d, x, 0.5, -1) })
				near(t, "sum of exponentials", []float32{s1}, []float32{s2}, 1e-5)
				near(t, "dot", []float32{f.dot(x, y)}, []float32{dotGo(x, y)}, 1e-5)
				adam := func(u func(p, g, m, v []float32, c *AdamW)) []float32 {
					p, m, v := randoms(4, n), randoms(5, n), randoms(6, n)
					for i := range v {
						v[i] *= v[i]
					}
					u(p, x, m, v, &AdamW{Scale: 0.7, Beta1: 0.9, Beta2: 0.99, Keep: 0.999, Rate: 0.1, Root: 1.3, Eps: 1e-3, Gain1: 0.1, Gain2: 0.01})
					return append(append(p, m...), v...)
				}
				near(t, "adamw", adam(f.adamw), adam(adamwGo), 1e-5)
			}
		})
	}
}

// TestBlock compares the matrix product's inner block with its definition.
func TestBlock(t *testing.T) {
	for _, f := range levels() {
		k := f.kernel
		for _, depth := range []int{0, 1, 2, 37} {
			a, b := randoms(1, depth*k.MR+1), randoms(2, depth*k.NR+1)
			ldc := k.NR + 3
			c := randoms(3, k.MR*ldc)
			want := append([]float32{}, c...)
			for i := range k.MR {
				for j := range k.NR {
					s := float64(c[i*ldc+j])
					for q := range depth {
						s += float64(a[q*k.MR+i]) * float64(b[q*k.NR+j])
					}
					want[i*ldc+j] = float32(s)
				}
			}
			k.Run(depth, &a[0], &b[0], &c[0], ldc)
			near(t, f.level, c, want, 1e-5)
		}
	}
}

// TestExpRange: the exponential over the whole range, and its special values.
func TestExpRange(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, f := range levels() {
		var x []float32
		for v := -103.0; v < 88.7; v += 0.01 {
			x = append(x, float32(v))
		}
		y := make([]float32, len(x))
		f.exp(y, x)
		for i, v := range x {
			want := math.Exp(float64(v))
			if e := math.Abs(float64(y[i]) - want); e > 2.5e-7*want+1.5e-45 {
				t.Fatalf("%s: exp(%g) is %g, want %g", f.level, v, y[i], want)
			}
		}
		s := []float32{-inf, inf, float32(math.NaN()), 0, -1000, 1000}
		f.exp(s, s)
		if s[0] != 0 || s[1] != inf || s[2] == s[2] || s[3] != 1 || s[4] != 0 || s[5] != inf {
			t.Errorf("%s: special values give %g", f.level, s)
		}
	}
}

// BenchmarkBlock is the peak of the matrix product: panels in the first-level
// cache.
func BenchmarkBlock(b *testing.B) {
	for _, f := range levels() {
		b.Run(f.level, func(b *testing.B) {
			const depth = 256
			k := f.kernel
			x, y, c := randoms(1, depth*k.MR), randoms(2, depth*k.NR), make([]float32, k.MR*k.NR)
			for b.Loop() {
				k.Run(depth, &x[0], &y[0], &c[0], k.NR)
			}
			b.ReportMetric(2*depth*float64(k.MR*k.NR*b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func BenchmarkExp(b *testing.B) {
	for _, f := range levels() {
		b.Run(f.level, func(b *testing.B) {
			x, y := randoms(1, 1024), make([]float32, 1024)
			for b.Loop() {
				f.exp(y, x)
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/1024, "ns/element")
		})
	}
}
