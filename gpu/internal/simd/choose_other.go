//go:build !amd64

package simd

func choose() functions { return portable }
