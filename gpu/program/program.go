package program

import (
	"fmt"
	"slices"
	"strings"
)

// DType is the element type of a value.
type DType uint8

// The element types. BF16 values are float32 values rounded to the nearest
// bfloat16 (ties to even); sums of products of BF16 values are accumulated in
// float32 and rounded once. U8 values are codes: the moments of AdamW8.
const (
	F32 DType = iota
	F64
	BF16
	I32
	U8
)

// String gives the type's usual short name, for example "f32".
func (t DType) String() string {
	if int(t) < len(dtypeNames) {
		return dtypeNames[t]
	}
	return fmt.Sprintf("dtype(%d)", uint8(t))
}

var dtypeNames = [...]string{"f32", "f64", "bf16", "i32", "u8"}

// Size is the number of bytes that one element takes in storage.
func (t DType) Size() int {
	switch t {
	case F64:
		return 8
	case BF16:
		return 2
	case U8:
		return 1
	default:
		return 4
	}
}

// IsFloat says whether the type is one of the floating-point types.
func (t DType) IsFloat() bool { return t != I32 && t != U8 }

// Role says what an input is for.
type Role uint8

// The roles of inputs.
const (
	Data  Role = iota // given by the host at every run
	State             // kept by the device from run to run: weights, moments, caches
)

// String names the role as it is printed in a Program's text.
func (r Role) String() string { return [...]string{"data", "state"}[r] }

// Value is one result of one operation: a tensor whose type and shape are known.
type Value struct {
	ID    int // position among the Program's values, in order of definition
	Type  DType
	Shape []int // empty for a scalar
	Op    *Op   // the operation that defines it
	Index int   // which of Op's results this is
}

// Len is the number of elements.
func (v *Value) Len() int { return Elements(v.Shape) }

// Dim is the length of an axis; a negative axis counts from the last.
func (v *Value) Dim(axis int) int {
	if axis < 0 {
		axis += len(v.Shape)
	}
	return v.Shape[axis]
}

// String is the value's name and type in a Program's text, for example "%7:f32[4,8]".
func (v *Value) String() string {
	return fmt.Sprintf("%%%d:%s", v.ID, TypeString(v.Type, v.Shape))
}

// TypeString writes a type with its shape, for example "f32[4,8]".
func TypeString(t DType, shape []int) string {
	s := make([]string, len(shape))
	for i, d := range shape {
		s[i] = fmt.Sprint(d)
	}
	return t.String() + "[" + strings.Join(s, ",") + "]"
}

// Elements is the product of the dimensions: 1 for a scalar's empty shape.
func Elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Op is one operation: what it reads, what it defines, and its attributes.
type Op struct {
	Kind Kind
	In   []*Value
	Out  []*Value
	Attr Attr
}

// Attr holds the attributes of an operation. Which fields an operation reads
// is said at its Kind; the others are zero.
type Attr struct {
	Name        string    // Input: its name
	Role        Role      // Input
	Split       bool      // Input: each rank has its own part, see Builder.OverRanks
	Value       float64   // Const: the number that fills the tensor
	Data        []float64 // Literal: the elements
	Axis        int       // Slice, Pad, ReduceMax, LogSumExp
	Lo, Hi      int       // Slice: first and one past the last index; Pad: zeros before and after
	TransA      bool      // MatMul: the first operand is read transposed
	TransB      bool      // MatMul: the second operand is read transposed
	Eps         float64   // LayerNorm, RMSNorm, AdamW, AdamW8
	Rows        int       // Attention, UpdateRows: number of independent rows of tokens
	Heads       int       // Attention: query heads. Rotary: heads of its operand
	KVHeads     int       // Attention: key and value heads, a divisor of Heads
	HeadDim     int       // Attention, Rotary
	Scale       float64   // Attention: factor of the scores
	Causal      bool      // Attention: see AttentionOptions
	Rotary      int       // Rotary: leading components of a head that are rotated, an even number
	Base        float64   // Rotary: base of the geometric frequencies
	Inverse     bool      // Rotary: turn backwards (the gradient's direction)
	Beta1       float64   // AdamW, AdamW8
	Beta2       float64   // AdamW, AdamW8
	Decay       float64   // AdamW, AdamW8: decoupled weight decay
	Temperature float64   // Sample
	TopK        int       // Sample
	TopP        float64   // Sample
	Seed        int       // AdamW: chooses the random bits by which BF16 moments are rounded
	Segment     int       // Barrier: the checkpoint segment that it guards, counted from 1
}

// Assignment says that a State input takes on a value when a run has ended.
type Assignment struct {
	State *Value
	To    *Value
}

// Output is a value that a run hands to the host, by name.
type Output struct {
	Name  string
	Value *Value
}

// Program is a list of operations with its inputs, outputs and assignments.
// A built Program is never changed; it may be shared.
type Program struct {
	Name    string
	Ranks   int // processes that run it together; 0 and 1 mean one
	Ops     []*Op
	Inputs  []*Value
	Outputs []Output
	Assigns []Assignment
	Values  int // number of values; every ID is below it
}

// Input finds an input by name, nil if there is none.
func (p *Program) Input(name string) *Value {
	i := slices.IndexFunc(p.Inputs, func(v *Value) bool { return v.Op.Attr.Name == name })
	if i < 0 {
		return nil
	}
	return p.Inputs[i]
}

// FLOPs counts the floating-point operations of the matrix products,
// attention and output layers, two for each multiply-add. Elementwise work is
// not counted. Attention is counted as full causal rows (half of the square).
func (p *Program) FLOPs() float64 { return p.count(5, 3) }

// LeastFLOPs is FLOPs without what gradients compute a second time, scores and
// logits, so that devices which keep them can be compared with those which do not.
// Layers that are recomputed are counted as they are.
func (p *Program) LeastFLOPs() float64 { return p.count(4, 2) }

// count takes the products of an attention's gradient and of an output layer's.
func (p *Program) count(attention, output float64) float64 {
	var n float64
	for _, op := range p.Ops {
		switch op.Kind {
		case MatMul:
			k := op.In[0].Dim(1)
			if op.Attr.TransA {
				k = op.In[0].Dim(0)
			}
			n += 2 * float64(op.Out[0].Len()) * float64(k)
		case Attention, AttentionGrad:
			q, k := op.In[0], op.In[1]
			products := 2.0 // scores, weighted sum
			if op.Kind == AttentionGrad {
				products = attention // scores again, dP, dQ, dK, dV
			}
			n += products * float64(q.Len()) * float64(k.Dim(0)) / float64(op.Attr.Rows)
		case LinearLogProb, LinearLogProbGrad:
			products := 1.0
			if op.Kind == LinearLogProbGrad {
				products = output // logits again, dH, dW
			}
			n += products * 2 * float64(op.In[0].Len()) * float64(op.In[1].Dim(0))
		}
	}
	return n
}
