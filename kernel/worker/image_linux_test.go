package worker

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// sharedResident is the resident memory of this process in files, in kB.
func sharedResident(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); f[0] == "RssFile:" {
			n, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no RssFile in /proc/self/status")
	return 0
}

func TestUnmapImageGivesPagesBack(t *testing.T) {
	before := sharedResident(t)
	unmapImage()
	after := sharedResident(t)
	t.Logf("%d kB of files resident before, %d kB after", before, after)
	if after >= before {
		t.Errorf("nothing was given back: %d kB before, %d kB after", before, after)
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		text       string
		start, end uintptr
	}{
		{"400000-a9b000", 0x400000, 0xa9b000},
		{"7f0000000000-7f0000001000", 0x7f0000000000, 0x7f0000001000},
		{"a-a", 0, 0}, {"b-a", 0, 0}, {"", 0, 0}, {"-", 0, 0}, {"Rss:", 0, 0}, {"x-y", 0, 0},
	} {
		if start, end := addresses(c.text); start != c.start || end != c.end {
			t.Errorf("addresses(%q) = %x, %x; want %x, %x", c.text, start, end, c.start, c.end)
		}
	}
}
