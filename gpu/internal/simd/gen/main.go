// Command gen writes the assembly of package simd. Each kernel is written once
// for vectors of any width and generated for AVX-512 and for AVX2 with FMA.
// Run it with go generate.
package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
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
	build.ConstraintExpr("amd64")
	for _, l := range []level{
		{"AVX512", 16, build.ZMM, 12, 32},
		{"AVX2", 8, build.YMM, 6, 16},
	} {
		l.block()
		l.exponential("exp", false)
		l.exponential("expSum", true)
		l.binary("add", func(x, y, dst operand.Op) { build.VADDPS(y, x, dst) })
		l.binary("mul", func(x, y, dst operand.Op) { build.VMULPS(y, x, dst) })
		l.scaled("scale", false)
		l.scaled("axpy", true)
		l.dot()
		l.relu()
		l.adamw()
	}
	build.Generate()
}

// bytes is the size of a vector.
func (l level) bytes() int { return 4 * l.lanes }

// constant is a float32 in read-only memory, broadcast to a vector.
func (l level) constant(x float64) reg.VecVirtual {
	v := l.vec()
	build.VBROADCASTSS(float(x), v)
	return v
}

var constants = map[uint32]operand.Mem{}

func float(x float64) operand.Mem {
	bits := math.Float32bits(float32(x))
	m, ok := constants[bits]
	if !ok {
		m = build.GLOBL(fmt.Sprintf("f%08x", bits), 24) // NOPTR|RODATA
		build.DATA(0, operand.U32(bits))
		constants[bits] = m
	}
	return m
}

// loop runs body for n elements in steps of the vector's width. The pointers
// are advanced.
func (l level) loop(name string, n reg.Register, pointers []reg.Register, body func()) {
	build.CMPQ(n, operand.U8(0))
	build.JE(operand.LabelRef("done" + name))
	build.Label("loop" + name)
	body()
	for _, p := range pointers {
		build.ADDQ(operand.U32(uint32(l.bytes())), p)
	}
	build.SUBQ(operand.U8(uint8(l.lanes)), n)
	build.JNZ(operand.LabelRef("loop" + name))
	build.Label("done" + name)
}

func (l level) text(name, signature, doc string) {
	build.TEXT(name+l.name, build.NOSPLIT, "func("+signature+")")
	build.Pragma("noescape")
	build.Doc(fmt.Sprintf("%s%s %s", name, l.name, doc))
}

const multiple = " n is a multiple of the vector's width."

// block is c[mr][ldc:nr] += a b over packed panels.
func (l level) block() {
	l.text("block", "k int, a, b, c *float32, ldc int", fmt.Sprintf("adds to %d rows of %d numbers at c the product of packed panels.", l.mr, l.nr))
	k, a, b := build.Load(build.Param("k"), build.GP64()), build.Load(build.Param("a"), build.GP64()), build.Load(build.Param("b"), build.GP64())
	c, ldc := build.Load(build.Param("c"), build.GP64()), build.Load(build.Param("ldc"), build.GP64())
	build.SHLQ(operand.U8(2), ldc)
	sums := make([][2]reg.VecVirtual, l.mr)
	for i := range sums {
		for j := range sums[i] {
			sums[i][j] = l.vec()
			build.VXORPS(sums[i][j], sums[i][j], sums[i][j])
		}
	}
	row, x := [2]reg.VecVirtual{l.vec(), l.vec()}, l.vec()
	build.CMPQ(k, operand.U8(0))
	build.JE(operand.LabelRef("store"))
	build.Label("loop")
	for j := range row {
		build.VMOVUPS(operand.Mem{Base: b, Disp: j * l.bytes()}, row[j])
	}
	for i := range sums {
		build.VBROADCASTSS(operand.Mem{Base: a, Disp: 4 * i}, x)
		for j := range row {
			build.VFMADD231PS(row[j], x, sums[i][j])
		}
	}
	build.ADDQ(operand.U32(uint32(4*l.mr)), a)
	build.ADDQ(operand.U32(uint32(4*l.nr)), b)
	build.DECQ(k)
	build.JNZ(operand.LabelRef("loop"))
	build.Label("store")
	for i := range sums {
		for j := range row {
			at := operand.Mem{Base: c, Disp: j * l.bytes()}
			build.VADDPS(at, sums[i][j], sums[i][j])
			build.VMOVUPS(sums[i][j], at)
		}
		if i < len(sums)-1 {
			build.ADDQ(ldc, c)
		}
	}
	build.VZEROUPPER()
	build.RET()
}

// exponential is exp of each element, or of scale*x+shift with the sum of the
// results, lane by lane, in sum.
func (l level) exponential(name string, affine bool) {
	signature, doc := "dst, src *float32, n int", "is dst = exp(src)."
	if affine {
		signature, doc = "dst, src *float32, n int, scale, shift float32, sum *float32", "is dst = exp(scale*src + shift) and its sum by lanes."
	}
	l.text(name, signature, doc+multiple)
	dst, src, n := build.Load(build.Param("dst"), build.GP64()), build.Load(build.Param("src"), build.GP64()), build.Load(build.Param("n"), build.GP64())
	var scale, shift, sum reg.VecVirtual
	if affine {
		scale, shift, sum = l.vec(), l.vec(), l.vec()
		for i, param := range []string{"scale", "shift"} { // in this order in every run
			addr, err := build.Param(param).Resolve()
			if err != nil {
				panic(err)
			}
			build.VBROADCASTSS(addr.Addr, []reg.VecVirtual{scale, shift}[i])
		}
		build.VXORPS(sum, sum, sum)
	}
	low, high, log2e := l.constant(-104), l.constant(89), l.constant(math.Log2E)
	minusHigh, minusLow := l.constant(-0.693359375), l.constant(2.12194440e-4)
	var poly []reg.VecVirtual
	for _, c := range []float64{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1} {
		poly = append(poly, l.constant(c))
	}
	x, k, p := l.vec(), l.vec(), l.vec()
	l.loop("", n, []reg.Register{dst, src}, func() {
		build.VMOVUPS(operand.Mem{Base: src}, x)
		if affine {
			build.VFMADD213PS(shift, scale, x)
		}
		// The second operand is what comes out when one is not a number.
		build.VMAXPS(x, low, x)
		build.VMINPS(x, high, x)
		build.VMULPS(log2e, x, k)
		if l.lanes == 16 {
			build.VRNDSCALEPS(operand.U8(0), k, k)
		} else {
			build.VROUNDPS(operand.U8(0), k, k)
		}
		build.VFMADD231PS(minusHigh, k, x)
		build.VFMADD231PS(minusLow, k, x)
		build.VMOVAPS(poly[0], p)
		for _, c := range poly[1:] {
			build.VFMADD213PS(c, x, p)
		}
		half, one := l.vec(), l.vec()
		build.VBROADCASTSS(float(5.0000001201e-1), half)
		build.VBROADCASTSS(float(1), one)
		build.VFMADD213PS(half, x, p)
		build.VMULPS(x, p, p)
		build.VFMADD213PS(x, x, p)
		build.VADDPS(one, p, p)
		l.ldexp(p, k)
		build.VMOVUPS(p, operand.Mem{Base: dst})
		if affine {
			build.VADDPS(p, sum, sum)
		}
	})
	if affine {
		build.VMOVUPS(sum, operand.Mem{Base: build.Load(build.Param("sum"), build.GP64())})
	}
	build.VZEROUPPER()
	build.RET()
}

// ldexp multiplies p by 2^k, k being whole numbers, in two steps where there is
// no instruction for it, as 2^128 and 2^-149 are no normal numbers.
func (l level) ldexp(p, k reg.VecVirtual) {
	if l.lanes == 16 {
		build.VSCALEFPS(k, p, p)
		return
	}
	n, h, one := l.vec(), l.vec(), l.vec()
	build.VCVTPS2DQ(k, n)
	build.VPSRAD(operand.U8(1), n, h)
	build.VPSUBD(h, n, n)
	build.VBROADCASTSS(float(1), one) // its bits are the exponent's bias
	for _, e := range []reg.VecVirtual{n, h} {
		build.VPSLLD(operand.U8(23), e, e)
		build.VPADDD(one, e, e)
		build.VMULPS(e, p, p)
	}
}

func (l level) binary(name string, op func(x, y, dst operand.Op)) {
	l.text(name, "dst, x, y *float32, n int", "works element by element."+multiple)
	dst, px, py, n := build.Load(build.Param("dst"), build.GP64()), build.Load(build.Param("x"), build.GP64()), build.Load(build.Param("y"), build.GP64()), build.Load(build.Param("n"), build.GP64())
	x := l.vec()
	l.loop("", n, []reg.Register{dst, px, py}, func() {
		build.VMOVUPS(operand.Mem{Base: px}, x)
		op(x, operand.Mem{Base: py}, x)
		build.VMOVUPS(x, operand.Mem{Base: dst})
	})
	build.VZEROUPPER()
	build.RET()
}

// scaled is dst = a x, or dst += a x.
func (l level) scaled(name string, add bool) {
	l.text(name, "dst, x *float32, n int, a float32", "multiplies by a number."+multiple)
	dst, px, n := build.Load(build.Param("dst"), build.GP64()), build.Load(build.Param("x"), build.GP64()), build.Load(build.Param("n"), build.GP64())
	addr, err := build.Param("a").Resolve()
	if err != nil {
		panic(err)
	}
	a, x := l.vec(), l.vec()
	build.VBROADCASTSS(addr.Addr, a)
	l.loop("", n, []reg.Register{dst, px}, func() {
		if add {
			build.VMOVUPS(operand.Mem{Base: dst}, x)
			build.VFMADD231PS(operand.Mem{Base: px}, a, x)
		} else {
			build.VMULPS(operand.Mem{Base: px}, a, x)
		}
		build.VMOVUPS(x, operand.Mem{Base: dst})
	})
	build.VZEROUPPER()
	build.RET()
}

// dot sums x*y in four vectors, whose sum by lanes is stored.
func (l level) dot() {
	l.text("dot", "x, y *float32, n int, sum *float32", "is the sum of x*y by lanes. n is a multiple of four times the vector's width.")
	px, py, n := build.Load(build.Param("x"), build.GP64()), build.Load(build.Param("y"), build.GP64()), build.Load(build.Param("n"), build.GP64())
	var s, v [4]reg.VecVirtual
	for i := range s {
		s[i], v[i] = l.vec(), l.vec()
		build.VXORPS(s[i], s[i], s[i])
	}
	build.CMPQ(n, operand.U8(0))
	build.JE(operand.LabelRef("done"))
	build.Label("loop")
	for i := range s {
		build.VMOVUPS(operand.Mem{Base: px, Disp: i * l.bytes()}, v[i])
		build.VFMADD231PS(operand.Mem{Base: py, Disp: i * l.bytes()}, v[i], s[i])
	}
	build.ADDQ(operand.U32(uint32(4*l.bytes())), px)
	build.ADDQ(operand.U32(uint32(4*l.bytes())), py)
	build.SUBQ(operand.U8(uint8(4*l.lanes)), n)
	build.JNZ(operand.LabelRef("loop"))
	build.Label("done")
	build.VADDPS(s[1], s[0], s[0])
	build.VADDPS(s[3], s[2], s[2])
	build.VADDPS(s[2], s[0], s[0])
	build.VMOVUPS(s[0], operand.Mem{Base: build.Load(build.Param("sum"), build.GP64())})
	build.VZEROUPPER()
	build.RET()
}

func (l level) relu() {
	l.text("relu", "dst, x *float32, n int", "is dst = max(x, 0)."+multiple)
	dst, px, n := build.Load(build.Param("dst"), build.GP64()), build.Load(build.Param("x"), build.GP64()), build.Load(build.Param("n"), build.GP64())
	x, zero := l.vec(), l.vec()
	build.VXORPS(zero, zero, zero)
	l.loop("", n, []reg.Register{dst, px}, func() {
		build.VMOVUPS(operand.Mem{Base: px}, x)
		build.VMAXPS(x, zero, x)
		build.VMOVUPS(x, operand.Mem{Base: dst})
	})
	build.VZEROUPPER()
	build.RET()
}

// adamw reads its constants in the order of the fields of type AdamW.
func (l level) adamw() {
	l.text("adamw", "p, grad, m, v *float32, n int, c *float32", "is one step; c points to the fields of an AdamW."+multiple)
	pp, pg, pm, pv := build.Load(build.Param("p"), build.GP64()), build.Load(build.Param("grad"), build.GP64()), build.Load(build.Param("m"), build.GP64()), build.Load(build.Param("v"), build.GP64())
	n, pc := build.Load(build.Param("n"), build.GP64()), build.Load(build.Param("c"), build.GP64())
	field := map[string]reg.VecVirtual{}
	for i, name := range []string{"scale", "beta1", "beta2", "keep", "rate", "root", "eps", "gain1", "gain2"} {
		field[name] = l.vec()
		if l.lanes == 16 || i < 6 {
			build.VBROADCASTSS(operand.Mem{Base: pc, Disp: 4 * i}, field[name])
		}
	}
	// With sixteen registers the last constants are loaded where they are used.
	get := func(i int, name string) reg.VecVirtual {
		if l.lanes == 16 {
			return field[name]
		}
		v := l.vec()
		build.VBROADCASTSS(operand.Mem{Base: pc, Disp: 4 * i}, v)
		return v
	}
	d, m, v, w := l.vec(), l.vec(), l.vec(), l.vec()
	l.loop("", n, []reg.Register{pp, pg, pm, pv}, func() {
		build.VMULPS(operand.Mem{Base: pg}, field["scale"], d)
		build.VMULPS(operand.Mem{Base: pm}, field["beta1"], m)
		build.VFMADD231PS(get(7, "gain1"), d, m)
		build.VMOVUPS(m, operand.Mem{Base: pm})
		build.VMULPS(d, d, d)
		build.VMULPS(operand.Mem{Base: pv}, field["beta2"], v)
		build.VFMADD231PS(get(8, "gain2"), d, v)
		build.VMOVUPS(v, operand.Mem{Base: pv})
		build.VSQRTPS(v, v)
		build.VFMADD213PS(get(6, "eps"), field["root"], v)
		build.VMULPS(field["rate"], m, m)
		build.VDIVPS(v, m, m)
		build.VMULPS(operand.Mem{Base: pp}, field["keep"], w)
		build.VSUBPS(m, w, w)
		build.VMOVUPS(w, operand.Mem{Base: pp})
	})
	build.VZEROUPPER()
	build.RET()
}
