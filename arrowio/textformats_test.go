package arrowio_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio"
)

func TestCSVWrites(t *testing.T) {
	tbl := must(t)(sample(t, checked(t)).Select("text", "score", "small", "ok", "when", "group", "ids", "note", "maybe", "raw"))
	var b bytes.Buffer
	if err := tbl.EncodeCSV(&b); err != nil {
		t.Fatal(err)
	}
	want := `text,score,small,ok,when,group,ids,note,maybe,raw
plain,1.5,,true,2024-03-16T12:30:00.123456789Z,red,"[1,2]","{""Who"":""a"",""Mark"":0.5}",x,0102
"",-0.25,8,false,2024-03-16T13:30:00.123456789Z,blue,[],"{""Who"":""b"",""Mark"":null}",,
"line
break, ""quoted""",1e+300,9,,1970-01-01T00:00:00Z,red,[3],"{""Who"":""c"",""Mark"":0.5}",<b>,
żółć 漢字 🎈,,10,false,2024-03-16T12:30:00.123456789Z,,,"{""Who"":""d"",""Mark"":null}","",ff
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestCSVRoundTrip(t *testing.T) {
	mem := checked(t)
	tbl := must(t)(sample(t, mem).Select("text", "score", "n", "ok", "when", "maybe"))
	for _, o := range []arrowio.CSVOptions{{}, {Comma: '\t'}, {Comma: ';'}} {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := tbl.WriteCSV(path, o); err != nil {
			t.Fatal(err)
		}
		o.Read.Allocator = mem
		back := must(t)(arrowio.ReadCSV(path, o))
		if !array.RecordEqual(tbl.Record(), back.Record()) {
			t.Errorf("comma %q: got\n%v\nwant\n%v", o.Comma, back, tbl)
		}
	}
}

func TestCSVReads(t *testing.T) {
	tests := []struct {
		name, text string
		o          arrowio.CSVOptions
		want       string // types | columns
		err        string
	}{
		{name: "types", text: "a,b,c,d,e,f\n1,1,true,2024-01-02,2024-01-02T03:04:05Z,x\n2,2.5,false,2024-01-03,2024-01-03,y\n",
			want: "i64 f64 bool date datetime[ns, UTC] str|a b c d e f"},
		{name: "nulls do not count", text: "a,b\n,\n1,\n", want: "i64 str|a b"},
		{name: "codes stay text", text: "a,b\n007,1\n1,08.5\n", want: "str str|a b"},
		{name: "long integers stay text", text: "a\n12345678901234567890\n1\n", want: "str|a"},
		{name: "quoted is text", text: "a\n\"1\"\n2\n", want: "str|a"},
		{name: "names", text: "x,x,\n1,2,3\n", want: "i64 i64 i64|x x_2 column_3"},
		{name: "byte order mark, CRLF, no last line end", text: "\ufeffa,b\r\n1,x\r\n2,\"y\"\r", want: "i64 str|a b"},
		{name: "UTF-16", text: "\xff\xfea\x00,\x00\xe9\x00\n\x001\x00,\x00x\x00\n\x00", want: "i64 str|a é"},
		{name: "UTF-16, the high byte first", text: "\xfe\xff\x00a\x00\n\x001", want: "i64|a"},
		{name: "lines that end in CR", text: "a,b\r1,x\r2,y\r", want: "i64 str|a b"},
		{name: "no header", text: "1,2\n", o: arrowio.CSVOptions{NoHeader: true}, want: "i64 i64|column_1 column_2"},
		{name: "forced", text: "a\n1\n", o: arrowio.CSVOptions{Types: map[string]string{"a": "str"}}, want: "str|a"},
		{name: "null words", text: "a\nNA\n1\n", o: arrowio.CSVOptions{Null: []string{"NA"}}, want: "i64|a"},
		{name: "mixed floats", text: "a\n1\n2.5\nNaN\ninf\n-inf\n1e3\n", want: "f64|a"},
		{name: "not hexadecimal", text: "a\n0x10\n", want: "str|a"},
		{name: "empty", text: "", want: "|"},
		{name: "blank lines", text: "a,b\n\n1,2\n\n", want: "i64 i64|a b"},
		{name: "too few", text: "a,b\n1\n", err: "line 2: 1 field where the first line has 2"},
		{name: "too many", text: "a,b\n\n1,2\n1,2,3,4\n", err: "line 4: 4 fields where the first line has 2"},
		{name: "open quote", text: "a\n\"x\n", err: "line 2: a quotation mark opens"},
		{name: "after quote", text: "a\n\"x\"y\n", err: "follows a closing"},
		{name: "forced wrong", text: "a\nx\n", o: arrowio.CSVOptions{Types: map[string]string{"a": "i64"}}, err: `line 2, column "a"`},
		{name: "unknown forced", text: "a\nx\n", o: arrowio.CSVOptions{Types: map[string]string{"b": "i64"}}, err: "no such column"},
		{name: "mixed with a long integer", text: "a\n9007199254740993\n0.5\n", err: "no float64 holds"},
	}
	for _, tt := range tests {
		tt.o.Read.Allocator = checked(t)
		tbl, err := arrowio.DecodeCSV(strings.NewReader(tt.text), tt.o)
		switch {
		case tt.err != "":
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
			}
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		default:
			if got := strings.Join(tbl.Types(), " ") + "|" + strings.Join(tbl.Columns(), " "); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
			}
			tbl.Release()
		}
	}
	tbl := must(t)(arrowio.DecodeCSV(strings.NewReader("a\n1\n2.5\nNaN\ninf\n-inf\n1e3\n\n")))
	got, err := tbl.Floats("a")
	if err != nil || len(got) != 7 || got[1] != 2.5 || !math.IsNaN(got[2]) || !math.IsInf(got[4], -1) || got[5] != 1000 || !math.IsNaN(got[6]) {
		t.Errorf("floats: %v %v", got, err)
	}
}

func TestJSONLinesRoundTrip(t *testing.T) {
	mem := checked(t)
	tbl := must(t)(sample(t, mem).Select("text", "score", "n", "ok", "rewards", "note", "maybe"))
	path := filepath.Join(t.TempDir(), "x.jsonl")
	if err := tbl.WriteJSONLines(path); err != nil {
		t.Fatal(err)
	}
	back := must(t)(arrowio.ReadJSONLines(path, arrowio.ReadOptions{Allocator: mem}))
	if !array.RecordEqual(tbl.Record(), back.Record()) {
		text, _ := os.ReadFile(path)
		t.Errorf("got\n%v\nwant\n%v\nfrom\n%s", back, tbl, text)
	}
}

func TestJSONLinesReads(t *testing.T) {
	tests := []struct{ name, text, want, err string }{
		{name: "keys come late", text: "{\"a\":1}\n\n{\"b\":\"x\",\"a\":null}\n{\"a\":2.5,\"c\":[]}\n", want: "f64 str list[null]|a b c"},
		{name: "nested", text: `{"s":{"x":[{"y":1}]}}` + "\n" + `{"s":null}` + "\n" + `{"s":{"x":[null,{"y":2,"z":true}]}}`, want: "struct[1]|s"},
		{name: "mixed", text: "{\"a\":1}\n{\"a\":\"x\"}\n", err: `line 2: key "a": text here, but an integer in a row before`},
		{name: "twice", text: `{"a":1,"a":2}`, err: `line 1: key "a" comes twice`},
		{name: "no object", text: "[1]", err: "line 1"},
		{name: "cut", text: `{"a":`, err: "line 1: the object does not end in its line; SQL reads"},
		{name: "pretty", text: "{\n  \"a\": 1\n}\n", err: "line 1: the object does not end in its line; SQL reads"},
		{name: "a list", text: `[{"a":1},{"a":2}]`, err: "line 1: an object was expected, not '['; SQL reads"},
		{name: "mark, line ends", text: "\ufeff{\"a\":1}\r\n{\"b\":true}\r\n", want: "i64 bool|a b"},
		{name: "more", text: `{"a":1} {"a":2}`, err: "line 1: more follows"},
		{name: "long integer", text: "{\"a\":9007199254740993}\n{\"a\":0.5}", err: "no float64 holds"},
	}
	for _, tt := range tests {
		tbl, err := arrowio.DecodeJSONLines(strings.NewReader(tt.text), arrowio.ReadOptions{Allocator: checked(t)})
		switch {
		case tt.err != "":
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
			}
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		default:
			if got := strings.Join(tbl.Types(), " ") + "|" + strings.Join(tbl.Columns(), " "); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
			}
			tbl.Release()
		}
	}
}

// TestTextEncodings reads what is not UTF-8 where its encoding is named, and says
// where it stands otherwise.
func TestTextEncodings(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name, text, encoding string
		want                 string // the value in row 1, or a part of the error
	}{
		{"a.csv", "id,text\n1,a\n2,caf\xe9 b\n", "", `a.csv: line 3, column "text": the text is not UTF-8: byte 0xe9 at 4 of it; if it is in another encoding, name that in ReadOptions.Encoding, "windows-1252" for example`},
		{"a.csv", "id,text\n1,a\n2,caf\xe9 b\n", "latin1", "café b"},
		{"a.csv", "id,\xe9\n1,a\n", "", `line 1, column 2: its name: the text is not UTF-8`},
		{"a.csv", "i\x00d\x00,\x00t\x00e\x00x\x00t\x00\n\x001\x00,\x00a\x00\n\x002\x00,\x00\xe9\x00\n\x00", "", `name it in ReadOptions.Encoding, "utf-16le"`},
		{"a.csv", "i\x00d\x00,\x00t\x00e\x00x\x00t\x00\n\x001\x00,\x00a\x00\n\x002\x00,\x00\xe9\x00\n\x00", "utf-16le", "é"},
		{"a.csv", "id,text\n1,a\n2,b\n", "martian", `no text encoding is called "martian"`},
		{"a.jsonl", "{\"text\":\"a\"}\n{\"n\":[{\"text\":1}],\"text\":\"caf\xe9\"}\n", "", `a.jsonl: line 2: key "text": the text is not UTF-8: byte 0xe9 at 30 of it`},
		{"a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"caf\xe9\"}\n", "windows-1252", "café"},
		{"a.jsonl", "\xff\xfe{\x00\"\x00t\x00e\x00x\x00t\x00\"\x00:\x001\x00}\x00\n\x00{\x00\"\x00t\x00e\x00x\x00t\x00\"\x00:\x002\x00}\x00", "", "2"},
		{"a.jsonl", "{\x00\"\x00t\x00e\x00x\x00t\x00\"\x00:\x001\x00}\x00", "", `"utf-16le"`},
		{"a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"\\ud83d\\ude00 \\\\ud83d\"}\n", "", `😀 \ud83d`},
		{"a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"\\ud83d\"}\n", "", `line 2: key "text": \ud83d at byte 10 is half of a surrogate pair`},
		{"a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"\\uDE00\\ud83d\"}\n", "", `\uDE00 at byte 10 is half of a surrogate pair`},
	} {
		path := filepath.Join(dir, tt.name)
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := arrowio.ReadOptions{Allocator: checked(t), Encoding: tt.encoding}
		read := func() (*arrowio.Table, error) { return arrowio.ReadCSV(path, arrowio.CSVOptions{Read: o}) }
		if tt.name == "a.jsonl" {
			read = func() (*arrowio.Table, error) { return arrowio.ReadJSONLines(path, o) }
		}
		got, err := read()
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q as %q: %v, want %s", tt.text, tt.encoding, err, tt.want)
			}
			continue
		}
		if v, err := got.Value(1, "text"); err != nil || fmt.Sprint(v) != tt.want {
			t.Errorf("%q as %q: %v, %v, want %s", tt.text, tt.encoding, v, err, tt.want)
		}
		got.Release()
	}
}

func TestReadFolder(t *testing.T) {
	dir := t.TempDir()
	for name, read := range map[string]func(string, ...arrowio.ReadOptions) (*arrowio.Table, error){"CSV": func(path string, _ ...arrowio.ReadOptions) (*arrowio.Table, error) { return arrowio.ReadCSV(path) },
		"Parquet": arrowio.ReadParquet, "IPC": arrowio.ReadIPC, "JSON lines": arrowio.ReadJSONLines} {
		if _, err := read(dir); err == nil || !strings.Contains(err.Error(), dir+" is a folder") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
