package paper

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestTable1(t *testing.T) {
	rows := Table1()
	if len(rows) != 108 {
		t.Fatalf("%d cells, want 108", len(rows))
	}
	cells := map[Result]bool{}
	for _, r := range rows {
		if want := r.Responses*r.Prompts == 2*r.N; r.EqualBudget != want {
			t.Errorf("%+v: equal budget is %v", r, want)
		}
		frac := map[string]float64{"1/2": 0.5, "2/3": 2. / 3, "1": 1}[r.Fraction]
		if float64(r.Prompts) != math.Round(frac*float64(r.N)) {
			t.Errorf("%+v: prompts are not that fraction of N", r)
		}
		if r.Reward < 40 || r.Reward > 60 {
			t.Errorf("%+v: reward out of the table's range", r)
		}
		r.Reward = 0
		if cells[r] {
			t.Errorf("%+v twice", r)
		}
		cells[r] = true
	}
	if want := (Result{"SFT", "LLaMA-7B", "Global", 4, 3000, "1", 3000, 56.14, false}); rows[107] != want {
		t.Errorf("the last cell is %+v", rows[107])
	}
}

// The paper's claim: at equal budget, more responses beat more prompts.
func TestTriples(t *testing.T) {
	triples := Triples()
	four, rising := 0, 0
	for _, x := range triples {
		if x.Reward2 == 0 || x.Reward3 == 0 || x.Reward4 == 0 {
			t.Errorf("incomplete: %+v", x)
		}
		if x.FourBeatTwo() {
			four++
		}
		if x.Rising() {
			rising++
		}
	}
	if len(triples) != 12 || four != 12 || rising != 10 {
		t.Errorf("%d triples, 4 beat 2 in %d, rising in %d; want 12, 12, 10", len(triples), four, rising)
	}
	if want := (Triple{"PRO", "OPT-1.3B", "Harmless", 24000, 57.01, 57.29, 59.24}); triples[0] != want {
		t.Errorf("first is %+v", triples[0])
	}
}

func TestFigure4(t *testing.T) {
	d := map[int]float64{}
	for _, p := range Figure4b() {
		d[p.Samples] = p.Diversity
		if math.Abs(p.UniqueRatio*math.Pow(float64(p.Samples), DecayIndex)-p.Diversity) > 2e-3 {
			t.Errorf("%+v: ratio and diversity disagree", p)
		}
	}
	global := map[[3]any]float64{}
	for _, r := range Table1() {
		if r.Domain == "Global" && r.Backbone == "OPT-1.3B" {
			global[[3]any{r.Algorithm, r.Responses, r.Prompts}] = r.Reward / 100
		}
	}
	for name, panel := range map[string][]Point{"a": Figure4a(), "c": Figure4c(), "d": Figure4d()} {
		if len(panel) != 24 {
			t.Errorf("panel %s has %d points", name, len(panel))
		}
		for i, p := range panel {
			if p.Rankings != Rankings()[i/8] || p.Samples != Sizes()[i%8] {
				t.Errorf("panel %s point %d is %+v", name, i, p)
			}
			if p.Diversity != d[p.Samples] {
				t.Errorf("panel %s %+v: panel b has diversity %v", name, p, d[p.Samples])
			}
			if math.Abs(p.Reward-p.Digitised) > 1e-4 {
				t.Errorf("panel %s %+v: sources disagree", name, p)
			}
			if want, ok := global[[3]any{p.Algorithm, p.Rankings, p.Samples}]; ok && math.Abs(p.Reward-want) > 1e-9 {
				t.Errorf("panel %s %+v: Table 1 has %v", name, p, want)
			} else if !ok && p.Samples != 6000 && p.Samples != 36000 {
				t.Errorf("panel %s %+v: not in Table 1", name, p)
			}
		}
	}
}

func TestArrow(t *testing.T) {
	for _, c := range []struct {
		name string
		rows int
		got  interface {
			NumRows() int
			Columns() []string
			Floats(string) ([]float64, error)
		}
		column string
		first  float64
	}{
		{"table 1", 108, Table1Arrow(), "reward", 55.58},
		{"triples", 12, TriplesArrow(), "gain", 2.23},
		{"figure 4", 48, Figure4Arrow(), "diversity", 12.6974},
		{"figure 4 b", 8, Figure4bArrow(), "unique_ratio", 0.32785},
	} {
		v, err := c.got.Floats(c.column)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.got.NumRows() != c.rows || math.Abs(v[0]-c.first) > 1e-12 {
			t.Errorf("%s: %d rows, %s begins with %v", c.name, c.got.NumRows(), c.column, v[0])
		}
	}
}

func TestAccessorsGiveCopies(t *testing.T) {
	a := Figure4a()
	a[0].Reward = -1
	s := Sizes()
	s[0] = -1
	if Figure4a()[0].Reward == -1 || Sizes()[0] == -1 {
		t.Error("a caller can change the paper")
	}
}

// The shipped files are the source's, byte for byte.
func TestDataMatchesSource(t *testing.T) {
	dir := os.Getenv("DIVVY_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	for name, have := range map[string][]byte{
		"table1.csv": table1CSV, "fig4a.csv": fig4aCSV, "fig4b.csv": fig4bCSV, "fig4c.csv": fig4cCSV, "fig4d.csv": fig4dCSV,
	} {
		want, err := os.ReadFile(filepath.Join(dir, "paper", name))
		if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") != "true" {
			t.Skipf("no shared folder: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s differs from %s", name, dir)
		}
	}
	if !reflect.DeepEqual(Seeds(), []int64{42, 43, 44}) {
		t.Errorf("seeds %v", Seeds())
	}
}
