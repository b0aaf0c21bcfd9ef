// Package ranks makes one device of several processes, each with a device of its
// own: data-parallel training, in which every process holds and updates its part
// of weights and moments.
//
// [Start] starts the processes and gives their [Device], a program.Ranked. What
// it is told to compile, keep and run, it tells all of them, over their standard
// input and output; a process is [Serve] with a device. Among each other they
// exchange what Programs ask for over sockets ([Mesh], the processor's way) or by
// their devices' own collectives.
//
// A process that ends takes the others along: every call then fails and says
// which one it was. Checkpoints are the trainer's, written by the process that
// holds the Device, and are those of a run on one device.
package ranks
