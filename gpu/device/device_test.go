package device

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"divvy/gpu/cuda"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		devices    []int
		wrong      string
	}{
		{"", "cpu", nil, ""},
		{"cpu", "cpu", nil, ""},
		{"cuda", "cuda", []int{0}, ""},
		{"cuda:3", "cuda", []int{3}, ""},
		{"cuda:0-3", "cuda", []int{0, 1, 2, 3}, ""},
		{"cuda:2-2", "cuda", []int{2}, ""},
		{"cpu:1", "", nil, "no number"},
		{"tpu", "", nil, "no such kind"},
		{"cuda:", "", nil, "cannot be read"},
		{"cuda:3-1", "", nil, "cannot be read"},
		{"cuda:-1", "", nil, "cannot be read"},
		{"cuda:0-99", "", nil, "cannot be read"},
	} {
		s, err := Parse(c.name)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%q: the error is %v, want %q in it", c.name, err, c.wrong)
			}
			continue
		}
		if err != nil || s.Kind != c.kind || !slices.Equal(s.Devices, c.devices) {
			t.Errorf("%q is %+v, %v", c.name, s, err)
		}
	}
}

// TestOpen: the processor opens; where there is no NVIDIA device, the error
// says what is missing.
func TestOpen(t *testing.T) {
	d, err := Open(context.Background(), "cpu")
	if err != nil || !strings.HasPrefix(d.Name(), "cpu") {
		t.Errorf("%v, %v", d, err)
	}
	t.Setenv(cuda.Setting, t.TempDir())
	if _, err := Open(context.Background(), "cuda"); !errors.Is(err, cuda.ErrNotFound) || !strings.Contains(err.Error(), "pip install") {
		t.Errorf("opening a device without a plug-in: %v", err)
	}
}
