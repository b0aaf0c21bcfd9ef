package jupyter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// ProtocolVersion is the version of the messaging specification spoken here.
const ProtocolVersion = "5.5"

// delimiter stands between the routing prefix and the message.
const delimiter = "<IDS|MSG>"

// Header identifies a message and its sender.
type Header struct {
	ID       string `json:"msg_id"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"` // ISO 8601
	Type     string `json:"msg_type"`
	Version  string `json:"version"`
	// Subshell says which subshell a shell message is for; nil is the main shell.
	Subshell *string `json:"subshell_id,omitempty"`
}

// created is the moment of the header's date, zero where it has none.
func (h Header) created() time.Time {
	t, err := time.Parse(time.RFC3339Nano, h.Date)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Message is a message that has been received. The four dictionaries are kept
// as they came; each is known to be a JSON object.
type Message struct {
	// Idents is the routing prefix: for a router, whom a reply goes to; for a
	// subscriber, the topic.
	Idents [][]byte
	Header Header
	// RawHeader is the header's own bytes, the parent header of every answer.
	RawHeader json.RawMessage
	// Parent is the header of the message that caused this one, empty if none did.
	Parent    Header
	RawParent json.RawMessage
	Metadata  json.RawMessage
	Content   json.RawMessage
	Buffers   [][]byte
}

// Outgoing is a message to be sent.
type Outgoing struct {
	Idents   [][]byte
	Type     string
	Parent   json.RawMessage // the header of the cause; nil if there is none
	Metadata any             // encoded as a JSON object; nil is {}
	Content  any             // encoded as a JSON object; nil is {}
	Buffers  [][]byte
	Subshell *string // for clients: the subshell that is to handle the message
}

// Decoding errors. All mean that the message is dropped: who sent it is not
// known, so there is nobody to answer.
var (
	ErrNoDelimiter = errors.New("no delimiter frame")
	ErrNoSender    = errors.New("no routing prefix")
	ErrShort       = errors.New("fewer than the five frames of signature, header, parent, metadata and content")
	ErrSignature   = errors.New("wrong signature")
	ErrReplayed    = errors.New("signature seen before")
)

// parseMessage takes the frames after the delimiter and the signature.
func parseMessage(idents, frames [][]byte) (*Message, error) {
	m := &Message{
		Idents:    idents,
		RawHeader: frames[0],
		RawParent: frames[1],
		Metadata:  frames[2],
		Content:   frames[3],
		Buffers:   frames[4:],
	}
	for i, name := range [...]string{"header", "parent header", "metadata", "content"} {
		if err := checkObject(frames[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := json.Unmarshal(m.RawHeader, &m.Header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := json.Unmarshal(m.RawParent, &m.Parent); err != nil {
		return nil, fmt.Errorf("parent header: %w", err)
	}
	if m.Header.ID == "" || m.Header.Type == "" {
		return nil, errors.New("header without msg_id or msg_type")
	}
	return m, nil
}

// checkObject makes sure that a dictionary can be passed on as it is.
func checkObject(b []byte) error {
	switch {
	case !utf8.Valid(b):
		return errors.New("not UTF-8")
	case !json.Valid(b):
		return errors.New("not JSON")
	}
	if trimmed := bytes.TrimLeft(b, " \t\r\n"); trimmed[0] != '{' {
		return errors.New("not a JSON object")
	}
	return nil
}

// encodeObject encodes a dictionary. HTML needs no escaping on this wire.
func encodeObject(v any) ([]byte, error) {
	if v == nil {
		return []byte("{}"), nil
	}
	if raw, ok := v.(json.RawMessage); ok {
		return raw, nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	b := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	if bytes.Equal(b, []byte("null")) { // a nil map
		return []byte("{}"), nil
	}
	return b, nil
}
