package jupyter

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestConnectionFile(t *testing.T) {
	for _, test := range []struct {
		name, file string
		want       ConnectionInfo
		err        string
	}{
		{name: "as jupyter_client writes it", file: `{"shell_port":1,"iopub_port":2,"stdin_port":3,"control_port":4,"hb_port":5,
			"ip":"127.0.0.1","key":"k","transport":"tcp","signature_scheme":"hmac-sha256","kernel_name":"divvy","jupyter_session":"x"}`,
			want: ConnectionInfo{"tcp", "127.0.0.1", 1, 2, 3, 4, 5, "hmac-sha256", "k", "divvy"}},
		{name: "defaults", file: `{"key":"k"}`, want: ConnectionInfo{Transport: "tcp", IP: "127.0.0.1", Key: "k"}},
		{name: "byte order mark", file: "\ufeff" + `{"key":"k"}`, want: ConnectionInfo{Transport: "tcp", IP: "127.0.0.1", Key: "k"}},
		{name: "empty key in so many words", file: `{"key":""}`, want: ConnectionInfo{Transport: "tcp", IP: "127.0.0.1"}},
		{name: "no key", file: `{"shell_port":1}`, err: "no \"key\""},
		{name: "null key", file: `{"key":null}`, err: "no \"key\""},
		{name: "not JSON", file: `shell_port=1`, err: "not a JSON object"},
		{name: "port a string", file: `{"key":"k","shell_port":"1"}`, err: "shell_port"},
		{name: "port too large", file: `{"key":"k","hb_port":70000}`, err: "hb_port 70000"},
		{name: "strange transport", file: `{"key":"k","transport":"pgm"}`, err: `transport "pgm"`},
		{name: "ipc without a path", file: `{"key":"k","transport":"ipc"}`, err: `no "ip"`},
		{name: "encrypted", file: `{"key":"k","curve_secretkey":"x"}`, err: "CURVE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kernel.json")
			if err := os.WriteFile(path, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := ReadConnectionFile(path)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || !strings.Contains(err.Error(), path) {
					t.Errorf("error %v does not say %q and which file", err, test.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	if _, err := ReadConnectionFile(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("an absent file is no error")
	}
}

func TestWriteConnectionFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kernel.json")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	want := ConnectionInfo{"tcp", "127.0.0.1", 1, 2, 3, 4, 5, "hmac-sha256", "k", "divvy"}
	if err := WriteConnectionFile(path, want); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadConnectionFile(path); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v, %v", info.Mode(), err)
	}
}

func TestEndpoint(t *testing.T) {
	for want, c := range map[string]ConnectionInfo{
		"tcp://127.0.0.1:5": {Transport: "tcp", IP: "127.0.0.1"},
		"tcp://[::1]:5":     {Transport: "tcp", IP: "::1"},
		"ipc:///tmp/k-5":    {Transport: "ipc", IP: "/tmp/k"},
	} {
		if got := c.Endpoint(5); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
