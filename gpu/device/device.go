// Package device opens devices by name: "cpu", "cuda", "cuda:1", "cuda:0-7", and
// "cpu:0-3", which is four processes that share a batch; "cuda:0-7" is eight, and
// "cuda:0-7,together" one that drives eight devices.
//
// It is the only package that knows all kinds of devices.
package device

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"divvy/gpu/cpu"
	"divvy/gpu/cuda"
	"divvy/gpu/program"
)

// Spec is what a name asks for.
type Spec struct {
	Kind string // "cpu" or "cuda"
	// Together says that one process drives all devices and XLA divides the work.
	// Without it each has a process of its own.
	Together bool
	Devices  []int // numbers of devices; of "cpu" those of its processes, if it is several
}

// Parse reads a name. "" means "cpu", "cuda" means "cuda:0".
func Parse(name string) (Spec, error) {
	kind, which, given := strings.Cut(name, ":")
	bad := func(why string) (Spec, error) {
		return Spec{}, fmt.Errorf(`device %q: %s; names are "cpu", "cpu:0-3", "cuda", "cuda:1", "cuda:0-7" and "cuda:0-7,together"`, name, why)
	}
	switch kind {
	case "", "cpu":
		if !given {
			return Spec{Kind: "cpu"}, nil
		}
		if kind = "cpu"; !strings.Contains(which, "-") {
			return bad("the processor has no number")
		}
	case "cuda":
	default:
		return bad("there is no such kind")
	}
	if !given {
		return Spec{Kind: kind, Devices: []int{0}}, nil
	}
	which, together := strings.CutSuffix(which, ",together")
	first, last, isRange := strings.Cut(which, "-")
	if !isRange {
		last = first
	}
	lo, err := strconv.Atoi(first)
	hi, err2 := strconv.Atoi(last)
	if err != nil || err2 != nil || lo < 0 || hi < lo || hi-lo >= 64 {
		return bad("the numbers of devices cannot be read")
	}
	s := Spec{Kind: kind, Together: together}
	for i := lo; i <= hi; i++ {
		s.Devices = append(s.Devices, i)
	}
	return s, nil
}

// Open starts the device of a name.
func Open(ctx context.Context, name string) (program.Device, error) {
	s, err := Parse(name)
	if err != nil {
		return nil, err
	}
	if s.Kind == "cpu" {
		if len(s.Devices) > 0 {
			return start(s)
		}
		return cpu.New(0), nil
	}
	if len(s.Devices) > 1 && !s.Together {
		if err := cuda.Missing(ctx); err != nil {
			return nil, err
		}
		return start(s)
	}
	o := cuda.Options()
	if len(s.Devices) > 1 {
		o = cuda.Among()
	}
	return cuda.Open(ctx, o, s.Devices...)
}
