// Package jupyter serves an interpreter to Jupyter front ends: it speaks the
// Jupyter messaging protocol, version 5.5
// (https://jupyter-client.readthedocs.io/en/stable/messaging.html), over
// ZeroMQ, and nothing else. It runs no code and knows no Go interpreter: a
// [cell.Interpreter] does that, and what a cell shows comes back through a
// [cell.Sink].
//
// Three floors, from the wire up:
//
//   - internal/zmtp keeps the five endpoints open to peers that cannot be
//     trusted: a list of frames in, a list of frames out.
//   - [Session] signs, checks and encodes: frames to [Message] and back.
//   - [Server] sends each message to the handler of its type and answers.
//
// A message's way: the goroutine of its connection decodes and checks it, then
// appends it to a lane. A lane handles one message after another; there is one
// for the main shell, one for each subshell, one for comms, one for control and
// one for the debugger, so control answers while a cell runs. Around each message the lane publishes
// busy and idle. What a handler returns becomes the reply, so that a handler
// cannot forget one, answer on the wrong channel or with the wrong parent.
//
// Every fault of a message ends with that message: it is logged, and answered
// where it can be.
package jupyter
