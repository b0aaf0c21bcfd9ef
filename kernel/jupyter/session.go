package jupyter

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// replayWindow is how many signatures are remembered at least. jupyter_client
// remembers as many.
const replayWindow = 1 << 16

// Session encodes and signs the messages of one side of a connection, and
// decodes and checks those of the other. It is safe for concurrent use.
type Session struct {
	id       string
	username string
	sent     atomic.Uint64
	macs     *sync.Pool // of hash.Hash; nil without a key

	mu        sync.Mutex
	seen, old map[uint64]struct{} // signatures; old is the generation before
}

// NewSession begins a session with an ID of its own. An empty key means that
// messages are neither signed nor checked.
func NewSession(scheme, key string) (*Session, error) {
	s := &Session{id: newID(), username: "kernel", seen: map[uint64]struct{}{}}
	var digest func() hash.Hash
	switch scheme {
	case "hmac-sha256", "":
		digest = sha256.New
	case "hmac-sha512":
		digest = sha512.New
	default:
		return nil, fmt.Errorf("signature scheme %q is not supported", scheme)
	}
	if key != "" {
		s.macs = &sync.Pool{New: func() any { return hmac.New(digest, []byte(key)) }}
	}
	return s, nil
}

// newID makes a random UUID, as is customary for sessions and subshells.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// ID is the session's own ID, in the header of each message that it encodes.
func (s *Session) ID() string { return s.id }

// Encode makes the frames of a message. It returns its ID with them.
func (s *Session) Encode(o Outgoing) (frames [][]byte, id string, err error) {
	id = s.id + "_" + strconv.FormatUint(s.sent.Add(1), 10)
	header, err := encodeObject(Header{
		ID: id, Session: s.id, Username: s.username, Type: o.Type, Version: ProtocolVersion,
		Date: time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), Subshell: o.Subshell,
	})
	if err != nil {
		return nil, "", fmt.Errorf("encode %s: header: %w", o.Type, err)
	}
	metadata, err := encodeObject(o.Metadata)
	if err != nil {
		return nil, "", fmt.Errorf("encode %s: metadata: %w", o.Type, err)
	}
	content, err := encodeObject(o.Content)
	if err != nil {
		return nil, "", fmt.Errorf("encode %s: content: %w", o.Type, err)
	}
	parent := []byte(o.Parent)
	if parent == nil {
		parent = []byte("{}")
	}
	frames = make([][]byte, 0, len(o.Idents)+6+len(o.Buffers))
	frames = append(frames, o.Idents...)
	frames = append(frames, []byte(delimiter), nil, header, parent, metadata, content)
	signed := frames[len(frames)-4:]
	frames[len(frames)-5] = s.sign(signed)
	return append(frames, o.Buffers...), id, nil
}

// sign returns the signature in hexadecimal, empty without a key.
func (s *Session) sign(frames [][]byte) []byte {
	if s.macs == nil {
		return []byte{}
	}
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	for _, f := range frames {
		mac.Write(f)
	}
	var sum [sha512.Size]byte
	return hex.AppendEncode(nil, mac.Sum(sum[:0]))
}

// Decode checks a message's signature and form. The frames become the message's.
func (s *Session) Decode(frames [][]byte) (*Message, error) {
	at := -1
	for i, f := range frames {
		if bytes.Equal(f, []byte(delimiter)) {
			at = i
			break
		}
	}
	if at < 0 {
		return nil, ErrNoDelimiter
	}
	if at == 0 {
		return nil, ErrNoSender
	}
	idents, rest := frames[:at], frames[at+1:]
	if len(rest) < 5 {
		return nil, ErrShort
	}
	if s.macs != nil {
		want := s.sign(rest[1:5])
		if !hmac.Equal(want, rest[0]) { // in constant time
			return nil, ErrSignature
		}
		if s.replayed(want) {
			return nil, ErrReplayed
		}
	}
	return parseMessage(idents, rest[1:])
}

// replayed remembers a signature and reports whether it was there already. Of
// the signature 64 bits will do: who cannot sign cannot make two that agree.
// Two generations bound the memory and forget the oldest signatures first.
func (s *Session) replayed(signature []byte) bool {
	var first [8]byte
	hex.Decode(first[:], signature[:16]) // our own encoding
	key := binary.BigEndian.Uint64(first[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.seen[key]; ok {
		return true
	}
	if _, ok := s.old[key]; ok {
		return true
	}
	if len(s.seen) >= replayWindow {
		s.old, s.seen = s.seen, map[uint64]struct{}{}
	}
	s.seen[key] = struct{}{}
	return false
}
