package peers

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"divvy/arrowio"
)

// TestTenMillionRowsInFourGigabytes sorts and groups 1e7 rows of six columns in
// a process of its own, and looks at the most memory that it ever held.
func TestTenMillionRowsInFourGigabytes(t *testing.T) {
	if os.Getenv("DIVVY_MEMORY_CHILD") != "" {
		sortAndGroup(t)
		return
	}
	if testing.Short() {
		t.Skip("takes some seconds and 3 GB")
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells the most memory that a process held")
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", t.Name(), "-test.v")
	child.Env = append(os.Environ(), "DIVVY_MEMORY_CHILD=1")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, rest, ok := strings.Cut(string(out), "VmHWM:")
	if !ok {
		t.Fatalf("the child did not tell its memory:\n%s", out)
	}
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.2f GB at most", float64(kb)/(1<<20))
	if kb > 4<<20 {
		t.Errorf("%d kB are more than 4 GB", kb)
	}
}

func sortAndGroup(t *testing.T) {
	const n = 10_000_000
	r := rand.New(rand.NewPCG(3, 4))
	id, k, x, y, flag, s := make([]int, n), make([]int, n), make([]float64, n), make([]float64, n), make([]bool, n), make([]string, n)
	for i := range n {
		id[i], k[i], x[i], y[i], flag[i] = i, r.IntN(100_000), r.NormFloat64(), r.Float64(), i%3 == 0
		s[i] = "source-" + strconv.Itoa(r.IntN(1000))
	}
	tbl, err := arrowio.NewTable().Ints("id", id).Ints("k", k).Floats("x", x).Floats("y", y).Bools("b", flag).Strings("s", s).Build()
	if err != nil {
		t.Fatal(err)
	}
	sorted, err := tbl.Sort("s", "-x")
	if err != nil {
		t.Fatal(err)
	}
	groups, err := sorted.GroupBy("k", "s").Agg(arrowio.Count(), arrowio.Mean("x"), arrowio.Median("y"), arrowio.Max("id"))
	if err != nil {
		t.Fatal(err)
	}
	if sorted.NumRows() != n || groups.NumRows() < n/2 {
		t.Errorf("%d rows, %d groups", sorted.NumRows(), groups.NumRows())
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM:") {
			fmt.Print(line)
		}
	}
}
