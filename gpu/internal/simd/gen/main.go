// Command gen writes the assembly of package simd. Each kernel is written once
// for vectors of any width and generated for AVX-512 and for AVX2 with FMA.
// Run it with go generate.
package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build" //nolint:revive // avo's own idiom: instructions are functions
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// level is an instruction set.
type level struct {
	name   string
	lanes  int // float32 numbers in a vector
	vec    func() reg.VecVirtual
	mr, nr int // the matrix product's inner block: nr is two vectors
}

func main() {
	ConstraintExpr("amd64")
	for _, l := range []level{
		{"AVX512", 16, ZMM, 12, 32},
		{"AVX2", 8, YMM, 6, 16},
	} {
		l.block()
		l.exponential("exp", false)
		l.exponential("expSum", true)
		l.binary("add", func(x, y, dst Op) { VADDPS(y, x, dst) })
		l.binary("mul", func(x, y, dst Op) { VMULPS(y, x, dst) })
		l.scaled("scale", false)
		l.scaled("axpy", true)
		l.dot()
		l.relu()
		l.adamw()
	}
	Generate()
}

// bytes is the size of a vector.
func (l level) bytes() int { return 4 * l.lanes }

// constant is a float32 in read-only memory, broadcast to a vector.
func (l level) constant(x float64) reg.VecVirtual {
	v := l.vec()
	VBROADCASTSS(float(x), v)
	return v
}

var constants = map[uint32]Mem{}

func float(x float64) Mem {
	bits := math.Float32bits(float32(x))
	m, ok := constants[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("f%08x", bits), 24) // NOPTR|RODATA
		DATA(0, U32(bits))
		constants[bits] = m
	}
	return m
}

// loop runs body for n elements in steps of the vector's width. The pointers
// are advanced.
func (l level) loop(name string, n reg.Register, pointers []reg.Register, body func()) {
	CMPQ(n, U8(0))
	JE(LabelRef("done" + name))
	Label("loop" + name)
	body()
	for _, p := range pointers {
		ADDQ(U32(uint32(l.bytes())), p)
	}
	SUBQ(U8(uint8(l.lanes)), n)
	JNZ(LabelRef("loop" + name))
	Label("done" + name)
}

func (l level) text(name, signature, doc string) {
	TEXT(name+l.name, NOSPLIT, "func("+signature+")")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s%s %s", name, l.name, doc))
}

const multiple = " n is a multiple of the vector's width."

// block is c[mr][ldc:nr] += a b over packed panels.
func (l level) block() {
	l.text("block", "k int, a, b, c *float32, ldc int", fmt.Sprintf("adds to %d rows of %d numbers at c the product of packed panels.", l.mr, l.nr))
	k, a, b := Load(Param("k"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	c, ldc := Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	SHLQ(U8(2), ldc)
	sums := make([][2]reg.VecVirtual, l.mr)
	for i := range sums {
		for j := range sums[i] {
			sums[i][j] = l.vec()
			VXORPS(sums[i][j], sums[i][j], sums[i][j])
		}
	}
	row, x := [2]reg.VecVirtual{l.vec(), l.vec()}, l.vec()
	CMPQ(k, U8(0))
	JE(LabelRef("store"))
	Label("loop")
	for j := range row {
		VMOVUPS(Mem{Base: b, Disp: j * l.bytes()}, row[j])
	}
	for i := range sums {
		VBROADCASTSS(Mem{Base: a, Disp: 4 * i}, x)
		for j := range row {
			VFMADD231PS(row[j], x, sums[i][j])
		}
	}
	ADDQ(U32(uint32(4*l.mr)), a)
	ADDQ(U32(uint32(4*l.nr)), b)
	DECQ(k)
	JNZ(LabelRef("loop"))
	Label("store")
	for i := range sums {
		for j := range row {
			at := Mem{Base: c, Disp: j * l.bytes()}
			VADDPS(at, sums[i][j], sums[i][j])
			VMOVUPS(sums[i][j], at)
		}
		if i < len(sums)-1 {
			ADDQ(ldc, c)
		}
	}
	VZEROUPPER()
	RET()
}

// exponential is exp of each element, or of scale*x+shift with the sum of the
// results, lane by lane, in sum.
func (l level) exponential(name string, affine bool) {
	signature, doc := "dst, src *float32, n int", "is dst = exp(src)."
	if affine {
		signature, doc = "dst, src *float32, n int, scale, shift float32, sum *float32", "is dst = exp(scale*src + shift) and its sum by lanes."
	}
	l.text(name, signature, doc+multiple)
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	var scale, shift, sum reg.VecVirtual
	if affine {
		scale, shift, sum = l.vec(), l.vec(), l.vec()
		for i, param := range []string{"scale", "shift"} { // in this order in every run
			addr, err := Param(param).Resolve()
			if err != nil {
				panic(err)
			}
			VBROADCASTSS(addr.Addr, []reg.VecVirtual{scale, shift}[i])
		}
		VXORPS(sum, sum, sum)
	}
	low, high, log2e := l.constant(-104), l.constant(89), l.constant(math.Log2E)
	minusHigh, minusLow := l.constant(-0.693359375), l.constant(2.12194440e-4)
	var poly []reg.VecVirtual
	for _, c := range []float64{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1} {
		poly = append(poly, l.constant(c))
	}
	x, k, p := l.vec(), l.vec(), l.vec()
	l.loop("", n, []reg.Register{dst, src}, func() {
		VMOVUPS(Mem{Base: src}, x)
		if affine {
			VFMADD213PS(shift, scale, x)
		}
		// The second operand is what comes out when one is not a number.
		VMAXPS(x, low, x)
		VMINPS(x, high, x)
		VMULPS(log2e, x, k)
		if l.lanes == 16 {
			VRNDSCALEPS(U8(0), k, k)
		} else {
			VROUNDPS(U8(0), k, k)
		}
		VFMADD231PS(minusHigh, k, x)
		VFMADD231PS(minusLow, k, x)
		VMOVAPS(poly[0], p)
		for _, c := range poly[1:] {
			VFMADD213PS(c, x, p)
		}
		half, one := l.vec(), l.vec()
		VBROADCASTSS(float(5.0000001201e-1), half)
		VBROADCASTSS(float(1), one)
		VFMADD213PS(half, x, p)
		VMULPS(x, p, p)
		VFMADD213PS(x, x, p)
		VADDPS(one, p, p)
		l.ldexp(p, k)
		VMOVUPS(p, Mem{Base: dst})
		if affine {
			VADDPS(p, sum, sum)
		}
	})
	if affine {
		VMOVUPS(sum, Mem{Base: Load(Param("sum"), GP64())})
	}
	VZEROUPPER()
	RET()
}

// ldexp multiplies p by 2^k, k being whole numbers, in two steps where there is
// no instruction for it, as 2^128 and 2^-149 are no normal numbers.
func (l level) ldexp(p, k reg.VecVirtual) {
	if l.lanes == 16 {
		VSCALEFPS(k, p, p)
		return
	}
	n, h, one := l.vec(), l.vec(), l.vec()
	VCVTPS2DQ(k, n)
	VPSRAD(U8(1), n, h)
	VPSUBD(h, n, n)
	VBROADCASTSS(float(1), one) // its bits are the exponent's bias
	for _, e := range []reg.VecVirtual{n, h} {
		VPSLLD(U8(23), e, e)
		VPADDD(one, e, e)
		VMULPS(e, p, p)
	}
}

func (l level) binary(name string, op func(x, y, dst Op)) {
	l.text(name, "dst, x, y *float32, n int", "works element by element."+multiple)
	dst, px, py, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("n"), GP64())
	x := l.vec()
	l.loop("", n, []reg.Register{dst, px, py}, func() {
		VMOVUPS(Mem{Base: px}, x)
		op(x, Mem{Base: py}, x)
		VMOVUPS(x, Mem{Base: dst})
	})
	VZEROUPPER()
	RET()
}

// scaled is dst = a x, or dst += a x.
func (l level) scaled(name string, add bool) {
	l.text(name, "dst, x *float32, n int, a float32", "multiplies by a number."+multiple)
	dst, px, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	addr, err := Param("a").Resolve()
	if err != nil {
		panic(err)
	}
	a, x := l.vec(), l.vec()
	VBROADCASTSS(addr.Addr, a)
	l.loop("", n, []reg.Register{dst, px}, func() {
		if add {
			VMOVUPS(Mem{Base: dst}, x)
			VFMADD231PS(Mem{Base: px}, a, x)
		} else {
			VMULPS(Mem{Base: px}, a, x)
		}
		VMOVUPS(x, Mem{Base: dst})
	})
	VZEROUPPER()
	RET()
}

// dot sums x*y in four vectors, whose sum by lanes is stored.
func (l level) dot() {
	l.text("dot", "x, y *float32, n int, sum *float32", "is the sum of x*y by lanes. n is a multiple of four times the vector's width.")
	px, py, n := Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("n"), GP64())
	var s, v [4]reg.VecVirtual
	for i := range s {
		s[i], v[i] = l.vec(), l.vec()
		VXORPS(s[i], s[i], s[i])
	}
	CMPQ(n, U8(0))
	JE(LabelRef("done"))
	Label("loop")
	for i := range s {
		VMOVUPS(Mem{Base: px, Disp: i * l.bytes()}, v[i])
		VFMADD231PS(Mem{Base: py, Disp: i * l.bytes()}, v[i], s[i])
	}
	ADDQ(U32(uint32(4*l.bytes())), px)
	ADDQ(U32(uint32(4*l.bytes())), py)
	SUBQ(U8(uint8(4*l.lanes)), n)
	JNZ(LabelRef("loop"))
	Label("done")
	VADDPS(s[1], s[0], s[0])
	VADDPS(s[3], s[2], s[2])
	VADDPS(s[2], s[0], s[0])
	VMOVUPS(s[0], Mem{Base: Load(Param("sum"), GP64())})
	VZEROUPPER()
	RET()
}

func (l level) relu() {
	l.text("relu", "dst, x *float32, n int", "is dst = max(x, 0)."+multiple)
	dst, px, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	x, zero := l.vec(), l.vec()
	VXORPS(zero, zero, zero)
	l.loop("", n, []reg.Register{dst, px}, func() {
		VMOVUPS(Mem{Base: px}, x)
		VMAXPS(x, zero, x)
		VMOVUPS(x, Mem{Base: dst})
	})
	VZEROUPPER()
	RET()
}

// adamw reads its constants in the order of the fields of type AdamW.
func (l level) adamw() {
	l.text("adamw", "p, grad, m, v *float32, n int, c *float32", "is one step; c points to the fields of an AdamW."+multiple)
	pp, pg, pm, pv := Load(Param("p"), GP64()), Load(Param("grad"), GP64()), Load(Param("m"), GP64()), Load(Param("v"), GP64())
	n, pc := Load(Param("n"), GP64()), Load(Param("c"), GP64())
	field := map[string]reg.VecVirtual{}
	for i, name := range []string{"scale", "beta1", "beta2", "keep", "rate", "root", "eps", "gain1", "gain2"} {
		field[name] = l.vec()
		if l.lanes == 16 || i < 6 {
			VBROADCASTSS(Mem{Base: pc, Disp: 4 * i}, field[name])
		}
	}
	// With sixteen registers the last constants are loaded where they are used.
	get := func(i int, name string) reg.VecVirtual {
		if l.lanes == 16 {
			return field[name]
		}
		v := l.vec()
		VBROADCASTSS(Mem{Base: pc, Disp: 4 * i}, v)
		return v
	}
	d, m, v, w := l.vec(), l.vec(), l.vec(), l.vec()
	l.loop("", n, []reg.Register{pp, pg, pm, pv}, func() {
		VMULPS(Mem{Base: pg}, field["scale"], d)
		VMULPS(Mem{Base: pm}, field["beta1"], m)
		VFMADD231PS(get(7, "gain1"), d, m)
		VMOVUPS(m, Mem{Base: pm})
		VMULPS(d, d, d)
		VMULPS(Mem{Base: pv}, field["beta2"], v)
		VFMADD231PS(get(8, "gain2"), d, v)
		VMOVUPS(v, Mem{Base: pv})
		VSQRTPS(v, v)
		VFMADD213PS(get(6, "eps"), field["root"], v)
		VMULPS(field["rate"], m, m)
		VDIVPS(v, m, m)
		VMULPS(Mem{Base: pp}, field["keep"], w)
		VSUBPS(m, w, w)
		VMOVUPS(w, Mem{Base: pp})
	})
	VZEROUPPER()
	RET()
}
