package program

// ArgMax is the place of the largest element of each row of x [n,v]: [n] (i32).
// Of equal ones it is the first.
func (b *Builder) ArgMax(x *Value) *Value {
	b.must(matrix(x, -1, -1) && x.Type.IsFloat() && x.Dim(1) < 1<<24, ArgMax, []*Value{x}, "wants a matrix of fewer than 2^24 columns")
	return b.add1(ArgMax, Attr{}, I32, []int{x.Dim(0)}, x)
}

// SampleOptions say how Sample draws.
type SampleOptions struct {
	// Temperature divides the logits; it is positive.
	Temperature float64
	// TopK keeps that many of the likeliest; 0 keeps all.
	TopK int
	// TopP keeps the likeliest whose probabilities, those that TopK left, first add
	// up to it; 0 keeps all.
	TopP float64
}

// Sample draws a column of each row of logits [n,v] by the softmax of the row,
// u [n] being evenly distributed from 0 to 1: [n] (i32). It is the first column
// at which the sum of the probabilities exceeds u, in order of the columns, or,
// with TopK or TopP, from the likeliest on.
func (b *Builder) Sample(logits, u *Value, o SampleOptions) *Value {
	in := []*Value{logits, u}
	b.must(matrix(logits, -1, -1) && vector(u, logits.Dim(0)) && sameFloat(in) && logits.Type != BF16 && logits.Dim(1) < 1<<24, Sample, in, "wants logits [n,v] and u [n] of one type, f32 or f64")
	b.must(o.Temperature > 0 && o.TopK >= 0 && o.TopP >= 0 && o.TopP <= 1, Sample, in, "wants a positive temperature, a top-k that is not negative and a top-p from 0 to 1")
	return b.add1(Sample, Attr{Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP}, I32, []int{logits.Dim(0)}, in...)
}
