//go:build unix

package dataset

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestPipes: a pipe is read like a file; one that gives nothing, or to which
// nobody writes, does not outlast its context.
func TestPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.jsonl")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	write := func(text string, end <-chan struct{}) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		f.WriteString(text)
		if end != nil {
			<-end
		}
		f.Close()
	}
	go write(goodPRO+"\n", nil)
	if ds, err := Load(t.Context(), path); err != nil || ds.Len() != 1 {
		t.Errorf("%v, %v", ds, err)
	}
	for _, writer := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		end := make(chan struct{})
		if writer {
			go write(goodPRO+"\n", end)
		}
		done := make(chan error, 1)
		go func() {
			_, err := Load(ctx, path)
			done <- err
		}()
		time.Sleep(20 * time.Millisecond) // it waits for the pipe, most likely
		cancel()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("with a writer %v: %v", writer, err)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("with a writer %v it still waits", writer)
		}
		close(end)
		// What still waits to open the pipe is let go, so that it does not read what
		// is for others.
		for range 2000 {
			f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
			if err != nil { // nobody does
				break
			}
			f.Close()
			time.Sleep(time.Millisecond)
		}
	}
}
