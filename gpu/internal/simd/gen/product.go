package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// load reads a parameter of 64 bits.
func load(name string) reg.Register { return build.Load(build.Param(name), build.GP64()) }

// bytes turns a number of float32 elements into bytes.
func bytes(n reg.Register) reg.Register {
	build.SHLQ(operand.U8(2), n)
	return n
}

// rowsOf gives the addresses of n rows that lie stride bytes apart, from
// pointers three rows apart, and those pointers.
func rowsOf(base, stride reg.Register, n int) (rows []operand.Mem, pointers []reg.Register) {
	three := build.GP64()
	if n > 3 {
		build.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, three)
	}
	for i := range n {
		if i%3 == 0 {
			if i > 0 {
				next := build.GP64()
				build.LEAQ(operand.Mem{Base: base, Index: three, Scale: 1}, next)
				base = next
			}
			pointers = append(pointers, base)
			rows = append(rows, operand.Mem{Base: base})
			continue
		}
		rows = append(rows, operand.Mem{Base: base, Index: stride, Scale: uint8(i % 3)})
	}
	return rows, pointers
}

// block is c[mr][ldc:nr] = from + a b, a where it lies and b a packed panel.
func (l level) block() {
	l.text("block", "k int, a *float32, aRow, aCol int, b, c *float32, ldc int, from *float32, fromRow int",
		fmt.Sprintf("sets %d rows of %d numbers at c to the product of %d rows of a and a packed panel, plus the numbers at from if it is not nil.", l.mr, l.nr, l.mr))
	k, b := load("k"), load("b")
	col := bytes(load("aCol"))
	rows, pointers := rowsOf(load("a"), bytes(load("aRow")), l.mr)
	sums := make([][2]reg.VecVirtual, l.mr)
	for i := range sums {
		for j := range sums[i] {
			sums[i][j] = l.vec()
			build.VXORPS(sums[i][j], sums[i][j], sums[i][j])
		}
	}
	row, x := [2]reg.VecVirtual{l.vec(), l.vec()}, l.vec()
	build.CMPQ(k, operand.U8(0))
	build.JE(operand.LabelRef("add"))
	build.Label("loop")
	for j := range row {
		build.VMOVUPS(operand.Mem{Base: b, Disp: j * l.bytes()}, row[j])
	}
	for i := range sums {
		build.VBROADCASTSS(rows[i], x)
		for j := range row {
			build.VFMADD231PS(row[j], x, sums[i][j])
		}
	}
	for _, p := range pointers {
		build.ADDQ(col, p)
	}
	build.ADDQ(operand.U32(uint32(4*l.nr)), b)
	build.DECQ(k)
	build.JNZ(operand.LabelRef("loop"))
	build.Label("add")
	from, fromRow := load("from"), bytes(load("fromRow"))
	build.TESTQ(from, from)
	build.JE(operand.LabelRef("store"))
	for i := range sums {
		for j := range row {
			build.VADDPS(operand.Mem{Base: from, Disp: j * l.bytes()}, sums[i][j], sums[i][j])
		}
		if i < len(sums)-1 {
			build.ADDQ(fromRow, from)
		}
	}
	build.Label("store")
	c, ldc := load("c"), bytes(load("ldc"))
	for i := range sums {
		for j := range row {
			build.VMOVUPS(sums[i][j], operand.Mem{Base: c, Disp: j * l.bytes()})
		}
		if i < len(sums)-1 {
			build.ADDQ(ldc, c)
		}
	}
	build.VZEROUPPER()
	build.RET()
}

// pack copies k rows of a fixed width into a panel.
func (l level) pack(name string, width int) {
	l.text(name, "dst, src *float32, k, stride int", fmt.Sprintf("copies k rows of %d numbers, stride apart in src, behind each other.", width))
	dst, src, k, stride := load("dst"), load("src"), load("k"), bytes(load("stride"))
	type move struct {
		at int
		v  reg.VecVirtual
		op func(from, to operand.Op)
	}
	var moves []move
	for at := 0; at < width; {
		switch left := width - at; {
		case left >= l.lanes:
			moves = append(moves, move{at, l.vec(), func(a, b operand.Op) { build.VMOVUPS(a, b) }})
			at += l.lanes
		case left >= 8:
			moves = append(moves, move{at, build.YMM(), func(a, b operand.Op) { build.VMOVUPS(a, b) }})
			at += 8
		case left >= 4:
			moves = append(moves, move{at, build.XMM(), func(a, b operand.Op) { build.VMOVUPS(a, b) }})
			at += 4
		default:
			moves = append(moves, move{at, build.XMM(), func(a, b operand.Op) { build.VMOVSD(a, b) }})
			at += 2
		}
	}
	build.CMPQ(k, operand.U8(0))
	build.JE(operand.LabelRef("done"))
	build.Label("loop")
	for _, m := range moves {
		m.op(operand.Mem{Base: src, Disp: 4 * m.at}, m.v)
	}
	for _, m := range moves {
		m.op(m.v, operand.Mem{Base: dst, Disp: 4 * m.at})
	}
	build.ADDQ(stride, src)
	build.ADDQ(operand.U32(uint32(4*width)), dst)
	build.DECQ(k)
	build.JNZ(operand.LabelRef("loop"))
	build.Label("done")
	build.VZEROUPPER()
	build.RET()
}

// transpose copies eight rows into eight columns of a panel of nr.
func (l level) transpose() {
	l.text("transpose", "dst, src *float32, k, stride int",
		fmt.Sprintf("copies 8 rows of k numbers, stride apart in src, into 8 columns of a panel that is %d wide. k is a multiple of 8.", l.nr))
	dst, src, k := load("dst"), load("src"), load("k")
	rows, pointers := rowsOf(src, bytes(load("stride")), 8)
	var r, t, s [8]reg.VecVirtual
	for i := range r {
		r[i], t[i], s[i] = build.YMM(), build.YMM(), build.YMM()
	}
	build.CMPQ(k, operand.U8(0))
	build.JE(operand.LabelRef("done"))
	build.Label("loop")
	for i := range r {
		build.VMOVUPS(rows[i], r[i])
	}
	for i := 0; i < 8; i += 2 {
		build.VUNPCKLPS(r[i+1], r[i], t[i])
		build.VUNPCKHPS(r[i+1], r[i], t[i+1])
	}
	for i := 0; i < 8; i += 4 {
		build.VSHUFPS(operand.U8(0x44), t[i+2], t[i], s[i])
		build.VSHUFPS(operand.U8(0xee), t[i+2], t[i], s[i+1])
		build.VSHUFPS(operand.U8(0x44), t[i+3], t[i+1], s[i+2])
		build.VSHUFPS(operand.U8(0xee), t[i+3], t[i+1], s[i+3])
	}
	for i := range 4 {
		low, high := build.YMM(), build.YMM()
		build.VPERM2F128(operand.U8(0x20), s[i+4], s[i], low)
		build.VPERM2F128(operand.U8(0x31), s[i+4], s[i], high)
		build.VMOVUPS(low, operand.Mem{Base: dst, Disp: 4 * l.nr * i})
		build.VMOVUPS(high, operand.Mem{Base: dst, Disp: 4 * l.nr * (i + 4)})
	}
	for _, p := range pointers {
		build.ADDQ(operand.U32(32), p)
	}
	build.ADDQ(operand.U32(uint32(8*4*l.nr)), dst)
	build.SUBQ(operand.U8(8), k)
	build.JNZ(operand.LabelRef("loop"))
	build.Label("done")
	build.VZEROUPPER()
	build.RET()
}
