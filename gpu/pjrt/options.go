package pjrt

import (
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// CompileOptions are XLA's CompileOptionsProto, as far as it is used.
type CompileOptions struct {
	// Replicas is how many devices run the module together; 0 means 1.
	Replicas int
	// Partitions is over how many devices XLA divides the module, by the
	// shardings that are written in it; 0 means 1.
	Partitions int
	// Devices are the numbers of the devices of the replicas, or of the
	// partitions; nil leaves the choice to the plug-in.
	Devices []int
	// Overrides are XLA's debug options by name, each a string, bool, int or
	// float64, for example "xla_gpu_enable_command_buffer".
	Overrides map[string]any
}

// encode writes the protocol buffer:
//
//	CompileOptionsProto          3: executable_build_options, 7: env_option_overrides
//	ExecutableBuildOptionsProto  1: device_ordinal, 4: num_replicas, 5: num_partitions, 6: use_spmd_partitioning, 9: device_assignment, 19: use_shardy_partitioner
//	DeviceAssignmentProto        1: replica_count, 2: computation_count, 3: computation_devices
//	ComputationDevice            1: replica_device_ids
//	OptionOverrideProto          1: string, 2: bool, 3: int, 4: double
func (o CompileOptions) encode() []byte {
	replicas, partitions := max(1, o.Replicas), max(1, o.Partitions)
	build := number(nil, 1, math.MaxUint64) // -1: any device
	if len(o.Devices) == 1 {
		build = number(nil, 1, uint64(o.Devices[0]))
	}
	build = number(build, 4, uint64(replicas))
	build = number(build, 5, uint64(partitions))
	if partitions > 1 {
		build = number(build, 6, 1)
	}
	if len(o.Devices) > 0 {
		assignment := number(nil, 1, uint64(replicas))
		assignment = number(assignment, 2, uint64(partitions))
		for p := range partitions {
			var ids []byte
			for r := range replicas {
				ids = protowire.AppendVarint(ids, uint64(o.Devices[r*partitions+p]))
			}
			assignment = message(assignment, 3, message(nil, 1, ids)) // packed
		}
		build = message(build, 9, assignment)
	}
	if partitions > 1 {
		build = number(build, 19, 1)
	}
	out := message(nil, 3, build)
	for _, name := range slices.Sorted(maps.Keys(o.Overrides)) {
		var v []byte
		switch x := o.Overrides[name].(type) {
		case string:
			v = message(nil, 1, []byte(x))
		case bool:
			v = number(nil, 2, protowire.EncodeBool(x))
		case int:
			v = number(nil, 3, uint64(x))
		case float64:
			v = protowire.AppendFixed64(protowire.AppendTag(nil, 4, protowire.Fixed64Type), math.Float64bits(x))
		}
		entry := message(message(nil, 1, []byte(name)), 2, v)
		out = message(out, 7, entry)
	}
	return out
}

func number(b []byte, field protowire.Number, x uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), x)
}

func message(b []byte, field protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), m)
}
