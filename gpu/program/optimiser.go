package program

import "slices"

// AdamWOptions are the constants of AdamW (Loshchilov and Hutter 2019) in
// PyTorch's form: decay multiplies the parameter by 1 - lr*Decay first.
type AdamWOptions struct {
	Beta1, Beta2, Eps, Decay float64
	// Seed chooses the random bits by which moments in BF16 are rounded.
	Seed int
}

// attr are the options as attributes.
func (o AdamWOptions) attr() Attr {
	return Attr{Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, Decay: o.Decay, Seed: o.Seed}
}

// AdamW is one step for parameter p with gradient g and moments m, v; lr, step
// (1 for the first) and scale (a factor of g, for clipping and averaging) are
// scalars. If scale is not finite nothing changes: a diverged step leaves the
// state as it was.
//
// Moments are of p's type or, for p in F32, both BF16. Those are rounded up or
// down at random, by [RandomBits], so that they are right in the mean: rounded
// to nearest, a second moment would never become smaller, as a step takes 0.1 %
// off it and bfloat16 numbers are 0.4 % apart.
func (b *Builder) AdamW(p, g, m, v, lr, step, scale *Value, o AdamWOptions) (newP, newM, newV *Value) {
	in := []*Value{p, g, m, v, lr, step, scale}
	b.adam(AdamW, in, in[4:])
	b.must(m.Type == v.Type && (m.Type == p.Type || m.Type == BF16 && p.Type == F32), AdamW, in, "wants moments of the parameter's type, or bf16 for f32")
	for _, x := range in[1:4] {
		b.must(slices.Equal(x.Shape, p.Shape), AdamW, in, "gradient and moments must have the parameter's shape")
	}
	out := b.add(AdamW, o.attr(), in, like(p), like(m), like(v))
	return out[0], out[1], out[2]
}

// Block is how many codes of an 8-bit moment share a scale.
const Block = 256

// Blocks is how many scales the 8-bit codes of n elements have.
func Blocks(n int) int { return (n + Block - 1) / Block }

// Moments8 are the two moments of [Builder.AdamW8]: codes (U8) of the
// parameter's shape, and scales (F32), one for each [Block] of them in row-major
// order.
type Moments8 struct{ M, V, MScale, VScale *Value }

// AdamW8 is [Builder.AdamW] for an F32 parameter with moments of 8 bits, by
// block-wise dynamic quantisation (Dettmers et al. 2022): a moment is its block's
// scale, the largest absolute value, times what its code stands for in
// [SignedCodes] or, for the second moment, [UnsignedCodes]. The step is taken in
// F32 and the new moments get the nearest code, but a second moment that is not 0
// never gets the code of 0, which would make the next step as large as the first
// moment over Eps. A scale of 0 makes zeros of all codes.
func (b *Builder) AdamW8(p, g *Value, old Moments8, lr, step, scale *Value, o AdamWOptions) (newP *Value, next Moments8) {
	in := []*Value{p, g, old.M, old.V, old.MScale, old.VScale, lr, step, scale}
	b.adam(AdamW8, in, in[6:])
	b.must(p.Type == F32 && old.M.Type == U8 && old.V.Type == U8, AdamW8, in, "wants an f32 parameter and u8 moments")
	for _, x := range in[1:4] {
		b.must(slices.Equal(x.Shape, p.Shape), AdamW8, in, "gradient and moments must have the parameter's shape")
	}
	for _, x := range in[4:6] {
		b.must(x.Type == F32 && vector(x, Blocks(p.Len())), AdamW8, in, "wants an f32 scale for each block of codes")
	}
	out := b.add(AdamW8, o.attr(), in, like(p), like(old.M), like(old.V), like(old.MScale), like(old.VScale))
	return out[0], Moments8{out[1], out[2], out[3], out[4]}
}

// adam checks what both forms have in common.
func (b *Builder) adam(k Kind, in, scalars []*Value) {
	b.must(sameFloat([]*Value{in[0], in[1]}) && in[0].Type != BF16, k, in, "wants a parameter and a gradient of one type, f32 or f64")
	for _, x := range scalars {
		b.must(x.Len() == 1 && x.Type == in[0].Type, k, in, "lr, step and scale are scalars of the parameter's type")
	}
}

// codes is the dynamic data type of Dettmers et al.: seven decades, 10^-6 to 1,
// each divided evenly into twice as many numbers as the one below, 0 and 1.
func codes(signed bool) []float32 {
	all := []float32{0, 1}
	n, decade := 1, 1e-6
	if !signed {
		n = 2
	}
	for range 7 {
		for i := range n {
			x := decade * (0.1 + 0.9*(float64(i)+0.5)/float64(n))
			all = append(all, float32(x))
			if signed {
				all = append(all, -float32(x))
			}
		}
		n, decade = 2*n, 10*decade
	}
	slices.Sort(all)
	return all
}

// SignedCodes are the 256 numbers that codes of a first moment stand for, in
// ascending order. 1 is among them, -1 is not.
func SignedCodes() []float32 { return codes(true) }

// UnsignedCodes are those of a second moment.
func UnsignedCodes() []float32 { return codes(false) }

// Thresholds are the 255 numbers between codes: the code of x is how many of
// them are less than x.
func Thresholds(codes []float32) []float32 {
	t := make([]float32, len(codes)-1)
	for i := range t {
		t[i] = (codes[i] + codes[i+1]) / 2
	}
	if codes[0] == 0 {
		t[0] = 0 // see Builder.AdamW8
	}
	return t
}

// RandomBits are the bits by which element i of a BF16 moment is rounded at a
// step: the lower half for the first moment, the upper for the second. They are
// added to the lower half of the F32 number's bits, which is then cut off. All
// devices use the same, so that a run that is taken up goes on as it would have.
func RandomBits(seed, step, i uint32) uint32 {
	x := i*0x9e3779b1 + step*0x85ebca77 + seed*0xc2b2ae3d
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	return x ^ x>>16
}
