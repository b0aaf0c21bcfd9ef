package augment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const secret = "sk-this-is-the-key-0123456789"

// server speaks the chat protocol. handle may answer a request by itself.
func server(t *testing.T, handle func(n int64, w http.ResponseWriter, body map[string]any) bool) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var count atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := count.Add(1)
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Errorf("request %d: %v", n, err)
		}
		if got := r.Header.Get("Authorization"); got != "Bearer "+secret {
			t.Errorf("request %d: authorization %q", n, got)
		}
		if r.URL.Path != "/v1/chat/completions" {
			t.Errorf("request %d: path %q", n, r.URL.Path)
		}
		if handle != nil && handle(n, w, body) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"prompt of seed %.0f"}}]}`, body["seed"])
	}))
	t.Cleanup(s.Close)
	return s, &count
}

func endpoint(t *testing.T, url string, change func(*EndpointOptions)) *Endpoint {
	t.Helper()
	t.Setenv("AUGMENT_TEST_KEY", secret)
	o := EndpointOptions{Model: "m", Endpoint: url + "/v1", KeyVariable: "AUGMENT_TEST_KEY"}
	if change != nil {
		change(&o)
	}
	e, err := NewEndpoint(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Prompts come from a server that sometimes fails, in order, each once, and the
// cache serves a second run.
func TestEndpointRetriesAndCaches(t *testing.T) {
	var lock sync.Mutex
	seen := map[float64]int{}
	s, count := server(t, func(n int64, w http.ResponseWriter, body map[string]any) bool {
		lock.Lock()
		defer lock.Unlock()
		seed := body["seed"].(float64)
		if seen[seed]++; seen[seed] == 1 && n%3 == 1 {
			w.Header().Set("Retry-After-Ms", "1")
			w.WriteHeader([]int{http.StatusTooManyRequests, http.StatusBadGateway}[n%2])
			return true
		}
		if body["model"] != "m" || body["temperature"] != 1.0 || body["max_tokens"] != 256.0 {
			t.Errorf("request: %v", body)
		}
		return false
	})
	cache := t.TempDir()
	o := GenerateOptions{Examples: []string{"one", "two", "three", "four"}, Max: 20, Seed: 5, CacheDir: cache}
	src := mustGenerated(t, endpoint(t, s.URL, nil), o)
	got, err := Collect(t.Context(), src, CollectOptions{})
	if err != nil || len(got.Texts) != 20 {
		t.Fatalf("%d prompts, %v", len(got.Texts), err)
	}
	for i, text := range got.Texts {
		if want := fmt.Sprintf("prompt of seed %d", src.(*Generated).request(i).Seed); text != want {
			t.Errorf("prompt %d is %q, want %q", i, text, want)
		}
	}
	asked := count.Load()
	if asked <= 20 || len(seen) != 20 {
		t.Errorf("%d requests of %d seeds: no retry was tested", asked, len(seen))
	}
	again, err := Collect(t.Context(), mustGenerated(t, endpoint(t, s.URL, nil), o), CollectOptions{})
	if err != nil || len(again.Texts) != 20 || count.Load() != asked {
		t.Errorf("second run: %v, %v, %d more requests", again, err, count.Load()-asked)
	}
	noKey(t, cache, fmt.Sprint(got, src.Name()))
}

// noKey fails where the key stands in a file of dir or in a text.
func noKey(t *testing.T, dir string, texts ...string) {
	t.Helper()
	var files []string
	if dir != "" {
		var err error
		if files, err = filepath.Glob(filepath.Join(dir, "*")); err != nil || len(files) == 0 {
			t.Fatalf("no files to look into: %v", err)
		}
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	for _, text := range texts {
		if strings.Contains(text, secret) {
			t.Errorf("the key is in %q", text)
		}
	}
}

func TestEndpointHidesKey(t *testing.T) {
	s, count := server(t, func(_ int64, w http.ResponseWriter, _ map[string]any) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":{"message":"Incorrect API key provided: %s","type":"invalid_request_error"}}`, secret)
		return true
	})
	e := endpoint(t, s.URL, nil)
	_, err := e.Generate(t.Context(), []Request{{Prompt: "x"}})
	var failure *EndpointError
	if !errors.As(err, &failure) || failure.Status != http.StatusUnauthorized || !strings.Contains(err.Error(), "[key]") {
		t.Errorf("%v (%T)", err, err)
	}
	if count.Load() != 1 {
		t.Errorf("%d requests: a refusal must not be retried", count.Load())
	}
	noKey(t, "", fmt.Sprintf("%v %+v %#v", err, err, err), fmt.Sprintf("%v %+v %#v %v %+v %#v", e, e, e, *e, *e, *e))
}

// A key is not sent to a server for which it was not named.
func TestEndpointKeepsKeyAtHome(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", secret)
	var got string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = fmt.Sprint(r.Header)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"choices":[]}`)
	}))
	defer s.Close()
	e, err := NewEndpoint(EndpointOptions{Model: "m", Endpoint: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Generate(t.Context(), []Request{{}}); err == nil {
		t.Error("an answer without choices: no error")
	}
	if got == "" || strings.Contains(got, secret) {
		t.Errorf("headers: %s", got)
	}
}

func TestEndpointLimits(t *testing.T) {
	s, _ := server(t, nil)
	begin := time.Now()
	e := endpoint(t, s.URL, func(o *EndpointOptions) { o.PerMinute = 1200 }) // one in 50 ms
	if _, err := e.Generate(t.Context(), make([]Request, 5)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took < 200*time.Millisecond {
		t.Errorf("5 requests at 50 ms each after %v", took)
	}
}

func TestEndpointStops(t *testing.T) {
	hang := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, _ := server(t, func(n int64, _ http.ResponseWriter, _ map[string]any) bool {
		if n > 2 {
			cancel()
			<-hang
		}
		return false
	})
	defer close(hang) // before the server closes
	e := endpoint(t, s.URL, func(o *EndpointOptions) { o.Parallel = 1 })
	texts, err := e.Generate(ctx, make([]Request, 5))
	if err == nil || texts[0] == "" || texts[1] == "" || texts[4] != "" {
		t.Errorf("%q, %v", texts, err)
	}
	for _, o := range []EndpointOptions{{}, {Model: "m", KeyVariable: "AUGMENT_NO_SUCH_KEY"}, {Model: "m", Endpoint: "x", Parallel: -1}} {
		if _, err := NewEndpoint(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
