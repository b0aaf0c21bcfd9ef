package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// shift is dst = x + a.
func (l level) shift() {
	l.text("shift", "dst, x *float32, n int, a float32", "is dst = x + a."+multiple)
	dst, px, n := load("dst"), load("x"), load("n")
	a, x := l.param("a"), l.vec()
	l.loop("", n, []reg.Register{dst, px}, func() {
		build.VADDPS(operand.Mem{Base: px}, a, x)
		build.VMOVUPS(x, operand.Mem{Base: dst})
	})
	build.VZEROUPPER()
	build.RET()
}

// scaledProduct is dst = a x y + z.
func (l level) scaledProduct() {
	l.text("scaledProduct", "dst, x, y, z *float32, n int, a float32", "is dst = a x y + z."+multiple)
	dst, px, py, pz, n := load("dst"), load("x"), load("y"), load("z"), load("n")
	a, x := l.param("a"), l.vec()
	l.loop("", n, []reg.Register{dst, px, py, pz}, func() {
		build.VMULPS(operand.Mem{Base: px}, a, x)
		build.VMULPS(operand.Mem{Base: py}, x, x)
		build.VADDPS(operand.Mem{Base: pz}, x, x)
		build.VMOVUPS(x, operand.Mem{Base: dst})
	})
	build.VZEROUPPER()
	build.RET()
}

// normSums is the first pass of a normalisation's gradient.
func (l level) normSums() {
	l.text("normSums", "x, d, gain, dgain, dbias *float32, n int, mean, inv float32, sums *float32",
		"adds d (x-mean) inv to dgain and d to dbias, and sets the two vectors at sums to the sums by lanes of d gain and of d gain (x-mean) inv."+multiple)
	px, pd, pg, pdg, pdb, n := load("x"), load("d"), load("gain"), load("dgain"), load("dbias"), load("n")
	mean, inv := l.param("mean"), l.param("inv")
	x, d, t, first, second := l.vec(), l.vec(), l.vec(), l.vec(), l.vec()
	build.VXORPS(first, first, first)
	build.VXORPS(second, second, second)
	l.loop("", n, []reg.Register{px, pd, pg, pdg, pdb}, func() {
		build.VMOVUPS(operand.Mem{Base: px}, x)
		build.VSUBPS(mean, x, x)
		build.VMULPS(inv, x, x)
		build.VMOVUPS(operand.Mem{Base: pd}, d)
		build.VADDPS(operand.Mem{Base: pdb}, d, t)
		build.VMOVUPS(t, operand.Mem{Base: pdb})
		build.VMOVUPS(operand.Mem{Base: pdg}, t)
		build.VFMADD231PS(x, d, t)
		build.VMOVUPS(t, operand.Mem{Base: pdg})
		build.VMULPS(operand.Mem{Base: pg}, d, d)
		build.VADDPS(d, first, first)
		build.VFMADD231PS(x, d, second)
	})
	sums := load("sums")
	build.VMOVUPS(first, operand.Mem{Base: sums})
	build.VMOVUPS(second, operand.Mem{Base: sums, Disp: l.bytes()})
	build.VZEROUPPER()
	build.RET()
}

// normGrad is the second.
func (l level) normGrad() {
	l.text("normGrad", "dst, x, d, gain *float32, n int, mean, inv, a, b float32", "is dst = inv (d gain - a - b inv (x-mean))."+multiple)
	dst, px, pd, pg, n := load("dst"), load("x"), load("d"), load("gain"), load("n")
	mean, inv, a, b := l.param("mean"), l.param("inv"), l.param("a"), l.param("b")
	x, d := l.vec(), l.vec()
	l.loop("", n, []reg.Register{dst, px, pd, pg}, func() {
		build.VMOVUPS(operand.Mem{Base: px}, x)
		build.VSUBPS(mean, x, x)
		build.VMULPS(inv, x, x)
		build.VMOVUPS(operand.Mem{Base: pd}, d)
		build.VMULPS(operand.Mem{Base: pg}, d, d)
		build.VSUBPS(a, d, d)
		build.VFNMADD231PS(b, x, d)
		build.VMULPS(inv, d, d)
		build.VMOVUPS(d, operand.Mem{Base: dst})
	})
	build.VZEROUPPER()
	build.RET()
}
