package bench

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"divvy/install/pyenv"
	"divvy/stdlib/augment"
	"divvy/stdlib/tokenize"
)

//go:embed requirements.txt
var requirements []byte

// prompts are ids distributed as words are, 75 or so a prompt with boilerplate in
// front, of which a quarter vary an earlier prompt.
func prompts(b *testing.B, n, vocabulary int) *tokenize.IDs {
	r := rand.New(rand.NewPCG(11, 0))
	z := rand.NewZipf(r, 1.07, 3, uint64(vocabulary-1))
	var all [][]int32
	for i := range n {
		p := []int32{1, 13, 13, 5, 8}
		if i > 0 && i%4 == 0 {
			p = append([]int32{}, all[r.IntN(i)]...)
			for range 1 + r.IntN(len(p)) {
				p[r.IntN(len(p))] = int32(z.Uint64())
			}
		} else {
			for range 10 + r.IntN(120) {
				p = append(p, int32(z.Uint64()))
			}
		}
		all = append(all, p)
	}
	ids, err := tokenize.NewIDs(all, vocabulary)
	if err != nil {
		b.Fatal(err)
	}
	return ids
}

// packages is a folder with the pinned packages, made where it is missing.
func packages(b *testing.B, env *pyenv.Env) string {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	key := sha256.Sum256(append([]byte(env.Dir), requirements...))
	dir := filepath.Join(base, "divvy", fmt.Sprintf("augment-bench-%x", key[:6]))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	part := dir + ".part" // renamed when whole
	os.RemoveAll(part)
	out, err := env.Command(b.Context(), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--target", part, "-r", "requirements.txt").CombinedOutput()
	if err == nil {
		err = os.Rename(part, dir)
	}
	if err != nil {
		b.Fatalf("installing datasketch: %v\n%s", err, out)
	}
	return dir
}

// BenchmarkPeers times the filter here, datasketch and plain Python, and prints
// the ratios.
func BenchmarkPeers(b *testing.B) {
	env := pyenv.Need(b)
	path := packages(b, env)
	const n, vocabulary = 20000, 32000
	ids := prompts(b, 2*n, vocabulary)
	seeds, pool := ids.Prefix(n), ids.Slice(n, 2*n)
	dir := b.TempDir()
	flat, offsets := ids.Flat()
	write := func(name string, v any) string {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		if err := binary.Write(f, binary.LittleEndian, v); err != nil {
			b.Fatal(err)
		}
		return f.Name()
	}
	thresholds := []float64{0.3, 0.5, 0.7}
	args := []string{"peers.py", write("ids.i32", flat), write("offsets.i64", offsets), strconv.Itoa(n), strconv.Itoa(vocabulary)}
	for _, t := range thresholds {
		args = append(args, fmt.Sprint(t))
	}
	for range b.N {
		begin := time.Now()
		if _, err := augment.Nearest(b.Context(), pool, seeds, augment.NearestOptions{}); err != nil {
			b.Fatal(err)
		}
		nearest := time.Since(begin).Seconds()

		cmd := env.Command(b.Context(), args...)
		cmd.Env = append(cmd.Env, "PYTHONPATH="+path)
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			b.Fatalf("%v\n%s", err, &said)
		}
		var peers struct {
			Version string
			Brute   float64
			LSH     []struct {
				Threshold, Seconds, Recall float64
				Kept, Pairs                int
			}
		}
		if err := json.Unmarshal(out, &peers); err != nil {
			b.Fatal(err)
		}
		report := fmt.Sprintf("\n%d x %d prompts, %d ids\nnearest        here %7.2f s    Python's sets %8.0f s (from a sample), ratio %.0f",
			n, n, ids.Tokens(), nearest, peers.Brute, peers.Brute/nearest)
		for _, theirs := range peers.LSH {
			for _, method := range []augment.Method{augment.Exact, augment.LSH} {
				begin := time.Now()
				f, err := augment.Filter(b.Context(), seeds, pool, augment.FilterOptions{Threshold: theirs.Threshold, Method: method})
				if err != nil {
					b.Fatal(err)
				}
				took := time.Since(begin).Seconds()
				report += fmt.Sprintf("\nt = %.1f %-6s  here %7.2f s, %d kept, recall %.3f    datasketch %s %6.1f s, %d kept, recall %.3f of %d, ratio %.0f",
					theirs.Threshold, method, took, f.Accepted, f.MeasuredRecall, peers.Version, theirs.Seconds, theirs.Kept, theirs.Recall, theirs.Pairs, theirs.Seconds/took)
				if method == augment.Exact && f.Accepted > theirs.Kept {
					b.Errorf("threshold %v: the exact filter keeps %d, an approximate one %d", theirs.Threshold, f.Accepted, theirs.Kept)
				}
			}
		}
		fmt.Println(report) // a benchmark's log is cut after ten lines
	}
}
