// Package xla is a program.Device on any device that has an XLA plug-in: a
// Program is written as StableHLO, compiled by the plug-in and run through PJRT.
//
// State stays on the device. A run takes the memory of the states that it
// assigns and gives it back with their new values, so that training needs room
// for one copy of weights and moments. What the processor's device checks while
// it runs (ids inside their tables) is checked here before a run, on the host.
//
// The package knows neither models nor where plug-ins come from.
package xla
