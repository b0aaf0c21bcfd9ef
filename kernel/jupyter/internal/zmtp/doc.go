// Package zmtp keeps one server endpoint of ZeroMQ open to peers that cannot
// be trusted. The protocol itself (greeting, NULL handshake, framing, socket
// types) is github.com/go-zeromq/zmq4's, one [zmq4.Conn] for each connection.
// This package stands where zmq4's Socket would stand, because a Socket of
// v0.17.0, reproduced by the tests beside this file,
//
//   - accepts one connection at a time, so a peer that connects and says
//     nothing keeps all later ones out;
//   - allocates whatever length a frame header announces;
//   - writes to its subscribers one after the other, so one that does not read
//     stalls all the others and the caller;
//   - keeps an XPUB socket's subscriptions to itself;
//   - panics, in a goroutine of its own, on a READY command with an unknown
//     socket type or a truncated property.
//
// It knows nothing of Jupyter: a message is a list of frames.
package zmtp
