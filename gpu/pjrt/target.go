package pjrt

import (
	"runtime"
)

// CompileFor compiles a module for a device that need not be there, as a text
// protocol buffer describes it (XLA's GpuTargetConfigProto), and gives the
// memory that a run would take.
func (p *Plugin) CompileFor(target string, module []byte, o CompileOptions) (Plan, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	values, err := named([]Option{{"target_config", target}, {"topology", "1x1x1"}}, &pin)
	if err != nil {
		return Plan{}, err
	}
	pin.Pin(&values[0])
	topology := newArgs(0, 0, address(&values[0]), uint64(len(values)))
	if err := p.call(topologyCreate, topology); err != nil {
		return Plan{}, err
	}
	defer p.destroy(topologyDestroy, topology[6])
	format, options := []byte("mlir"), o.encode()
	program := newArgs(text(module, &pin), uint64(len(module)), text(format, &pin), uint64(len(format)))
	pin.Pin(program)
	a := newArgs(topology[6], address(program), text(options, &pin), uint64(len(options)))
	if err := p.call(compileFor, a); err != nil {
		return Plan{}, err
	}
	defer p.destroy(executableDestroy, a[7])
	return p.plan(a[7])
}
