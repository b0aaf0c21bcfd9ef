package arrowio_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"

	"divvy/arrowio"
)

// TestFromInterpretedCode uses the package as a cell does, through the
// interpreter: structs declared there arrive without a name.
func TestFromInterpretedCode(t *testing.T) {
	in := interp.New(interp.Options{})
	if err := in.Use(stdlib.Symbols); err != nil {
		t.Fatal(err)
	}
	err := in.Use(interp.Exports{"divvy/arrowio/arrowio": {
		"NewTable": reflect.ValueOf(arrowio.NewTable), "FromStructs": reflect.ValueOf(arrowio.FromStructs),
		"Count": reflect.ValueOf(arrowio.Count), "Mean": reflect.ValueOf(arrowio.Mean),
		"JoinOptions": reflect.ValueOf((*arrowio.JoinOptions)(nil)), "Table": reflect.ValueOf((*arrowio.Table)(nil)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{
		`import ("divvy/arrowio"; "fmt"; "strings"; "time")`,
		`type inner struct { Mark float64 }
type row struct { Source string; reward float64; n int; Inner inner; Tags []string; at time.Time; p *int }`,
		`seven := 7
rows := []row{{"hh", 0.5, 3, inner{1}, []string{"x"}, time.Unix(1, 0), &seven}, {"oasst", 0.25, 4, inner{2}, nil, time.Unix(2, 0), nil}, {"hh", 1, 5, inner{3}, nil, time.Unix(3, 0), nil}}
t, err := arrowio.FromStructs(rows)
if err != nil { panic(err) }`,
		`g, err := t.GroupBy("Source").Agg(arrowio.Count(), arrowio.Mean("reward").Named("mean"))
if err != nil { panic(err) }
s, err := g.Sort("-mean")
if err != nil { panic(err) }
built, err := arrowio.NewTable().Strings("Source", []string{"hh"}).Floats("w", []float64{2}).Values("row", rows[:1]).Build()
if err != nil { panic(err) }
j, err := s.JoinWith(built, arrowio.JoinOptions{How: "left", On: []string{"Source"}})
if err != nil { panic(err) }
f, err := j.Filter("mean > 0.5 and Source == 'hh'")
if err != nil { panic(err) }
x, err := f.Floats("w")
if err != nil { panic(err) }
var keep *arrowio.Table = f
out := fmt.Sprint(strings.Join(t.Columns(), " "), "|", strings.Join(t.Types(), " "), "|", j.NumRows(), x, keep.Columns())`,
	} {
		if _, err := in.Eval(code); err != nil {
			t.Fatalf("%s\n%v", code, err)
		}
	}
	got, err := in.Eval("out")
	want := "Source reward n Inner Tags at p|str f64 i64 struct[1] list[str] datetime[ns, UTC] i64|2 [2] [Source count mean w row]"
	if err != nil || strings.TrimSpace(got.String()) != want {
		t.Errorf("got  %v\nwant %s\n%v", got, want, err)
	}
}
