package interp_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"divvy/kernel/cell"
)

func TestCompleteColumns(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("results.csv", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := session(t)
	must(t, s, `t := must(arrowio.NewTable().Strings("source", []string{"hh"}).Floats("reward", []float64{1}).Floats("25%", []float64{2}).Build())
other := must(t.Rename("reward", "score"))
var none *arrowio.Table
data := dataset.Example()`)
	for code, want := range map[string]string{
		`t.Filter("re|")`: "reward",
		`t.Filter("re|`:   "reward",
		`must(t.Filter("reward > 0 && so|")).Head(3)`: "source",
		`t.Filter("|")`:                                      "source reward `25%`",
		"t.Filter(\"`2|\")":                                  "`25%`",
		"t.Filter(`|`)":                                      "source reward",
		`t.Filter("nothing|")`:                               "",
		`t.Sort("-|")`:                                       "source reward 25%",
		`t.Sort("source", "r|")`:                             "reward",
		`t.Select("source", "SO|")`:                          "source",
		`t.GroupBy("s|").Agg(arrowio.Mean("reward"))`:        "source",
		`t.GroupBy("source").Agg(arrowio.Mean("r|"))`:        "reward",
		`must(must(t.Filter("reward > 0")).Floats("r|"))`:    "reward",
		`t.WithColumn("x", "rew|")`:                          "reward",
		`figure.Groups(t, "r|", "25%", "")`:                  "reward",
		`t.Join(other, "left", "s|")`:                        "source",
		`t.SQL(ctx, "select r|")`:                            "reward",
		"if t.NumRows() > 0 {\n\tt.Filter(\"re|\")\n}":       "reward",
		`other.Sort("s|")`:                                   "source score",
		`none.Sort("s|")`:                                    "",
		"t := must(data.Table(ctx))\nt.Sort(\"r|\")":         "",
		`must(data.Table(ctx)).Sort("r|")`:                   "",
		`t.WriteCSV("re|")`:                                  "results.csv",
		`arrowio.ReadCSV("re|")`:                             "results.csv",
		`dataset.Load(ctx, "re|")`:                           "results.csv",
		`x := "re|"`:                                         "results.csv",
		`t.Filter(func() string { os.Open("re|"); return ""`: "results.csv",
		`undefined.Filter("re|")`:                            "results.csv",
		`fmt.Println(t, "re|")`:                              "reward",
	} {
		before, after, _ := strings.Cut(code, "|")
		got, err := s.Complete(context.Background(), before+after, len([]rune(before)))
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, m := range got.Matches {
			texts = append(texts, m.Text)
		}
		if got := strings.Join(texts, " "); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	got, _ := s.Complete(context.Background(), `t.Filter("é < re")`, 15)
	if want := (cell.Match{Text: "reward", Kind: "field", Signature: "f64"}); len(got.Matches) != 1 || got.Matches[0] != want || got.Start != 14 || got.End != 15 {
		t.Errorf("%+v, want %+v in place of characters 14 to 15", got, want)
	}
}

// While a cell runs its variables are not read; completion answers all the same.
func TestCompleteColumnsBesideACell(t *testing.T) {
	s := session(t)
	must(t, s, `t := must(arrowio.NewTable().Floats("reward", []float64{1}).Build())`)
	ctx, stop := context.WithCancel(context.Background())
	began, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		s.Execute(ctx, cell.Request{Count: 8, Code: "fmt.Println(1)\nfor {}"}, &starter{began: began})
	}()
	<-began
	got, err := s.Complete(context.Background(), `t.Sort("")`, 8)
	if err != nil || len(got.Matches) != 0 {
		t.Errorf("%v %v, want no columns", got, err)
	}
	stop()
	<-ended
	if got, _ := s.Complete(context.Background(), `t.Sort("")`, 8); len(got.Matches) != 1 {
		t.Errorf("%v after the cell, want one column", got)
	}
}

// starter tells when a cell has shown something.
type starter struct {
	collector
	once  sync.Once
	began chan struct{}
}

func (s *starter) Emit(cell.Event) { s.once.Do(func() { close(s.began) }) }
