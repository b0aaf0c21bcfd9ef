package worker

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// unmapImage gives back the pages of the program's own file that have been read:
// most were touched once, by the initialisers of Go's packages and of DuckDB,
// and count as resident in both processes ever after. What is needed again comes
// back from the page cache, at about a microsecond a fault. Only mappings that
// nothing ever wrote to are named, so nothing can be lost.
func unmapImage() {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	var start, end uintptr // of the mapping being read; 0 for one that is not ours
	scan := bufio.NewScanner(f)
	for scan.Scan() {
		fields := strings.Fields(scan.Text())
		if len(fields) >= 5 && !strings.HasSuffix(fields[0], ":") { // 400000-a9b000 r-xp 00000000 fe:00 1234 /path
			start, end = 0, 0
			if len(fields) > 5 && fields[5] == exe && !strings.Contains(fields[1], "w") {
				start, end = addresses(fields[0])
			}
			continue
		}
		if len(fields) < 2 || start == 0 {
			continue
		}
		switch fields[0] {
		case "Anonymous:": // pages of our own: relocated by the loader
			if fields[1] != "0" {
				start = 0
			}
		case "VmFlags:": // the last line of a mapping
			unix.RawSyscall(unix.SYS_MADVISE, start, end-start, unix.MADV_DONTNEED)
		}
	}
}

// addresses reads "400000-a9b000"; both are 0 when it is not that.
func addresses(text string) (start, end uintptr) {
	from, to, _ := strings.Cut(text, "-")
	a, err1 := strconv.ParseUint(from, 16, 64)
	b, err2 := strconv.ParseUint(to, 16, 64)
	if err1 != nil || err2 != nil || b <= a {
		return 0, 0
	}
	return uintptr(a), uintptr(b)
}
