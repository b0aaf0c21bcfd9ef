package program

import (
	"fmt"
	"math"
	"slices"
)

// Tensor is a dense row-major array in memory of the host. Of its slices the
// one of its type is set: F32 for both F32 and BF16 (whose values are kept
// rounded), F64, I32 and U8.
type Tensor struct {
	Type  DType
	Shape []int
	F32   []float32
	F64   []float64
	I32   []int32
	U8    []uint8
}

// NewTensor makes a tensor of zeros.
func NewTensor(t DType, shape ...int) *Tensor {
	x := &Tensor{Type: t, Shape: slices.Clone(shape)}
	n := Elements(shape)
	switch t {
	case F64:
		x.F64 = make([]float64, n)
	case I32:
		x.I32 = make([]int32, n)
	case U8:
		x.U8 = make([]uint8, n)
	default:
		x.F32 = make([]float32, n)
	}
	return x
}

// Floats makes an F32 tensor over data, which it keeps. Without a shape it is
// a vector.
func Floats(data []float32, shape ...int) *Tensor {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	return &Tensor{Type: F32, Shape: slices.Clone(shape), F32: data}
}

// Ints makes an I32 tensor over data, which it keeps. Without a shape it is a
// vector.
func Ints(data []int32, shape ...int) *Tensor {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	return &Tensor{Type: I32, Shape: slices.Clone(shape), I32: data}
}

// Scalar makes a tensor of one element.
func Scalar(t DType, x float64) *Tensor {
	s := NewTensor(t)
	s.Set(0, x)
	return s
}

// Len is the number of elements.
func (t *Tensor) Len() int { return Elements(t.Shape) }

// At is an element as float64, by its row-major position.
func (t *Tensor) At(i int) float64 {
	switch t.Type {
	case F64:
		return t.F64[i]
	case I32:
		return float64(t.I32[i])
	case U8:
		return float64(t.U8[i])
	default:
		return float64(t.F32[i])
	}
}

// Set stores an element, rounded to the tensor's type, by its row-major position.
func (t *Tensor) Set(i int, x float64) {
	switch t.Type {
	case F64:
		t.F64[i] = x
	case I32:
		t.I32[i] = int32(x)
	case U8:
		t.U8[i] = uint8(x)
	case BF16:
		t.F32[i] = RoundBF16(float32(x))
	default:
		t.F32[i] = float32(x)
	}
}

// Clone copies the tensor and its elements.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{t.Type, slices.Clone(t.Shape), slices.Clone(t.F32), slices.Clone(t.F64), slices.Clone(t.I32), slices.Clone(t.U8)}
}

// As copies the tensor to another element type, rounding to nearest.
func (t *Tensor) As(to DType) *Tensor {
	if t.Type == to {
		return t.Clone()
	}
	c := NewTensor(to, t.Shape...)
	if t.Type == F32 && to == BF16 { // whole models go this way
		for i, x := range t.F32 {
			c.F32[i] = RoundBF16(x)
		}
		return c
	}
	for i := range t.Len() {
		c.Set(i, t.At(i))
	}
	return c
}

// Check says whether the tensor's slice has the length of its shape and its
// type and shape are those wanted.
func (t *Tensor) Check(want DType, shape []int) error {
	if t.Type != want || !slices.Equal(t.Shape, shape) {
		return fmt.Errorf("is %s, want %s", TypeString(t.Type, t.Shape), TypeString(want, shape))
	}
	n := len(t.F32)
	switch t.Type {
	case F64:
		n = len(t.F64)
	case I32:
		n = len(t.I32)
	case U8:
		n = len(t.U8)
	}
	if n != t.Len() {
		return fmt.Errorf("has %d elements for %s", n, TypeString(t.Type, t.Shape))
	}
	return nil
}

// RoundBF16 rounds to the nearest bfloat16, ties to even. NaN stays NaN.
func RoundBF16(x float32) float32 {
	u := math.Float32bits(x)
	if u&0x7fffffff > 0x7f800000 {
		return math.Float32frombits(u&0xffff0000 | 0x400000)
	}
	u += 0x7fff + (u>>16)&1
	return math.Float32frombits(u &^ 0xffff)
}
