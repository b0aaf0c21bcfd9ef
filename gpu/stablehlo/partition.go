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

// everywhere is the sharding of a value that is whole on all devices.
const everywhere = `mhlo.sharding = "{replicated}"`

// sharding is an input's place among the devices.
func (e *emitter) sharding(shape []int) string {
	n := e.o.Partitions
	if !Divided(shape, n) {
		return everywhere
	}
	return fmt.Sprintf(`mhlo.sharding = "{devices=[%d%s]<=[%d]}"`, n, strings.Repeat(",1", len(shape)-1), n)
}

// gathered brings the parts of a weight together on each device, in the type in
// which it is computed with: half the bytes of the master weights.
func (e *emitter) gathered(v val) val {
	return e.line(v.elem, v.shape, "stablehlo.custom_call @Sharding(%s) {%s} : (%s) -> %s", v.name, everywhere, v.typ(), v.typ())
}
