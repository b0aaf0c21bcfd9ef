package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func (l level) binary(name string, op func(x, y, dst operand.Op)) {
	l.text(name, "dst, x, y *float32, n int", "works element by element."+multiple)
	dst, px, py, n := load("dst"), load("x"), load("y"), load("n")
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
	dst, px, n := load("dst"), load("x"), load("n")
	a, x := l.param("a"), l.vec()
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
	px, py, n := load("x"), load("y"), load("n")
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
	build.VMOVUPS(s[0], operand.Mem{Base: load("sum")})
	build.VZEROUPPER()
	build.RET()
}

func (l level) relu() {
	l.text("relu", "dst, x *float32, n int", "is dst = max(x, 0)."+multiple)
	dst, px, n := load("dst"), load("x"), load("n")
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

// reluGrad is dst = d where x > 0, else 0.
func (l level) reluGrad() {
	l.text("reluGrad", "dst, x, d *float32, n int", "is dst = d where x > 0, else 0."+multiple)
	dst, px, pd, n := load("dst"), load("x"), load("d"), load("n")
	x, zero := l.vec(), l.vec()
	build.VXORPS(zero, zero, zero)
	const less = 1 // 0 < x, false for what is not a number
	l.loop("", n, []reg.Register{dst, px, pd}, func() {
		if l.lanes == 16 {
			k := build.K()
			build.VCMPPS(operand.U8(less), operand.Mem{Base: px}, zero, k)
			build.VMOVUPS_Z(operand.Mem{Base: pd}, k, x)
		} else {
			build.VCMPPS(operand.U8(less), operand.Mem{Base: px}, zero, x)
			build.VANDPS(operand.Mem{Base: pd}, x, x)
		}
		build.VMOVUPS(x, operand.Mem{Base: dst})
	})
	build.VZEROUPPER()
	build.RET()
}

// largest is the maximum by lanes. n must not be 0.
func (l level) largest() {
	l.text("largest", "x *float32, n int, top *float32", "is the maximum of x by lanes; what is not a number counts only at the beginning. n is a multiple of the vector's width, not 0.")
	px, n := load("x"), load("n")
	x, top := l.vec(), l.vec()
	build.VMOVUPS(operand.Mem{Base: px}, top)
	l.loop("", n, []reg.Register{px}, func() {
		build.VMOVUPS(operand.Mem{Base: px}, x)
		build.VMAXPS(top, x, top)
	})
	build.VMOVUPS(top, operand.Mem{Base: load("top")})
	build.VZEROUPPER()
	build.RET()
}

// softmaxGrad is dst = a w (dst - b).
func (l level) softmaxGrad() {
	l.text("softmaxGrad", "dst, w *float32, n int, a, b float32", "is dst = a w (dst - b)."+multiple)
	dst, pw, n := load("dst"), load("w"), load("n")
	a, b, x := l.param("a"), l.param("b"), l.vec()
	l.loop("", n, []reg.Register{dst, pw}, func() {
		build.VMOVUPS(operand.Mem{Base: dst}, x)
		build.VSUBPS(b, x, x)
		build.VMULPS(operand.Mem{Base: pw}, x, x)
		build.VMULPS(a, x, x)
		build.VMOVUPS(x, operand.Mem{Base: dst})
	})
	build.VZEROUPPER()
	build.RET()
}

// adamw reads its constants in the order of the fields of type AdamW.
func (l level) adamw() {
	l.text("adamw", "p, grad, m, v *float32, n int, c *float32", "is one step; c points to the fields of an AdamW."+multiple)
	pp, pg, pm, pv := load("p"), load("grad"), load("m"), load("v")
	n, pc := load("n"), load("c")
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
