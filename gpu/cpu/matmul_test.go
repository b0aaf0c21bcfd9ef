package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestProduct compares the blocked product with its definition for sizes
// around the blocks' edges, every layout of the operands, with a bias and
// adding to what is there, in both arithmetics.
func TestProduct(t *testing.T) {
	sizes := []int{1, 3, 8, 9, 12, 13, 33, 70}
	for _, m := range sizes {
		for _, n := range sizes {
			for _, k := range []int{1, 5, 64, 300} {
				for mode := range 16 {
					checkProduct[float32](t, m, n, k, mode, 1e-5)
					checkProduct[float64](t, m, n, k, mode, 1e-13)
				}
			}
		}
	}
}

// TestDeepProduct: so deep that b is packed a few columns at a time.
func TestDeepProduct(t *testing.T) {
	const k = packLimit / 40
	for _, mode := range []int{0, 2, 5, 11} {
		checkProduct[float32](t, 9, 70, k, mode, 1e-7)
	}
}

// checkProduct takes a's and b's layout, bias and accumulation from mode's bits.
func checkProduct[T float](t *testing.T, m, n, k, mode int, tol float64) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(m*n), uint64(k)))
	numbers := func(n int) []T {
		x := make([]T, n)
		for i := range x {
			x[i] = T(r.NormFloat64())
		}
		return x
	}
	transA, transB, accumulate := mode&1 != 0, mode&2 != 0, mode&4 != 0
	width := func(plain, transposed int, trans bool) int {
		if trans {
			return transposed
		}
		return plain
	}
	ldc := n + 2
	p := product[T]{
		m: m, n: n, k: k, ldc: ldc, accumulate: accumulate, c: numbers(m * ldc),
		a: rows(numbers(m*k), width(k, m, transA), transA), b: rows(numbers(k*n), width(n, k, transB), transB),
	}
	if mode&8 != 0 && !accumulate {
		p.bias = numbers(n)
	}
	want := make([]float64, len(p.c))
	for i := range want {
		want[i] = float64(p.c[i])
	}
	for i := range m {
		for j := range n {
			var s float64
			for q := range k {
				s += float64(p.a.data[i*p.a.row+q*p.a.col]) * float64(p.b.data[q*p.b.row+j*p.b.col])
			}
			if accumulate {
				s += want[i*ldc+j]
			}
			if p.bias != nil {
				s += float64(p.bias[j])
			}
			want[i*ldc+j] = s
		}
	}
	p.do(2)
	for i := range want {
		if math.Abs(float64(p.c[i])-want[i]) > tol*float64(k+3) {
			t.Fatalf("%dx%dx%d, mode %d: element %d is %v, want %v", m, n, k, mode, i, p.c[i], want[i])
		}
	}
}

// BenchmarkProduct is the speed of large and of model-shaped products.
func BenchmarkProduct(b *testing.B) {
	for _, s := range [][3]int{{1024, 1024, 1024}, {1024, 512, 128}, {2048, 1280, 320}, {320, 1280, 2048}, {1, 4096, 1024}} {
		m, n, k := s[0], s[1], s[2]
		b.Run(fmt.Sprintf("%dx%dx%d", m, n, k), func(b *testing.B) {
			p := product[float32]{m: m, n: n, k: k, a: rows(make([]float32, m*k), k, false), b: rows(make([]float32, k*n), k, true), c: make([]float32, m*n), ldc: n}
			for b.Loop() {
				p.do(workerCount(0))
			}
			b.ReportMetric(2*float64(m)*float64(n)*float64(k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
