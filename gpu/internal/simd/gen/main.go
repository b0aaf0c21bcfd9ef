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
		l.pack("packA", l.mr)
		l.pack("packB", l.nr)
		l.transpose()
		l.exponential("exp", false)
		l.exponential("expSum", true)
		l.gelu("gelu", false)
		l.gelu("geluGrad", true)
		l.swiglu()
		l.swigluGrad()
		l.binary("add", func(x, y, dst operand.Op) { build.VADDPS(y, x, dst) })
		l.binary("mul", func(x, y, dst operand.Op) { build.VMULPS(y, x, dst) })
		l.scaled("scale", false)
		l.scaled("axpy", true)
		l.dot()
		l.largest()
		l.relu()
		l.reluGrad()
		l.shift()
		l.scaledProduct()
		l.normSums()
		l.normGrad()
		l.softmaxGrad()
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

func float(x float64) operand.Mem { return bits(math.Float32bits(float32(x))) }

func bits(u uint32) operand.Mem {
	m, ok := constants[u]
	if !ok {
		m = build.GLOBL(fmt.Sprintf("f%08x", u), 24) // NOPTR|RODATA
		build.DATA(0, operand.U32(u))
		constants[u] = m
	}
	return m
}

// param is a float32 parameter, broadcast to a vector.
func (l level) param(name string) reg.VecVirtual {
	addr, err := build.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := l.vec()
	build.VBROADCASTSS(addr.Addr, v)
	return v
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
