package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// flaky serves content, and breaks the connection after so many bytes of each of
// the first answers. It notes the Range of every request.
type flaky struct {
	content []byte
	tag     string
	breaks  int
	after   int
	ranges  []string
}

func (s *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	w.Header().Set("ETag", s.tag)
	if s.breaks > 0 {
		s.breaks--
		w = &breaking{w, s.after}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.content))
}

type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if b.left < len(p) {
		b.ResponseWriter.Write(p[:b.left])
		b.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	b.left -= len(p)
	return b.ResponseWriter.Write(p)
}

func TestDownload(t *testing.T) {
	content := bytes.Repeat([]byte("preference data\n"), 1<<15)
	sum := sha256.Sum256(content)
	good := hex.EncodeToString(sum[:])
	tests := []struct {
		name     string
		breaks   int
		part     []byte // what an earlier download left
		partTag  string
		sum      string
		requests []string // their ranges
		fails    error
	}{
		{name: "whole", sum: good, requests: []string{""}},
		{name: "broken twice", breaks: 2, sum: good, requests: []string{"", "bytes=100000-", "bytes=200000-"}},
		{name: "continued", part: content[:5000], partTag: `"v1"`, sum: good, requests: []string{"bytes=5000-"}},
		{name: "complete but not renamed", part: content, partTag: `"v1"`, sum: good, requests: []string{"bytes=524288-"}},
		{name: "the file has changed since", part: []byte("old"), partTag: `"v0"`, sum: good, requests: []string{"bytes=3-"}},
		{name: "left without a tag", part: []byte("old"), sum: good, requests: []string{""}},
		{name: "wrong checksum", sum: strings.Repeat("0", 64), requests: []string{""}, fails: ErrChecksum},
		{name: "no checksum", requests: []string{""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := &flaky{content: content, tag: `"v1"`, breaks: test.breaks, after: 100000}
			web := httptest.NewServer(server)
			defer web.Close()
			path := filepath.Join(t.TempDir(), "new", "file.jsonl")
			if test.part != nil {
				os.MkdirAll(filepath.Dir(path), 0o755)
				os.WriteFile(path+".part", test.part, 0o600)
				if test.partTag != "" {
					os.WriteFile(path+".part.tag", []byte(test.partTag), 0o600)
				}
			}
			var done, total int64
			o := DownloadOptions{SHA256: test.sum, wait: time.Millisecond, Progress: func(d, all int64) { done, total = d, all }}
			err := Download(context.Background(), web.URL, path, o)
			if got, want := strings.Join(server.ranges, ";"), strings.Join(test.requests, ";"); got != want {
				t.Errorf("requests for %q, want %q", got, want)
			}
			if test.fails != nil {
				if !errors.Is(err, test.fails) {
					t.Errorf("got %v, want %v", err, test.fails)
				}
				if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes, %v; want %d", len(got), err, len(content))
			}
			if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			if size := int64(len(content)); len(test.part) != len(content) && (done != size || total != size) {
				t.Errorf("progress ended at %d of %d, want %d", done, total, size)
			}
			// A file that is there and right is not fetched again.
			requests := len(server.ranges)
			if err := Download(context.Background(), web.URL, path, o); err != nil || len(server.ranges) != requests {
				t.Errorf("again: %v, %d more requests", err, len(server.ranges)-requests)
			}
		})
	}
}

func TestDownloadFails(t *testing.T) {
	requests := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if r.URL.Path == "/busy" {
			http.Error(w, "", http.StatusServiceUnavailable)
			return
		}
		http.NotFound(w, r)
	}))
	defer web.Close()
	path := filepath.Join(t.TempDir(), "x")
	o := DownloadOptions{Attempts: 3, wait: time.Millisecond}
	if err := Download(context.Background(), web.URL+"/none", path, o); err == nil || !strings.Contains(err.Error(), "404") || requests != 1 {
		t.Errorf("missing: %v after %d requests, want 404 after 1", err, requests)
	}
	requests = 0
	if err := Download(context.Background(), web.URL+"/busy", path, o); err == nil || !strings.Contains(err.Error(), "503") || requests != 3 {
		t.Errorf("busy: %v after %d requests, want 503 after 3", err, requests)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Download(ctx, web.URL, path, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// The id of a git blob, of "hello\n": git hash-object gives it.
func TestGitBlob(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	os.WriteFile(path, []byte("hello\n"), 0o600)
	o := DownloadOptions{GitBlob: "ce013625030ba8dba906f756967f9e9ca394464a"}
	if err := o.verify(path); err != nil {
		t.Error(err)
	}
}

// moved is a transport that sends every request to a local server.
type moved struct{ to string }

func (m moved) RoundTrip(r *http.Request) (*http.Response, error) {
	c := r.Clone(r.Context())
	c.URL.Scheme, c.URL.Host = "http", m.to
	c.Host = m.to
	return http.DefaultTransport.RoundTrip(c)
}

// The real file has the checksum that the table of HH-RLHF's files has for it.
func TestDownloadHH(t *testing.T) {
	content, err := os.ReadFile(shared(t, "data", "hh", "harmless-base-test.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		w.Write(content)
	}))
	defer web.Close()
	o := DownloadOptions{Client: &http.Client{Transport: moved{strings.TrimPrefix(web.URL, "http://")}}, Attempts: 1}
	folder := t.TempDir()
	paths, err := DownloadHH(context.Background(), folder, "test", o, "harmless-base")
	if err != nil {
		t.Fatal(err)
	}
	if ds, err := Load(t.Context(), paths...); err != nil || ds.Len() != 2312 {
		t.Errorf("%v, %v", ds, err)
	}
	if want := "/anthropics/hh-rlhf/" + hhCommit + "/harmless-base/test.jsonl.gz"; len(asked) != 1 || asked[0] != want {
		t.Errorf("asked for %q, want %q", asked, want)
	}
	if _, err := DownloadHH(context.Background(), folder, "test", o, "helpful-base"); !errors.Is(err, ErrChecksum) {
		t.Errorf("another file's content: %v", err)
	}
	if _, err := DownloadHH(context.Background(), folder, "dev", o); err == nil {
		t.Error("no such split: want an error")
	}
}
