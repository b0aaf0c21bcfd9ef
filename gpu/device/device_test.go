package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"divvy/gpu/cuda"
	"divvy/gpu/program"
	"divvy/gpu/ranks"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == RankCommand {
		fmt.Fprintln(os.Stderr, Rank(context.Background(), os.Args[2:]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestProcesses: a device of several processes is started by its name.
func TestProcesses(t *testing.T) {
	d, err := Open(context.Background(), "cpu:0-1")
	if err != nil {
		t.Fatal(err)
	}
	defer d.(*ranks.Device).Close()
	if !strings.HasPrefix(d.Name(), "2 ranks of cpu (") || d.(program.Ranked).Ranks() != 2 {
		t.Errorf("it is %s", d.Name())
	}
	if err := Rank(context.Background(), []string{"cpu"}); err == nil {
		t.Error("a rank without a number was taken")
	}
	if err := Rank(context.Background(), []string{"tpu", "0"}); err == nil {
		t.Error("a rank of no kind was taken")
	}
	if err := Rank(context.Background(), []string{"cpu", "0"}); err == nil || !strings.Contains(err.Error(), "not started as one") {
		t.Errorf("a rank without a device: %v", err)
	}
}

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
		{"cuda:0-1,together", "cuda", []int{0, 1}, ""},
		{"cpu:1", "", nil, "no number"},
		{"cpu:0-2", "cpu", []int{0, 1, 2}, ""},
		{"cpu:2-0", "", nil, "cannot be read"},
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
	for _, name := range []string{"cuda", "cuda:0-3", "cuda:0-3,together"} {
		if _, err := Open(context.Background(), name); !errors.Is(err, cuda.ErrNotFound) || !strings.Contains(err.Error(), "pip install") {
			t.Errorf("opening %s without a plug-in: %v", name, err)
		}
	}
}
