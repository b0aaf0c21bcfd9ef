package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"divvy/arrowio"
	"divvy/install/pyenv"
)

// run runs a Python program and gives what it printed.
func run(t *testing.T, program string) string {
	t.Helper()
	out, err := pyenv.Need(t).Command(t.Context(), "-c", program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, program)
	}
	return string(out)
}

// rReads are the formats that R reads with packages of Debian; its arrow and
// nanoarrow are in none of the registries that CI reaches.
var rReads = map[string]bool{"x.csv": true, "x.csv.gz": true, "x.tsv": true, "x.jsonl": true}

// runR runs a program of R, which CI has and other machines may lack.
func runR(t *testing.T, program string) {
	t.Helper()
	rscript, err := exec.LookPath("Rscript")
	if err != nil && os.Getenv("CI") == "" {
		t.Log("there is no R: its lines are not run")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "read.R")
	if err := os.WriteFile(file, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), rscript, "--vanilla", file)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "all read") {
		t.Fatalf("%v\n%s\n%s", err, out, program)
	}
}

// TestHintsWork runs the lines for pandas, Polars, DuckDB and, of CSV and JSON
// lines, R as they stand. Of R's lines for Arrow and Parquet, and of Spark's, it
// sees only that they are there.
func TestHintsWork(t *testing.T) {
	tbl := must(t)(arrowio.NewTableIn(checked(t)).Strings("text", []string{"plain", "", "line\nbreak, \"quoted\"", "żółć"}).
		Ints("n", []int{1, -2, 3, 1 << 60}).Bools("ok", []bool{true, false, true, false}).Build())
	dir := filepath.Join(t.TempDir(), "it's \"a\" folder")
	writes := map[string]func(string) error{
		"x.arrow": func(p string) error { return tbl.WriteIPC(p) }, "x.arrows": func(p string) error { return tbl.WriteIPC(p, arrowio.IPCOptions{Stream: true}) },
		"x.parquet": func(p string) error { return tbl.WriteParquet(p) }, "x.csv": func(p string) error { return tbl.WriteCSV(p) },
		"x.jsonl": tbl.WriteJSONLines, "x.tsv": func(p string) error { return tbl.WriteCSV(p) },
		"x.csv.gz":   func(p string) error { return tbl.WriteCSV(p) },
		"x.jsonl.gz": tbl.WriteJSONLines,
	}
	var program strings.Builder
	program.WriteString("import duckdb\n")
	rProgram := ""
	for name, write := range writes {
		path := filepath.Join(dir, name)
		if err := write(path); err != nil {
			t.Fatal(err)
		}
		hint, err := arrowio.HowToRead(path)
		if err != nil {
			t.Fatal(err)
		}
		sections := strings.Split(hint, "\n\n")
		if len(sections) != 5 {
			t.Fatalf("%d sections:\n%s", len(sections), hint)
		}
		for _, s := range sections[:2] {
			fmt.Fprintf(&program, "%s\nassert len(df) == 4 and list(df['n']) == [1, -2, 3, 1 << 60], df\n", s)
		}
		fmt.Fprintf(&program, "%s\nassert len(r.fetchall()) == 4\n", sections[2])
		if rReads[name] {
			rProgram += sections[3] + "\n" + `stopifnot(nrow(df) == 4, df$n == c(1, -2, 3, 2^60), df$ok == c(TRUE, FALSE, TRUE, FALSE), df$text[3:4] == c("line\nbreak, \"quoted\"", "żółć"))` + "\n"
		}
		for i, want := range []string{"# R\nlibrary(", "# Spark\n"} {
			if !strings.HasPrefix(sections[3+i], want) || !strings.Contains(sections[3+i], name) {
				t.Errorf("%s: section %q", name, sections[3+i])
			}
		}
	}
	if said := run(t, program.String()+"print('all read')\n"); !strings.Contains(said, "all read") {
		t.Error(said)
	}
	runR(t, rProgram+`cat("all read\n")`)
	if _, err := arrowio.HowToRead(filepath.Join(dir, "none")); err == nil {
		t.Error("a hint for a file that is not there")
	}
}

// TestPyarrowReadsFlight runs the lines that the server shows, on a table of
// every type, and then without the token.
func TestPyarrowReadsFlight(t *testing.T) {
	every := everyTable(t, checked(t))
	s, err := arrowio.Serve(map[string]*arrowio.Table{"every": every, "none": must(t)(every.Head(0))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	said := run(t, s.String()+`
import sys
sys.path.insert(0, "testdata")
import every
want = every.table()
t.validate(full=True)
assert t.schema.equals(want.schema), t.schema
for name in want.column_names:
    assert repr(t[name].to_pylist()) == repr(want[name].to_pylist()), name
client = flight.connect("`+s.Location+`")
assert sorted(f.total_records for f in client.list_flights(options=options)) == [0, 5]
assert client.get_schema(flight.FlightDescriptor.for_path("every"), options).schema.equals(t.schema)
none = client.do_get(flight.Ticket(b"none"), options).read_all()
assert none.num_rows == 0 and none.schema.equals(want.schema)
wrong = flight.FlightCallOptions(headers=[(b"authorization", b"Bearer wrong")])
for attempt in (None, wrong):
    for ask in (lambda: client.do_get(flight.Ticket(b"every"), attempt).read_all(), lambda: list(client.list_flights(options=attempt)),
                lambda: client.get_flight_info(flight.FlightDescriptor.for_path("every"), attempt)):
        try:
            ask()
            sys.exit("it answers without the token")
        except flight.FlightUnauthenticatedError as e:
            print("refused", e)
`)
	if n := strings.Count(said, "refused"); n != 6 {
		t.Errorf("%d of 6 attempts without the token were refused:\n%s", n, said)
	}
}
