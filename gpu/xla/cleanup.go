package xla

import (
	"runtime"

	"divvy/gpu/pjrt"
)

// closeWith unloads an executable when its owner can no longer be reached:
// program.Executable has no end of its own.
func closeWith(owner *executable, x *pjrt.Executable) {
	runtime.AddCleanup(owner, func(x *pjrt.Executable) { x.Close() }, x)
}
