package jupyter

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
)

func newTestSession(t testing.TB, scheme, key string) *Session {
	t.Helper()
	s, err := NewSession(scheme, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	for _, scheme := range []string{"", "hmac-sha256", "hmac-sha512"} {
		for _, key := range []string{"k", ""} {
			a, b := newTestSession(t, scheme, key), newTestSession(t, scheme, key)
			sub := "sub"
			frames, id, err := a.Encode(Outgoing{
				Idents: [][]byte{[]byte("who")}, Type: "comm_msg", Parent: json.RawMessage(`{"msg_id":"p"}`),
				Metadata: map[string]any{"m": "<&>"}, Content: map[string]any{"c": "é\u2028"}, Buffers: [][]byte{{0, 255}, {}}, Subshell: &sub,
			})
			if err != nil {
				t.Fatal(err)
			}
			m, err := b.Decode(frames)
			if err != nil {
				t.Fatalf("%s, key %q: %v", scheme, key, err)
			}
			if m.Header.ID != id || m.Header.Session != a.ID() || m.Header.Type != "comm_msg" || *m.Header.Subshell != "sub" ||
				m.Header.Version != ProtocolVersion || m.Header.created().IsZero() || m.Parent.ID != "p" {
				t.Errorf("header %+v, parent %+v", m.Header, m.Parent)
			}
			if string(m.Metadata) != `{"m":"<&>"}` || !bytes.Contains(m.Content, []byte("é")) || !reflect.DeepEqual(m.Buffers, [][]byte{{0, 255}, {}}) {
				t.Errorf("metadata %s, content %s, buffers %v", m.Metadata, m.Content, m.Buffers)
			}
		}
	}
}

// TestSignature compares with a signature computed the way the specification
// writes it down.
func TestSignature(t *testing.T) {
	s := newTestSession(t, "", "secret")
	frames, _, err := s.Encode(Outgoing{Type: "status", Content: status{"idle"}})
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte("secret"))
	for _, f := range frames[2:] {
		mac.Write(f)
	}
	if want := hex.EncodeToString(mac.Sum(nil)); string(frames[1]) != want {
		t.Errorf("signature %s, not %s", frames[1], want)
	}
}

func TestUnknownScheme(t *testing.T) {
	if _, err := NewSession("hmac-crc32", "k"); err == nil {
		t.Error("accepted")
	}
}

// good is a message that Decode takes, to be spoiled.
func good(t testing.TB, s *Session) [][]byte {
	t.Helper()
	frames, _, err := s.Encode(Outgoing{Idents: [][]byte{[]byte("id")}, Type: "execute_request", Content: map[string]any{"code": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

// signed makes frames with a true signature over whatever is in them.
func signed(s *Session, parts ...string) [][]byte {
	frames := [][]byte{[]byte("id"), []byte(delimiter), nil}
	for _, p := range parts {
		frames = append(frames, []byte(p))
	}
	if len(frames) >= 7 {
		frames[2] = s.sign(frames[3:7])
	}
	return frames
}

func TestHostileMessages(t *testing.T) {
	s := newTestSession(t, "", "secret")
	header := `{"msg_id":"1","msg_type":"execute_request","session":"s","username":"u","date":"","version":"5.5"}`
	unsigned := good(t, s)
	unsigned[2] = nil
	forged := good(t, newTestSession(t, "", "guess"))
	changed := good(t, s)
	changed[6] = []byte(`{"code":"evil"}`)
	upper := good(t, s)
	upper[2] = bytes.ToUpper(upper[2])
	for name, test := range map[string]struct {
		frames [][]byte
		err    error // nil: any
	}{
		"no frames":               {nil, ErrNoDelimiter},
		"junk":                    {[][]byte{[]byte("junk"), []byte("more")}, ErrNoDelimiter},
		"no identity":             {good(t, s)[1:], ErrNoSender},
		"delimiter only":          {[][]byte{[]byte("id"), []byte(delimiter)}, ErrShort},
		"too few frames":          {good(t, s)[:6], ErrShort},
		"unsigned":                {unsigned, ErrSignature},
		"signed with another key": {forged, ErrSignature},
		"content changed":         {changed, ErrSignature},
		"signature in capitals":   {upper, ErrSignature},
		"header not JSON":         {signed(s, "{", "{}", "{}", "{}"), nil},
		"header null":             {signed(s, "null", "{}", "{}", "{}"), nil},
		"header a list":           {signed(s, "[]", "{}", "{}", "{}"), nil},
		"header empty":            {signed(s, "", "{}", "{}", "{}"), nil},
		"header without id":       {signed(s, `{"msg_type":"x"}`, "{}", "{}", "{}"), nil},
		"header without type":     {signed(s, `{"msg_id":"x"}`, "{}", "{}", "{}"), nil},
		"header of numbers":       {signed(s, `{"msg_id":1,"msg_type":2}`, "{}", "{}", "{}"), nil},
		"subshell a number":       {signed(s, `{"msg_id":"1","msg_type":"x","subshell_id":5}`, "{}", "{}", "{}"), nil},
		"parent a string":         {signed(s, header, `"p"`, "{}", "{}"), nil},
		"parent's id a list":      {signed(s, header, `{"msg_id":[]}`, "{}", "{}"), nil},
		"metadata null":           {signed(s, header, "{}", "null", "{}"), nil},
		"content empty":           {signed(s, header, "{}", "{}", ""), nil},
		"content a number":        {signed(s, header, "{}", "{}", "7"), nil},
		"content and more":        {signed(s, header, "{}", "{}", "{}{}"), nil},
		"not UTF-8":               {signed(s, header, "{}", "{}", "{\"code\":\"\xff\"}"), nil},
		"deep":                    {signed(s, header, "{}", "{}", string(bytes.Repeat([]byte(`{"a":`), 20_000))), nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := s.Decode(test.frames)
			if err == nil {
				t.Fatalf("accepted: %+v", m.Header)
			}
			if test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("error %q, not %q", err, test.err)
			}
		})
	}
}

func TestReplay(t *testing.T) {
	s := newTestSession(t, "", "secret")
	frames := good(t, s)
	if _, err := s.Decode(frames); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Decode(frames); !errors.Is(err, ErrReplayed) {
		t.Errorf("the second time: %v", err)
	}
	// It is remembered over as many others as promised, in bounded memory.
	key := make([]byte, 64)
	for i := range replayWindow {
		hex.Encode(key, fmt.Appendf(nil, "%032d", i*2654435761))
		s.replayed(bytes.Clone(key[:64]))
	}
	if _, err := s.Decode(frames); !errors.Is(err, ErrReplayed) {
		t.Errorf("after %d others: %v", replayWindow, err)
	}
	for i := range 3 * replayWindow {
		s.replayed(fmt.Appendf(nil, "%064x", i))
	}
	if n := len(s.seen) + len(s.old); n > 2*replayWindow {
		t.Errorf("%d signatures are remembered", n)
	}
}

// FuzzDecode feeds frames separated by newlines: with a signature made to fit,
// so that all of the decoder is reached, and without one.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("id\n<IDS|MSG>\nsig\n{\"msg_id\":\"1\",\"msg_type\":\"x\"}\n{}\n{}\n{}\nbuffer"), true)
	f.Add([]byte("<IDS|MSG>\n\n{}\n{}\n{}\n{}"), false)
	f.Add([]byte("\n\n<IDS|MSG>\n\n\n\n\n\n"), true)
	f.Add([]byte("id\n<IDS|MSG>\n\n{\"msg_id\":\"\\ud800\",\"msg_type\":\"\",\"date\":\"9999\"}\n{\"msg_id\":{}}\n{}\n{\"a\":[[[[]]]]}"), true)
	f.Fuzz(func(t *testing.T, data []byte, sign bool) {
		s := newTestSession(t, "", "secret")
		frames := bytes.Split(data, []byte("\n"))
		for i, frame := range frames {
			if sign && string(frame) == delimiter && len(frames) >= i+6 {
				frames[i+1] = s.sign(frames[i+2 : i+6])
				break
			}
		}
		m, err := s.Decode(frames)
		if err != nil {
			return
		}
		if len(m.Idents) == 0 || m.Header.ID == "" || m.Header.Type == "" {
			t.Errorf("accepted without a sender, an ID or a type: %+v", m)
		}
		m.Header.created()
		// Whatever is accepted can be answered, and the answer be read.
		answer, _, err := s.Encode(Outgoing{Idents: m.Idents, Type: "x_reply", Parent: m.RawHeader, Content: m.Content, Metadata: m.Metadata})
		if err != nil {
			t.Fatal(err)
		}
		back, err := s.Decode(answer)
		if err != nil {
			t.Fatalf("the answer: %v", err)
		}
		if back.Parent.ID != m.Header.ID {
			t.Errorf("the answer's parent is %q, not %q", back.Parent.ID, m.Header.ID)
		}
	})
}
