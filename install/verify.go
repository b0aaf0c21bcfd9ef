package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
)

const protocolVersion = jupyter.ProtocolVersion

// startLimit is how long a kernel may take to start and to answer. It takes a
// fraction of a second, but a virus scanner may read the program first.
const startLimit = 60 * time.Second

// startOnce starts a kernel program as Jupyter would, asks it who it is and has
// it run a cell, and shuts it down. It returns what to tell of it.
func startOnce(ctx context.Context, program string) (said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	dir, err := os.MkdirTemp("", "divvy-verify-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the connection file: %w", err)
	}
	defer os.RemoveAll(dir)
	conn, err := localConnection()
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "connection.json")
	if err := jupyter.WriteConnectionFile(file, conn); err != nil {
		return "", err
	}

	kernel := exec.Command(program, "serve", "--connection-file", file)
	var output bytes.Buffer
	kernel.Stdout, kernel.Stderr = &output, &output
	kernel.WaitDelay = 5 * time.Second
	begun := time.Now()
	if err := kernel.Start(); err != nil {
		return "", fmt.Errorf("starting it: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- kernel.Wait(); cancel() }()
	defer func() {
		kernel.Process.Kill() // it has ended when all went well
		exitErr := <-exited
		if err != nil && output.Len() > 0 {
			err = fmt.Errorf("%w (%v); it wrote:\n%s", err, exitErr, bytes.TrimSpace(output.Bytes()))
		}
	}()

	c, err := client.Dial(ctx, conn)
	if err != nil {
		return "", err
	}
	defer c.Close()
	var info struct {
		Status         string `json:"status"`
		Implementation string `json:"implementation"`
		Version        string `json:"implementation_version"`
		Language       struct {
			Version string `json:"version"`
		} `json:"language_info"`
	}
	if err := request(ctx, c, client.Shell, "kernel_info_request", nil, &info); err != nil {
		return "", err
	}
	if info.Status != "ok" {
		return "", fmt.Errorf("kernel_info_reply has status %q", info.Status)
	}
	answered := time.Since(begun)
	var reply struct {
		Status string `json:"status"`
		Value  string `json:"evalue"`
	}
	cell := map[string]any{"code": "1+1", "silent": true, "store_history": false}
	if err := request(ctx, c, client.Shell, "execute_request", cell, &reply); err != nil {
		return "", err
	}
	if reply.Status != "ok" {
		return "", fmt.Errorf("running 1+1 failed: %s", reply.Value)
	}
	if err := request(ctx, c, client.Control, "shutdown_request", map[string]any{"restart": false}, nil); err != nil {
		return "", err
	}
	select {
	case err := <-exited:
		exited <- err
	case <-time.After(5 * time.Second):
		return "", errors.New("it did not end when asked to shut down")
	}
	return fmt.Sprintf("%s %s, Go %s, answered after %d ms", info.Implementation, info.Version,
		info.Language.Version, answered.Milliseconds()), nil
}

func request(ctx context.Context, c *client.Client, channel client.Channel, kind string, content, reply any) error {
	m, err := c.Request(ctx, channel, jupyter.Outgoing{Type: kind, Content: content})
	if err != nil {
		return fmt.Errorf("asking it (%s): %w", kind, err)
	}
	if reply == nil {
		return nil
	}
	if err := json.Unmarshal(m.Content, reply); err != nil {
		return fmt.Errorf("its answer to %s: %w", kind, err)
	}
	return nil
}

// localConnection makes up a connection on free ports of this machine.
func localConnection() (jupyter.ConnectionInfo, error) {
	c := jupyter.ConnectionInfo{Transport: "tcp", IP: "127.0.0.1", SignatureScheme: "hmac-sha256", Key: rand.Text()}
	for _, port := range []*int{&c.ShellPort, &c.IOPubPort, &c.StdinPort, &c.ControlPort, &c.HBPort} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return c, fmt.Errorf("finding a free port: %w", err)
		}
		defer l.Close() // all stay open until the last is found, so that they differ
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return c, nil
}
