package interp_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"divvy/kernel/cell"
)

func TestMagics(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	file := filepath.Join(dir, "f.go")
	if err := os.WriteFile(file, []byte("func loaded() int { return 5 }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := session(t)
	for _, c := range []struct{ code, want string }{
		{"!echo hi", "hi\n"},
		{"x := 1\n!echo a; echo b\nx++\n%env DIVVY_T=q\nfmt.Println(x, os.Getenv(\"DIVVY_T\"))\nimport \"os\"", "a\nb\n2 q\n"},
		{"%%bash\nfor i in 1 2; do echo $i; done", "1\n2\n"},
		{"%%writefile w.txt\nabc\n", "wrote 4 bytes to w.txt\n"},
		{"%%writefile -a w.txt\ndef\n", "wrote 4 bytes to w.txt\n"},
		{"!cat w.txt", "abc\ndef\n"},
		{"%load f.go\nfmt.Println(loaded())", "5\n"},
		{"%time y := 3", "time: "},
		{"%timeit x + 1", "per loop"},
		{"%%time\nz := 4\nz++", "time: "},
		{"%who", "var  x"},
		{"%help", "%%bash"},
		{"%cd /", "/\n"},
		{"ok := true\n!ok", ""},
		{"s := `\n%not a magic\n!nor this\n`\nfmt.Println(len(s))", "24\n"},
	} {
		got := must(t, s, c.code)
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%q wrote %q, want %q", c.code, got, c.want)
		}
	}
	for code, want := range map[string]string{"%nonsense": "%help", "!exit 3": "exit status 3", "%cd /no/such": "no such file", "!echo x\nfoo()": "In[7]:2:1: undefined: foo"} {
		r := s.Execute(context.Background(), cell.Request{Count: 7, Code: code}, &collector{})
		if r.Error == nil || !strings.Contains(r.Error.Value, want) {
			t.Errorf("%q: %v, want %q", code, r.Error, want)
		}
	}
	must(t, s, "%reset")
	if r := s.Execute(context.Background(), cell.Request{Code: "x"}, &collector{}); r.Error == nil {
		t.Error("x is there after %reset")
	}
	done := make(chan cell.Result)
	go func() { done <- s.Execute(context.Background(), cell.Request{Code: "!sleep 60"}, &collector{}) }()
	time.Sleep(200 * time.Millisecond)
	s.Interrupt(context.Background())
	if r := <-done; r.Error == nil || r.Error.Name != cell.ErrInterrupt {
		t.Errorf("interrupted command: %v", r.Error)
	}
}
