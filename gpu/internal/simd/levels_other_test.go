//go:build !amd64

package simd

func levels() []functions { return []functions{portable} }
