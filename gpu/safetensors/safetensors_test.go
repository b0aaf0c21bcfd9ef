package safetensors

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"divvy/gpu/program"
)

func TestRoundTrip(t *testing.T) {
	in := map[string]*program.Tensor{
		"b": program.Floats([]float32{1, -2.5, 0.333251953125, 65504, 6e-8, 0}, 2, 3),
		"a": program.Scalar(program.F64, math.Pi),
		"c": {Type: program.U8, Shape: []int{3}, U8: []uint8{0, 127, 255}},
		"d": {Type: program.BF16, Shape: []int{2}, F32: []float32{1.5, -0.0078125}},
	}
	for storage, want := range map[string][]float32{
		F32:  {1, -2.5, 0.333251953125, 65504, 6e-8, 0},
		F16:  {1, -2.5, 0.333251953125, 65504, 0x1p-24, 0},
		BF16: {1, -2.5, 0.33398438, 65536, 6.0070306e-08, 0},
	} {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		if err := Write(path, in, storage, map[string]string{"format": "pt"}); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if got := strings.Join(f.Names(), " "); got != "a b c d" || f.Metadata["format"] != "pt" {
			t.Errorf("names %q, metadata %v", got, f.Metadata)
		}
		x, err := f.Read("b")
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if math.Abs(float64(x.F32[i]-w)) > 1e-3*math.Abs(float64(w)) && storage != F32 || storage == F32 && x.F32[i] != w {
				t.Errorf("%s: element %d is %g, want %g", storage, i, x.F32[i], w)
			}
		}
		if a, err := f.Read("a"); err != nil || a.F64[0] != math.Pi {
			t.Errorf("a: %v, %v", a, err)
		}
		if c, err := f.Read("c"); err != nil || c.Type != program.U8 || string(c.U8) != "\x00\x7f\xff" {
			t.Errorf("c: %v, %v", c, err)
		}
		if d, err := f.Read("d"); err != nil || d.F32[0] != 1.5 || d.F32[1] != -0.0078125 || storage != F16 && f.Entries["d"].Type != BF16 {
			t.Errorf("d: %v, %v, stored as %s", d, err, f.Entries["d"].Type)
		}
		if _, err := f.Read("e"); err == nil {
			t.Error("a tensor that is not there was read")
		}
	}
}

// TestHalf: every half-precision number survives the way through float32.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		x := fromHalf(uint16(h))
		if x != x {
			continue
		}
		if got := toHalf(x); got != uint16(h) {
			t.Fatalf("%#04x is %g and comes back as %#04x", h, x, got)
		}
	}
	for _, c := range []struct {
		in   float32
		want uint16
	}{{1 + 0x1p-11, 0x3c00}, {1 + 3*0x1p-11, 0x3c02}, {65520, 0x7c00}, {65519, 0x7bff}, {0x1p-25, 0}, {0x1.8p-24, 2}} {
		if got := toHalf(c.in); got != c.want {
			t.Errorf("%g rounds to %#04x, want %#04x", c.in, got, c.want)
		}
	}
}

// TestHostile: headers that lie are refused, not trusted.
func TestHostile(t *testing.T) {
	for name, head := range map[string]string{
		"beyond the end": `{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`,
		"negative":       `{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`,
		"size":           `{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`,
		"overflow":       `{"x":{"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,8]}}`,
		"type":           `{"x":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}`,
		"json":           `{"x":`,
	} {
		path := filepath.Join(t.TempDir(), "x")
		raw := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
		if err := os.WriteFile(path, append(append(raw, head...), make([]byte, 8)...), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	path := filepath.Join(t.TempDir(), "x")
	os.WriteFile(path, binary.LittleEndian.AppendUint64(nil, 1<<60), 0o600)
	if _, err := Open(path); err == nil {
		t.Error("a header of 2^60 bytes was accepted")
	}
}
