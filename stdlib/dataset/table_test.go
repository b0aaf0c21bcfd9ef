package dataset

import (
	"fmt"
	"strings"
	"testing"
)

func TestArraysAndCSV(t *testing.T) {
	pair := `{"prompt": "a", "chosen": "b", "rejected": "c"}`
	for _, c := range []struct{ name, text, want string }{
		{"x.json", "[" + pair + ",\n" + `{"prompt": "d\ne",` + "\n" + `"chosen": "f", "rejected": "g"}]` + "\n", "1:a:b,c 2:d\\ne:f,g"},
		{"x.json", " [ ] ", ""},
		{"x.json", "[" + goodPRO + "]", "1:"},
		{"x.csv", "id,prompt,chosen,rejected,score_chosen,score_rejected\n7,\"a, \"\"b\"\"\nc\",d,e,1.5,\n8,f,g,h,2,1\n", `2:a, "b"\nc:d,e 4:f:g,h`},
		{"x.csv", "prompt;chosen;rejected\r\n你好;b;c\r\n", "2:你好:b,c"},
		{"x.tsv", "prompt\tchosen\trejected\na, b\tc\td\n", "2:a, b:c,d"},
		{"x.csv", "prompt\nwhat?\nwhy?\n", "2:what?: 3:why?:"},
		{"x.csv", "chosen,rejected\n\"\n\nHuman: a\n\nAssistant: b\",\"\n\nHuman: a\n\nAssistant: c\"\n", "2:a:b,c"},
		{"x.csv", "", ""},
		{"x.csv", pair, "1:a:b,c"},
	} {
		ds, err := Parse(t.Context(), Options{}, c.name, strings.NewReader(c.text))
		if err != nil {
			t.Errorf("%s %q: %v", c.name, c.text, err)
			continue
		}
		var rows []string
		for i := range ds.Len() {
			r := ds.Row(i)
			prompt := strings.TrimSuffix(strings.TrimPrefix(r.Prompt(), "\n\nHuman: "), "\n\nAssistant:")
			rows = append(rows, strings.ReplaceAll(fmt.Sprintf("%d:%s:%s", r.Line, prompt, strings.Join(r.Responses, ",")), "\n", `\n`))
		}
		got := strings.Join(rows, " ")
		if c.want == "1:" { // a row of another format
			got = got[:min(2, len(got))]
		}
		if got != c.want {
			t.Errorf("%s %q:\n%s\nwant\n%s", c.name, c.text, got, c.want)
		}
	}
	for text, says := range map[string]string{
		"prompt,chosen\n\"a,b\n":                            "x.csv:2:",
		"prompt,chosen,rejected\na,b\n":                     "x.csv:2:1: not CSV: wrong number of fields",
		"question_text,answer\na,b\n":                       `cannot tell the format from the fields ["answer" "question_text"]`,
		"prompt,chosen,rejected,score_chosen\na,b,c,high\n": `"high" where a number should be`,
		"[" + pair + ", 5]":                                 "x.csv:2:1: a number where a JSON object should be",
		"[" + pair + ", {]":                                 "x.csv:2: not JSON, in this element of the array or behind it",
		"[" + pair:                                          "x.csv:2: not JSON",
		"[] []":                                             "something follows the JSON array",
	} {
		if _, err := Parse(t.Context(), Options{}, "x.csv", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want … %s", text, err, says)
		}
	}
}

// Blocks of a long file follow one another, and lines keep their numbers.
func TestLongCSV(t *testing.T) {
	var b strings.Builder
	b.WriteString("prompt,chosen,rejected\n")
	const rows = 40000
	for i := range rows {
		fmt.Fprintf(&b, "\"prompt\n%d\",%s,no\n", i, strings.Repeat("x", 100))
	}
	ds, err := Parse(t.Context(), Options{}, "x.csv", strings.NewReader(b.String()))
	if err != nil || ds.Len() != rows {
		t.Fatalf("%v, %v", ds, err)
	}
	for _, i := range []int{0, 1, 20000, rows - 1} {
		if r := ds.Row(i); r.Line != int64(2+2*i) || !strings.HasSuffix(r.Turns()[0].Text, fmt.Sprintf("\n%d", i)) {
			t.Errorf("row %d is of line %d, %q", i, r.Line, r.Prompt())
		}
	}
}
