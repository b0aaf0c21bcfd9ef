package jupyter_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

// The benchmarks talk to a server with a mock interpreter through zmq4's own
// sockets, over TCP, from the same process: they measure what the protocol
// costs, both sides of it, and not what an interpreter adds.

// bench is a client that checks nothing.
func bench(b *testing.B, o jupyter.Options) *client.Client {
	b.Helper()
	k := start(b, o)
	c, err := client.Dial(context.Background(), k.Connection())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	if _, err := c.Next(context.Background(), client.IOPub); err != nil { // iopub_welcome
		b.Fatal(err)
	}
	return c
}

var idle = []byte(`{"execution_state":"idle"}`)

// await waits for a request's reply and for its idle, and counts its messages.
func await(b *testing.B, c *client.Client, channel client.Channel, id string) (published int) {
	b.Helper()
	replied := channel == ""
	for done := false; !done || !replied; {
		select {
		case r := <-c.Messages(client.IOPub):
			if r.Err != nil {
				b.Fatal(r.Err)
			}
			if r.Parent.ID == id {
				published++
				done = done || string(r.Content) == string(idle)
			}
		case r := <-c.Messages(channel):
			if r.Err != nil {
				b.Fatal(r.Err)
			}
			replied = replied || r.Parent.ID == id
		case <-time.After(jupytertest.Patience):
			b.Fatal("no answer")
		}
	}
	return published
}

func send(b *testing.B, c *client.Client, channel client.Channel, kind string, content any) string {
	b.Helper()
	id, err := c.Send(channel, jupyter.Outgoing{Type: kind, Content: content})
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// spread reports quantiles of durations.
func spread(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

func benchmarkRequest(b *testing.B, channel client.Channel, kind string, content any) {
	c := bench(b, jupyter.Options{})
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		await(b, c, channel, send(b, c, channel, kind, content))
		took = append(took, time.Since(begin))
	}
	spread(b, took)
}

func BenchmarkExecute(b *testing.B) {
	benchmarkRequest(b, client.Shell, "execute_request", map[string]any{"code": "result 2"})
}

func BenchmarkComplete(b *testing.B) {
	benchmarkRequest(b, client.Shell, "complete_request", map[string]any{"code": "pri", "cursor_pos": 3})
}

func BenchmarkKernelInfo(b *testing.B) {
	benchmarkRequest(b, client.Control, "kernel_info_request", map[string]any{})
}

// BenchmarkQueued sends cells without waiting, as "Run All" does.
func BenchmarkQueued(b *testing.B) {
	c := bench(b, jupyter.Options{})
	const n = 200
	for b.Loop() {
		go func() {
			for range n {
				if _, err := c.Send(client.Shell, jupyter.Outgoing{Type: "execute_request", Content: map[string]any{"code": "result 2"}}); err != nil {
					b.Error(err)
				}
			}
		}()
		for idles, replies := 0, 0; idles < n || replies < n; {
			select {
			case r := <-c.Messages(client.IOPub):
				if string(r.Content) == string(idle) {
					idles++
				}
			case <-c.Messages(client.Shell):
				replies++
			case <-time.After(jupytertest.Patience):
				b.Fatal("no answer")
			}
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "cells/s")
}

func BenchmarkPrint(b *testing.B) {
	for _, n := range []int{1000, 20_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := bench(b, jupyter.Options{})
			messages := 0
			for b.Loop() {
				messages += await(b, c, client.Shell, send(b, c, client.Shell, "execute_request", map[string]any{"code": fmt.Sprintf("prints %d", n)})) - 3
			}
			b.ReportMetric(float64(messages)/float64(b.N), "messages")
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// BenchmarkDisplay shows a picture of a megabyte.
func BenchmarkDisplay(b *testing.B) {
	c := bench(b, jupyter.Options{})
	code := "display image/png " + strings.Repeat("A", 1<<20)
	b.SetBytes(2 << 20) // the mock shows it as text, too
	for b.Loop() {
		await(b, c, client.Shell, send(b, c, client.Shell, "execute_request", map[string]any{"code": code}))
	}
}

// BenchmarkBuffers sends a comm message with 64 MiB of binary data there and back.
func BenchmarkBuffers(b *testing.B) {
	c := bench(b, jupyter.Options{})
	await(b, c, "", send(b, c, client.Shell, "comm_open", map[string]any{"comm_id": "a", "target_name": "echo"}))
	buffer := make([]byte, 64<<20)
	b.SetBytes(2 * int64(len(buffer)))
	for b.Loop() {
		id, err := c.Send(client.Shell, jupyter.Outgoing{Type: "comm_msg", Content: map[string]any{"comm_id": "a", "data": map[string]any{}}, Buffers: [][]byte{buffer}})
		if err != nil {
			b.Fatal(err)
		}
		await(b, c, "", id)
	}
}

func BenchmarkInterrupt(b *testing.B) {
	c := bench(b, jupyter.Options{})
	var took []time.Duration
	for b.Loop() {
		id := send(b, c, client.Shell, "execute_request", map[string]any{"code": "print begun\nforever"})
		for begun := false; !begun; {
			m, err := c.Next(context.Background(), client.IOPub)
			if err != nil {
				b.Fatal(err)
			}
			begun = m.Header.Type == "stream" && m.Parent.ID == id
		}
		begin := time.Now()
		send(b, c, client.Control, "interrupt_request", map[string]any{})
		await(b, c, client.Shell, id)
		took = append(took, time.Since(begin))
	}
	spread(b, took)
}

// BenchmarkLife opens a server, asks it who it is, and shuts it down.
func BenchmarkLife(b *testing.B) {
	var starts, ends []time.Duration
	for b.Loop() {
		begin := time.Now()
		s, err := jupyter.New(jupyter.ConnectionInfo{Key: key}, jupytertest.Info(), jupytertest.NewMock(), jupyter.Options{})
		if err != nil {
			b.Fatal(err)
		}
		end := make(chan error)
		go func() { end <- s.Serve(context.Background()) }()
		c, err := client.Dial(context.Background(), s.Connection())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Next(context.Background(), client.IOPub); err != nil {
			b.Fatal(err)
		}
		await(b, c, client.Shell, send(b, c, client.Shell, "kernel_info_request", map[string]any{}))
		starts = append(starts, time.Since(begin))
		begin = time.Now()
		send(b, c, client.Control, "shutdown_request", map[string]any{"restart": false})
		if err := <-end; err != nil {
			b.Fatal(err)
		}
		ends = append(ends, time.Since(begin))
		c.Close()
	}
	slices.Sort(starts)
	slices.Sort(ends)
	b.ReportMetric(float64(starts[len(starts)/2].Microseconds())/1000, "start-p50-ms")
	b.ReportMetric(float64(ends[len(ends)/2].Microseconds())/1000, "shutdown-p50-ms")
}
