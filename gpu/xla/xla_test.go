package xla

import (
	"os"
	"testing"

	"divvy/gpu/devicetest"
	"divvy/gpu/pjrt"
	"divvy/gpu/program"
)

func TestDeviceTable(t *testing.T) {
	p, err := pjrt.Load(os.Getenv("PLUGIN"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(c.Platform, c.Version, len(c.Devices), p.Major, p.Minor)
	d, err := New(c, 0, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n, failed := devicetest.Run(d, devicetest.Options{Types: []program.DType{program.F32, program.BF16}, Float64: true, Seed: 1})
	for _, f := range failed {
		t.Error(f)
	}
	t.Log(n)
}
