package simd

import (
	"math"
	"math/rand/v2"
	"slices"
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
				x, y, z := randoms(1, n), randoms(2, n), randoms(7, n)
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
				same("reluGrad", func(d []float32) { f.reluGrad(d, x, y) }, func(d []float32) { reluGradGo(d, x, y) })
				same("scaledProduct", func(d []float32) { f.scaledProduct(d, x, y, z, 1.5) }, func(d []float32) { scaledProductGo(d, x, y, z, 1.5) })
				same("shift", func(d []float32) { f.shift(d, x, 0.3) }, func(d []float32) { shiftGo(d, x, 0.3) })
				same("normGrad", func(d []float32) { f.normGrad(d, x, y, z, 0.1, 1.2, 0.3, 0.4) }, func(d []float32) { normGradGo(d, x, y, z, 0.1, 1.2, 0.3, 0.4) })
				norm := func(run func(x, d, gain, dgain, dbias []float32, mean, inv float32) (float32, float32)) []float32 {
					dgain, dbias := randoms(8, n), randoms(9, n)
					a, b := run(x, y, z, dgain, dbias, 0.1, 1.2)
					return append(append(dgain, dbias...), a, b)
				}
				near(t, "normSums", norm(f.normSums), norm(normSumsGo), 2e-5)
				same("softmaxGrad", func(d []float32) { f.softmaxGrad(d, x, 1.5, 0.2) }, func(d []float32) { softmaxGradGo(d, x, 1.5, 0.2) })
				same("gelu", func(d []float32) { f.gelu(d, x) }, func(d []float32) { geluGo(d, x) })
				same("geluGrad", func(d []float32) { f.geluGrad(d, x, y) }, func(d []float32) { geluGradGo(d, x, y) })
				same("swiglu", func(d []float32) { f.swiglu(d, x, y) }, func(d []float32) { swigluGo(d, x, y) })
				for part := range 2 { // each result in the place of an operand
					both := func(run func(dgate, dup, gate, up, d []float32)) func(d []float32) {
						return func(d []float32) {
							a, b := append([]float32{}, x...), append([]float32{}, y...)
							run(a, b, a, b, z)
							copy(d, [][]float32{a, b}[part])
						}
					}
					same("swigluGrad", both(f.swigluGrad), both(swigluGradGo))
				}
				if n > 0 && f.largest(x) != slices.Max(x) {
					t.Fatalf("length %d: largest is %g, want %g", n, f.largest(x), slices.Max(x))
				}
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

// TestBlock compares the matrix product's inner block with its definition: a as
// a panel and as it lies, over nothing, a row and rows.
func TestBlock(t *testing.T) {
	for _, f := range levels() {
		k := f.kernel
		for _, depth := range []int{0, 1, 2, 37} {
			for _, panel := range []bool{true, false} {
				for from := range 3 {
					aRow, aCol := 1, k.MR
					if !panel {
						aRow, aCol = depth+2, 1
					}
					a, b := randoms(1, k.MR*(depth+2)), randoms(2, depth*k.NR+1)
					ldc := k.NR + 3
					c, row := randoms(3, k.MR*ldc), randoms(4, k.NR)
					want := append([]float32{}, c...)
					for i := range k.MR {
						for j := range k.NR {
							s := []float64{0, float64(row[j]), float64(c[i*ldc+j])}[from]
							for q := range depth {
								s += float64(a[i*aRow+q*aCol]) * float64(b[q*k.NR+j])
							}
							want[i*ldc+j] = float32(s)
						}
					}
					k.Run(depth, &a[0], aRow, aCol, &b[0], &c[0], ldc, []*float32{nil, &row[0], &c[0]}[from], []int{0, 0, ldc}[from])
					near(t, f.level, c, want, 1e-5)
				}
			}
		}
	}
}

// TestPack copies panels and turns rows into columns.
func TestPack(t *testing.T) {
	for _, f := range levels() {
		k := f.kernel
		for _, depth := range []int{0, 1, 8, 24} {
			const stride = 61
			src := randoms(1, stride*(max(depth, 8)+1))
			for width, pack := range map[int]func(dst, src *float32, k, stride int){k.MR: k.PackA, k.NR: k.PackB} {
				got := randoms(2, depth*width+1)
				want := append([]float32{}, got...)
				for q := range depth {
					copy(want[q*width:(q+1)*width], src[q*stride:])
				}
				pack(&got[0], &src[0], depth, stride)
				near(t, f.level, got, want, 0)
			}
			if k.Transpose == nil || depth%8 != 0 {
				continue
			}
			got := randoms(3, depth*k.NR+1)
			want := append([]float32{}, got...)
			for q := range depth {
				for r := range 8 {
					want[q*k.NR+r] = src[r*stride+q]
				}
			}
			k.Transpose(&got[0], &src[0], depth, stride)
			near(t, f.level, got, want, 0)
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
				k.Run(depth, &x[0], 1, k.MR, &y[0], &c[0], k.NR, nil, 0)
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
