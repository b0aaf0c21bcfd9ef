package example

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

type row struct {
	Prefix [][]string
	Suffix []string
	Reward []float64
	Meta   struct{ Domain, Topic string }
}

func rows(t *testing.T) []row {
	t.Helper()
	f := Open()
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []row
	for s := bufio.NewScanner(z); s.Scan(); {
		var r row
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatalf("line %d: %v", len(out)+1, err)
		}
		out = append(out, r)
	}
	return out
}

func TestRows(t *testing.T) {
	if len(compressed) > 150<<10 {
		t.Errorf("%d bytes, want at most 150 KiB", len(compressed))
	}
	all := rows(t)
	if len(all) != Rows {
		t.Fatalf("%d rows, want %d", len(all), Rows)
	}
	seen, domains, turns := map[string]bool{}, map[string]int{}, map[int]int{}
	for i, r := range all {
		prompt := strings.Join(r.Prefix[0], "\n")
		if seen[prompt] {
			t.Errorf("row %d: prompt twice: %q", i, prompt)
		}
		seen[prompt] = true
		domains[r.Meta.Domain]++
		turns[len(r.Prefix[0])]++
		if len(r.Prefix) != 4 || len(r.Suffix) != 4 || len(r.Reward) != 4 {
			t.Fatalf("row %d: %d prefixes, %d responses, %d rewards", i, len(r.Prefix), len(r.Suffix), len(r.Reward))
		}
		if !slices.IsSortedFunc(r.Reward, func(a, b float64) int { return int(math.Copysign(1, b-a)) }) {
			t.Errorf("row %d: rewards do not fall: %v", i, r.Reward)
		}
		for j, turn := range r.Prefix[0] {
			want := []string{"<|prompter|>", "<|assistant|>"}[j%2]
			last := j == len(r.Prefix[0])-1
			if !strings.HasPrefix(turn, want) || (turn == want) != last {
				t.Errorf("row %d turn %d: %q", i, j, turn)
			}
		}
		for _, p := range r.Prefix[1:] {
			if !slices.Equal(p, r.Prefix[0]) {
				t.Errorf("row %d: prefixes differ", i)
			}
		}
	}
	if domains["helpful"] < Rows/2 || domains["harmless"] < Rows/5 || domains["helpful"]+domains["harmless"] != Rows {
		t.Errorf("domains: %v", domains)
	}
	for n := 2; n <= 8; n += 2 { // one to four questions
		if turns[n] < Rows/20 {
			t.Errorf("only %d prompts of %d turns", turns[n], n)
		}
	}
}

// As in Figure 4(b) d rises with the number of prompts, ever more slowly. (Words
// split at white space; the definition is that of package diversity.)
func TestDiversityRises(t *testing.T) {
	all := rows(t)
	last, lastN, lastRise := 0., 0, math.Inf(1)
	for n := 45; n <= Rows; n *= 2 {
		unique, total := map[[2]string]bool{}, 0
		for _, r := range all[:n] {
			w := strings.Fields(strings.Join(r.Prefix[0], " "))
			for i := range len(w) - 1 {
				unique[[2]string{w[i], w[i+1]}] = true
				total++
			}
		}
		d := math.Sqrt(float64(n)) * float64(len(unique)) / float64(total)
		rise := (d - last) / float64(n-lastN)
		t.Logf("N = %d: d = %.3f", n, d)
		if rise <= 0 || rise >= lastRise {
			t.Errorf("N = %d: d = %.3f after %.3f, %.5f a prompt after %.5f", n, d, last, rise, lastRise)
		}
		last, lastN, lastRise = d, n, rise
	}
}
