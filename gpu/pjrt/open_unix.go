//go:build linux || darwin

package pjrt

import "github.com/ebitengine/purego"

// open loads a library; global makes its symbols visible to later ones.
func open(path string, global bool) (uintptr, error) {
	mode := purego.RTLD_NOW | purego.RTLD_LOCAL
	if global {
		mode = purego.RTLD_NOW | purego.RTLD_GLOBAL
	}
	return purego.Dlopen(path, mode)
}

func symbol(library uintptr, name string) (uintptr, error) { return purego.Dlsym(library, name) }

// call calls a C function of pointer-sized arguments.
//
//go:uintptrescapes
func call(f uintptr, a ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(f, a...)
	return r
}

// callback is a C function that calls f, for the rest of the process's life.
func callback(f func(uintptr) uintptr) uintptr { return purego.NewCallback(f) }
