package interp_test

import (
	"fmt"
	"strings"
	"testing"
)

// shapes are values of all kinds: how they are shown, and their parts.
var shapes = []struct{ expr, shown, parts string }{
	{"true", "bool = true", ""},
	{"int8(-3)", "int8 = -3", ""},
	{"uint64(1) << 63", "uint64 = 9223372036854775808", ""},
	{"'é'", "rune = 233 'é'", ""},
	{"float32(0.1)", "float32 = 0.1", ""},
	{"complex(1, -2)", "complex128 = (1-2i)", ""},
	{`"a\n\x00<b>"`, `string = "a\n\x00<b>"`, ""},
	{`strings.Repeat("x", 300)`, `string = "` + strings.Repeat("x", 200) + `"… (300 bytes)`, ""},
	{"[]int(nil)", "[]int = nil", ""},
	{"[]string{\"a\", \"b\"}", `[]string = ["a", "b"]`, `[0] string = "a"|[1] string = "b"`},
	{"[2][]int{{1}, {2, 3}}", "[2][]int = [[1], [2, 3]]", "[0] []int = [1]|[1] []int = [2, 3]"},
	{"map[string]int{\"b\": 2, \"a\": 1}", "map[string]int = len 2", `"a" int = 1|"b" int = 2`},
	{"map[K]V{3: {N: 1}}", "map[K]V = len 1", `3 V = {N: 1, inner: {s: ""}, Any: nil, next: nil}`},
	{"V{N: 1, inner: inner{\"x\"}, Any: 2.5}", `V = {N: 1, inner: {s: "x"}, Any: 2.5, next: nil}`, `N K = 1|inner inner = {s: "x"}|Any any (float64) = 2.5|next *V = nil`},
	{"&V{next: &V{N: 2}}", `*V = &{N: 0, inner: {s: ""}, Any: nil, next: &{…}}`, `N K = 0|inner inner = {s: ""}|Any any = nil|next *V = &{N: 2, inner: {s: ""}, Any: nil, next: nil}`},
	{"(*V)(nil)", "*V = nil", ""},
	{"ptr(7)", "*int = &7", "* int = 7"},
	{"any(V{N: 4})", `any (V) = {N: 4, inner: {s: ""}, Any: nil, next: nil}`, `N K = 4|inner inner = {s: ""}|Any any = nil|next *V = nil`},
	{"any(nil)", "any = nil", ""},
	{"[]any{1, \"s\", K(2), nil}", `[]any = [1, "s", 2, nil]`, `[0] any (int) = 1|[1] any (string) = "s"|[2] any (K) = 2|[3] any = nil`},
	{"errors.New(\"oops\")", `error (*errors.errorString) = &{s: "oops"}`, `s string = "oops"`},
	{"make(chan int, 3)", "chan int = len 0, cap 3", ""},
	{"func(x int) string { return \"\" }", "func(x int) string = func", ""},
	{"time.Duration(1500) * time.Millisecond", "time.Duration = 1.5s", ""},
	{"time.Date(2024, 3, 18, 1, 2, 3, 0, time.UTC)", "time.Time = 2024-03-18T01:02:03Z", ""},
	{"Pair[int]{1, 2}", "Pair[int] = {A: 1, B: 2}", "A int = 1|B int = 2"},
	{"struct{ X, y int }{1, 2}", "struct{X int; y int} = {X: 1, y: 2}", "X int = 1|y int = 2"},
}

// TestValues shows values of all kinds, as local variables and as globals.
func TestValues(t *testing.T) {
	d := newDebugSession(t)
	d.run("import (\"errors\"; \"strings\"; \"time\")\nvar _, _, _ = errors.New, strings.ToUpper, time.Now\ntype K int\ntype inner struct{ s string }\ntype V struct {\n\tN K\n\tinner\n\tAny any\n\tnext *V\n}\ntype Pair[T any] struct{ A, B T }\nfunc ptr(n int) *int { return &n }")
	d.attach()
	var global, local strings.Builder
	for i, s := range shapes {
		fmt.Fprintf(&global, "g%02d := %s\n", i, s.expr)
		fmt.Fprintf(&local, "\tl%02d := %s\n", i, s.expr)
	}
	code := global.String() + "func() {\n" + local.String() + "\tfmt.Print()\n}()"
	stop := 2*len(shapes) + 2
	if got := d.breakAt(code, stop); got[0] != stop {
		t.Fatalf("breakpoint at %v", got)
	}
	ended := d.start(code)
	_, ids := d.stopped("breakpoint")
	scopes := d.ask("scopes", map[string]any{"frameId": ids[0]})["scopes"].([]any)
	for i, prefix := range []string{"l", "g"} {
		vars := map[string]map[string]any{}
		for _, v := range d.ask("variables", map[string]any{"variablesReference": scopes[i].(map[string]any)["variablesReference"]})["variables"].([]any) {
			v := v.(map[string]any)
			vars[v["name"].(string)] = v
		}
		for j, s := range shapes {
			v := vars[fmt.Sprintf("%s%02d", prefix, j)]
			if v == nil {
				t.Errorf("%s%02d (%s) is not there", prefix, j, s.expr)
				continue
			}
			if got := fmt.Sprintf("%v = %v", v["type"], v["value"]); got != s.shown {
				t.Errorf("%s %s is shown as %s\nwant %s", prefix, s.expr, got, s.shown)
			}
			parts := ""
			if v["variablesReference"] != 0.0 {
				parts = strings.Join(d.list(v["variablesReference"]), "|")
			}
			if parts != s.parts {
				t.Errorf("%s %s has the parts %s\nwant %s", prefix, s.expr, parts, s.parts)
			}
		}
	}
	d.ask("continue", map[string]any{"threadId": 1})
	d.end(ended)

	// Between cells.
	for expr, want := range map[string]string{"g00": "true", "1 + 2": "3", "g13.N": "1", "len(g09)": "2"} {
		if v := d.ask("evaluate", map[string]any{"expression": expr}); v["result"] != want {
			t.Errorf("%s is %v, not %s", expr, v["result"], want)
		}
	}
	// Forgotten, and switched off.
	d.run("%reset")
	if vs := d.ask("inspectVariables", nil)["variables"].([]any); len(vs) != 0 {
		t.Errorf("after a reset: %v", vs)
	}
	again := "func f() int {\n\treturn 1\n}\nf()"
	d.breakAt(again, 2)
	ended = d.start(again)
	d.stopped("breakpoint")
	d.ask("disconnect", map[string]any{})
	d.end(ended)
	d.run("f()")
}
