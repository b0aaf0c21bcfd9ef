package widget

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
)

// The comm targets of the protocol.
const (
	modelTarget   = "jupyter.widget"
	controlTarget = "jupyter.widget.control"
)

// The versions of the protocol, which front ends compare with their own.
const (
	protocolVersion = "2.1.0"
	controlVersion  = "1.0.0"
)

// open holds the comms of this process: front ends know them by their ids, for
// as long as the process lives.
var open = struct {
	sync.RWMutex
	models   map[string]*model
	controls map[string]bool // opened by front ends that load a page
}{models: map[string]*model{}, controls: map[string]bool{}}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// errNoComm is the answer to messages of comms that are not open: a page that
// is older than the kernel, mostly.
var errNoComm = errors.New("no such comm")

// Deliver hands over a message of a front end. It only takes note and returns
// at once; what it has to answer goes to reply. Functions of a cell that are to
// be called go to Host.Later.
func Deliver(m Message, reply func(Message)) error {
	open.RLock()
	target, control := open.models[m.ID], open.controls[m.ID]
	open.RUnlock()
	switch {
	case m.Kind == CommOpen && m.Target == controlTarget:
		open.Lock()
		open.controls[m.ID] = true
		open.Unlock()
		return nil
	case m.Kind == CommOpen:
		return fmt.Errorf("widget: comm %s: nothing here is opened by a front end under the target %q", m.ID, m.Target)
	case m.Kind == CommClose:
		open.Lock()
		delete(open.models, m.ID)
		delete(open.controls, m.ID)
		open.Unlock()
		return nil
	case control:
		return answerControl(m, reply)
	case target != nil:
		return target.receive(m, reply)
	}
	return fmt.Errorf("widget: comm %s: %w", m.ID, errNoComm)
}

// Comms lists the open comms, id -> target; an empty target asks for all.
func Comms(target string) map[string]string {
	open.RLock()
	defer open.RUnlock()
	list := map[string]string{}
	if target == "" || target == modelTarget {
		for id := range open.models {
			list[id] = modelTarget
		}
	}
	if target == "" || target == controlTarget {
		for id := range open.controls {
			list[id] = controlTarget
		}
	}
	return list
}

// answerControl tells a front end the state of all widgets at once.
func answerControl(m Message, reply func(Message)) error {
	if method, _ := m.Data["method"].(string); method != "request_states" {
		return fmt.Errorf("widget: control comm: no method %q", method)
	}
	open.RLock()
	models := make([]*model, 0, len(open.models))
	for _, x := range open.models {
		models = append(models, x)
	}
	open.RUnlock()
	all := map[string]any{}
	for _, x := range models {
		all[x.id] = x.described()
	}
	states, paths, buffers := split(all)
	reply(Message{
		Kind: CommMsg, ID: m.ID, Buffers: buffers,
		Data:     map[string]any{"method": "update_states", "states": states, "buffer_paths": paths},
		Metadata: map[string]any{"version": controlVersion},
	})
	return nil
}
