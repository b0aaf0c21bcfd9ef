package train

import (
	"context"
	"fmt"

	"divvy/gpu/batch"
	"divvy/gpu/cpu"
	"divvy/gpu/device"
	"divvy/gpu/program"
	engine "divvy/gpu/train"
	"divvy/gpu/xla"
)

// Device is what models are trained and run on.
type Device struct {
	// Name says what it is, for example "cuda:0 (NVIDIA H200)".
	Name string

	device program.Device
}

// On starts a device: "cpu", "cuda", "cuda:1", or several that train together,
// "cuda:0-7"; "cpu:0-3" is four processes that share each batch's rows. A model
// computes on it after Model.On; without one, on the processor. `kernel doctor`
// says what a machine lacks.
func On(ctx context.Context, name string) (*Device, error) {
	d, err := device.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return &Device{d.Name(), d}, nil
}

// On is the model on a device, where it trains, writes and scores.
func (m *Model) On(d *Device) (*Model, error) {
	if d == nil || d.device == nil {
		return nil, fmt.Errorf("there is no device: train.On gives one")
	}
	moved := *m
	moved.device = d.device
	return &moved, nil
}

// forDevice fixes the shapes of batches where compiling a Program takes long:
// rows hold a few of the longest examples, and their number varies little.
func forDevice(c engine.Config, dev program.Device, longest int) engine.Config {
	if _, ok := dev.(*cpu.Device); ok {
		return c
	}
	const multiple = 128
	c.RowTokens = max(2048, (longest+multiple-1)/multiple*multiple)
	c.RowMultiple = 4
	n := 1 // devices, of which each takes as many rows
	if d, ok := dev.(*xla.Device); ok {
		n = d.Count()
	} else if d, ok := dev.(program.Ranked); ok {
		n = d.Ranks()
	}
	if n > 1 {
		c.RowMultiple = n * ((3 + n) / n)
	}
	return c
}

// longest is the number of tokens that the longest example takes in a row, at
// most.
func longest(examples []batch.Example, limits batch.Limits) int {
	n := 0
	for _, e := range examples {
		e = limits.Cut(e)
		size := len(e.Prompt)
		for _, r := range e.Responses {
			size += len(r) + 1
		}
		n = max(n, size)
	}
	return n
}
