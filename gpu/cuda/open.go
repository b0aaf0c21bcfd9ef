package cuda

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"divvy/gpu/pjrt"
	"divvy/gpu/stablehlo"
	"divvy/gpu/xla"
)

// ErrNotFound says that something is missing; the error that wraps it says what
// and how to get it.
var ErrNotFound = errors.New("NVIDIA devices cannot be used")

// share is how much of a device's memory the plug-in takes, at once and for
// itself: a step of training needs it in one piece.
const share = float32(0.95)

// process holds the one client of this process.
var process = struct {
	sync.Mutex
	client *pjrt.Client
	found  Found
}{}

// Client starts the devices, the first time, and gives them.
func Client(ctx context.Context, s Search) (*pjrt.Client, error) {
	process.Lock()
	defer process.Unlock()
	if process.client != nil {
		return process.client, nil
	}
	f := Find(ctx, s)
	if f.Plugin == "" {
		return nil, f.missing()
	}
	c, err := start(f, nil)
	if err != nil {
		if p := f.Problems(); len(p) > 0 {
			return nil, fmt.Errorf("%w: %s; starting the plug-in all the same failed: %w", ErrNotFound, strings.Join(p, "; "), err)
		}
		return nil, fmt.Errorf("starting NVIDIA devices: %w", err)
	}
	process.client, process.found = c, f
	return c, nil
}

// start loads the libraries and the plug-in.
func start(f Found, r *rank) (*pjrt.Client, error) {
	if err := f.showCompiler(); err != nil {
		return nil, fmt.Errorf("showing XLA where CUDA's compiler is: %w", err)
	}
	var preload []string
	for _, l := range f.Libraries {
		if l.Path != "" {
			preload = append(preload, l.Path)
		}
	}
	p, err := pjrt.Load(f.Plugin, preload...)
	if err != nil {
		return nil, err
	}
	options := []pjrt.Option{
		{Name: "allocator", Value: "bfc"},
		{Name: "memory_fraction", Value: share},
		{Name: "preallocate", Value: true},
	}
	var c *pjrt.Client
	if r == nil {
		c, err = p.NewClient(options...)
	} else {
		c, err = p.NewClientAmong(r.store, append(options, pjrt.Option{Name: "node_id", Value: r.number}, pjrt.Option{Name: "num_nodes", Value: r.of})...)
	}
	if err != nil { // a library that is missing may be the cause
		return nil, errors.Join(append([]error{err}, p.Unloaded...)...)
	}
	return c, nil
}

// rank is a process's place among several that train together.
type rank struct {
	store      pjrt.Store
	number, of int
}

// Visible is the environment variable by which CUDA hides devices from a process.
const Visible = "CUDA_VISIBLE_DEVICES"

// OpenRank is the device of one of several processes, the only one that it sees
// (see Visible). The processes meet in the store; NCCL joins their devices.
func OpenRank(ctx context.Context, o xla.Options, s pjrt.Store, number, of int) (*xla.Device, error) {
	f := Find(ctx, Machine())
	if f.Plugin == "" {
		return nil, f.missing()
	}
	c, err := start(f, &rank{s, number, of})
	if err != nil {
		return nil, fmt.Errorf("starting the NVIDIA device of rank %d: %w", number, err)
	}
	wanted := o.Emit.Flash
	o.Emit.Flash = false
	d, err := xla.NewRank(c, o, of)
	if err == nil && wanted {
		// Each rank tries for itself: equal cards and libraries come to one answer.
		d.UseFlash(ctx)
	}
	return d, err
}

// Missing says what keeps this machine from having NVIDIA devices; nil if it can
// be tried.
func Missing(ctx context.Context) error {
	if f := Find(ctx, Machine()); f.Plugin == "" {
		return f.missing()
	}
	return nil
}

func (f Found) missing() error {
	return fmt.Errorf("%w: %s", ErrNotFound, strings.Join(f.Problems(), "; "))
}

// Open is one device, by its number, or several that act as one. If o asks for
// cuDNN's attention (Emit.Flash), it is tried first; where it does not give what
// attention in primitives gives, that stays; OpenTold says why.
func Open(ctx context.Context, o xla.Options, numbers ...int) (*xla.Device, error) {
	d, _, err := OpenTold(ctx, o, numbers...)
	return d, err
}

// OpenTold is Open, which also says how attention is computed and why.
func OpenTold(ctx context.Context, o xla.Options, numbers ...int) (d *xla.Device, attention string, err error) {
	c, err := Client(ctx, Machine())
	if err != nil {
		return nil, "", err
	}
	for _, n := range numbers {
		if n < 0 || n >= len(c.Devices) {
			return nil, "", fmt.Errorf("there is no NVIDIA device %d: this machine has %d, counted from 0", n, len(c.Devices))
		}
	}
	wanted := o.Emit.Flash
	o.Emit.Flash = false
	if d, err = xla.New(c, o, numbers...); err != nil {
		return nil, "", err
	}
	if !wanted {
		return d, "in primitives, as asked", nil
	}
	if why := d.UseFlash(ctx); why != nil {
		if ctx.Err() != nil {
			return nil, "", why
		}
		switch used, onlyCausal := d.Flash(); {
		case used && onlyCausal:
			return d, "by cuDNN's fused kernels over causal rows, over trees in primitives: " + why.Error(), nil
		case used:
			return d, "by cuDNN's fused kernels where heads have keys of their own, else in primitives: " + why.Error(), nil
		}
		return d, "in primitives: " + why.Error(), nil
	}
	return d, "by cuDNN's fused kernels, which were tried and agree with primitives", nil
}

// Options are the settings with which training and generation run on one NVIDIA
// device: attention by cuDNN, products by cuBLAS. XLA would also write kernels for
// products, of which it compiles and tries dozens for each shape: on large
// products they win nothing. Nor are products with a shared operand merged, as
// their weights would be copied together in each run.
func Options() xla.Options {
	return xla.Options{
		Emit:    stablehlo.Options{Flash: true},
		Compile: map[string]any{"xla_gpu_enable_triton_gemm": false, "xla_gpu_dot_merger_threshold_mb": 0},
	}
}

// Among are the settings for one of several devices: transfers between them are
// hidden behind work.
func Among() xla.Options {
	o := Options()
	o.Compile["xla_gpu_enable_latency_hiding_scheduler"] = true
	return o
}
