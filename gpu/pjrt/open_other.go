//go:build !linux && !darwin

package pjrt

import "errors"

var errSystem = errors.New("plug-ins can be loaded on Linux and macOS only")

func open(string, bool) (uintptr, error)      { return 0, errSystem }
func symbol(uintptr, string) (uintptr, error) { return 0, errSystem }
func call(uintptr, ...uintptr) uintptr        { return 0 }

func callback(func(uintptr) uintptr) uintptr { return 0 }
