package simd

// levels lists what this processor can run.
func levels() []functions {
	l := []functions{portable}
	if hasAVX2() {
		l = append(l, avx2)
	}
	if hasAVX512() {
		l = append(l, avx512)
	}
	return l
}
