package jupyter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
)

// ConnectionInfo says where the five sockets listen and how messages are
// signed: the content of a connection file.
type ConnectionInfo struct {
	Transport   string `json:"transport"` // "tcp" or "ipc"
	IP          string `json:"ip"`        // an address; for ipc, the sockets' path up to "-port"
	ShellPort   int    `json:"shell_port"`
	IOPubPort   int    `json:"iopub_port"`
	StdinPort   int    `json:"stdin_port"`
	ControlPort int    `json:"control_port"`
	HBPort      int    `json:"hb_port"`
	// SignatureScheme is "hmac-sha256" (the default) or "hmac-sha512".
	SignatureScheme string `json:"signature_scheme"`
	// Key signs the messages. An empty key switches signing off.
	Key        string `json:"key"`
	KernelName string `json:"kernel_name,omitempty"`
}

// ReadConnectionFile reads the file that a front end hands to a kernel. The
// file must hold a key: an empty one, which allows everyone who reaches the
// sockets to run code, must be there in so many words.
func ReadConnectionFile(path string) (ConnectionInfo, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return ConnectionInfo{}, fmt.Errorf("read the connection file: %w", err)
	}
	c, err := parseConnection(data)
	if err != nil {
		return ConnectionInfo{}, fmt.Errorf("connection file %s: %w", path, err)
	}
	return c, nil
}

func parseConnection(data []byte) (ConnectionInfo, error) {
	var file struct {
		ConnectionInfo
		Key   *string `json:"key"`
		Curve string  `json:"curve_secretkey"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &file); err != nil {
		return ConnectionInfo{}, fmt.Errorf("not a JSON object of the expected form: %w", err)
	}
	c := file.ConnectionInfo
	switch {
	case file.Key == nil:
		return c, errors.New(`no "key"; to switch signatures off, set it to ""`)
	case file.Curve != "":
		return c, errors.New("CURVE encryption is asked for, and not supported")
	}
	c.Key = *file.Key
	return c, c.validate()
}

func (c *ConnectionInfo) validate() error {
	if c.Transport == "" {
		c.Transport = "tcp"
	}
	if c.Transport != "tcp" && c.Transport != "ipc" {
		return fmt.Errorf("transport %q is neither tcp nor ipc", c.Transport)
	}
	if c.IP == "" {
		if c.Transport == "ipc" {
			return errors.New(`no "ip", which is the path of the sockets with transport ipc`)
		}
		c.IP = "127.0.0.1"
	}
	for name, port := range c.ports() {
		if *port < 0 || *port > 65535 {
			return fmt.Errorf("%s %d is out of range", name, *port)
		}
	}
	return nil
}

// ports names the port of each socket as connection files and connect_reply do.
func (c *ConnectionInfo) ports() map[string]*int {
	return map[string]*int{
		"shell_port": &c.ShellPort, "iopub_port": &c.IOPubPort, "stdin_port": &c.StdinPort,
		"control_port": &c.ControlPort, "hb_port": &c.HBPort,
	}
}

// address is where the socket with that port listens, in net.Listen's words.
func (c *ConnectionInfo) address(port int) (network, addr string) {
	if c.Transport == "ipc" {
		return "unix", c.IP + "-" + strconv.Itoa(port)
	}
	host := c.IP
	if host == "*" {
		host = ""
	}
	return "tcp", net.JoinHostPort(host, strconv.Itoa(port))
}

// Endpoint is the socket with that port as ZeroMQ writes it.
func (c ConnectionInfo) Endpoint(port int) string {
	network, addr := c.address(port)
	if network == "unix" {
		return "ipc://" + addr
	}
	return "tcp://" + addr
}

// WriteConnectionFile writes the file that a kernel is started with, readable
// by its owner only: it holds the key.
func WriteConnectionFile(path string, c ConnectionInfo) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the connection file: %w", err)
	}
	// A file that is there already would keep its permissions.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace the connection file: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the connection file: %w", err)
	}
	return nil
}
