package simd

func choose() functions { return portable }
