package pjrt_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"divvy/gpu/internal/testplugin"
	"divvy/gpu/pjrt"
	"divvy/install/pyenv"
)

func bits(x ...float32) []byte {
	var out []byte
	for _, v := range x {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

func put(t testing.TB, d *pjrt.Device, x ...float32) *pjrt.Buffer {
	t.Helper()
	b, err := d.Upload(pjrt.F32, []int{len(x)}, bits(x...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func get(t testing.TB, b *pjrt.Buffer, n int) []float32 {
	t.Helper()
	raw := make([]byte, 4*n)
	if err := b.Download(raw); err != nil {
		t.Fatal(err)
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}

// TestRealPlugin: XLA itself, on the processor: attributes, aliasing, errors.
func TestRealPlugin(t *testing.T) {
	c := testplugin.Client(t, pyenv.Need(t).Dir)
	if c.Platform != "cpu" || len(c.Devices) < 2 {
		t.Fatalf("%d devices of %q, want some of the processor", len(c.Devices), c.Platform)
	}
	x, err := c.Compile([]byte(`module @m { func.func public @main(%a: tensor<3xf32> {tf.aliasing_output = 0 : i32}, %b: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %0 = stablehlo.add %a, %b : tensor<3xf32>
  %1 = stablehlo.multiply %a, %b : tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xf32> } }`), pjrt.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if m, err := x.Memory(); err != nil || m.Arguments != 24 || m.Aliased != 12 {
		t.Errorf("the plan is %+v, %v", m, err)
	}
	a, b := put(t, c.Devices[0], 1, 2, 3), put(t, c.Devices[0], 4, 5, 6)
	for i := range 3 {
		out, err := x.Execute([][]*pjrt.Buffer{{a, b}})
		if err != nil {
			t.Fatal(err)
		}
		if gone, err := a.Deleted(); !gone || err != nil {
			t.Errorf("the aliased argument was not taken: %v", err)
		}
		if _, err := x.Execute([][]*pjrt.Buffer{{a, b}}); err == nil || !strings.Contains(err.Error(), "deleted or donated") {
			t.Errorf("an argument that was taken was accepted: %v", err)
		}
		a.Close()
		a = out[0][0]
		k := float32(i + 1)
		if got := fmt.Sprint(get(t, a, 3)); got != fmt.Sprint([]float32{1 + 4*k, 2 + 5*k, 3 + 6*k}) {
			t.Errorf("the sum is %v after %d runs", got, i+1)
		}
	}
	_, err = c.Compile([]byte("module @m { nonsense }"), pjrt.CompileOptions{})
	var e *pjrt.Error
	if !errors.As(err, &e) || e.Code == 0 || !strings.Contains(e.Text, "nonsense") {
		t.Errorf("the error of a text that is no module is %v", err)
	}
}

// TestRealReplicas: one module on two devices that exchange a sum.
func TestRealReplicas(t *testing.T) {
	c := testplugin.Client(t, pyenv.Need(t).Dir)
	x, err := c.Compile([]byte(`module @m attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 2 : i32} {
func.func public @main(%a: tensor<2xf32>) -> tensor<2xf32> {
  %0 = "stablehlo.all_reduce"(%a) <{replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> ({
    ^bb0(%l: tensor<f32>, %r: tensor<f32>):
      %s = stablehlo.add %l, %r : tensor<f32>
      stablehlo.return %s : tensor<f32>
  }) : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32> } }`), pjrt.CompileOptions{Replicas: 2, Devices: []int{c.Devices[0].ID, c.Devices[1].ID}})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	out, err := x.Execute([][]*pjrt.Buffer{{put(t, c.Devices[0], 1, 2)}, {put(t, c.Devices[1], 10, 20)}})
	if err != nil {
		t.Fatal(err)
	}
	for d := range 2 {
		if got := fmt.Sprint(get(t, out[d][0], 2)); got != "[11 22]" {
			t.Errorf("device %d has %s", d, got)
		}
	}
}

// BenchmarkExecute is what a call costs beside the work.
func BenchmarkExecute(b *testing.B) {
	c := testplugin.Client(b, pyenv.Need(b).Dir)
	x, err := c.Compile([]byte(`module @m { func.func public @main(%a: tensor<2xf32>) -> tensor<2xf32> { return %a : tensor<2xf32> } }`), pjrt.CompileOptions{})
	if err != nil {
		b.Fatal(err)
	}
	in := [][]*pjrt.Buffer{{put(b, c.Devices[0], 1, 2)}}
	for b.Loop() {
		out, err := x.Execute(in)
		if err != nil {
			b.Fatal(err)
		}
		out[0][0].Close()
	}
}
