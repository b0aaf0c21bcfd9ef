package stablehlo

import (
	"fmt"
	"strings"
)

// Divided says whether an input of the given shape is divided over partitions,
// along its first axis, or is on all of them as a whole. It is so for states
// (weights, moments and caches: each device holds and updates its part) and for
// data (each device takes its rows of the batch) alike.
func Divided(shape []int, partitions int) bool {
	return partitions > 1 && len(shape) > 0 && shape[0]%partitions == 0
}

// mesh declares the devices, in Shardy's words (XLA's partitioner).
func (e *emitter) mesh() string {
	if e.o.Partitions == 1 {
		return ""
	}
	return fmt.Sprintf("  sdy.mesh @devices = <[\"d\"=%d]>\n", e.o.Partitions)
}

// place says where a value is: divided along its first axis, or whole on all
// devices.
func place(shape []int, divided bool) string {
	axes := make([]string, len(shape))
	for i := range axes {
		axes[i] = "{}"
	}
	if divided {
		axes[0] = `{"d"}`
	}
	return "<@devices, [" + strings.Join(axes, ", ") + "]>"
}

// sharding is an argument's or a result's attribute.
func sharding(shape []int, divided bool) string {
	return "sdy.sharding = #sdy.sharding" + place(shape, divided)
}

// gathered brings the parts of a weight together on each device, in the type in
// which it is computed with: half the bytes of the master weights.
func (e *emitter) gathered(v val) val {
	return e.line(v.elem, v.shape, "sdy.sharding_constraint %s %s : %s", v.name, place(v.shape, false), v.typ())
}
