package interp_test

import (
	"flag"
	"fmt"
	"go/format"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"divvy/kernel/interp"
)

var (
	randomSeeds = flag.Int("random.seeds", 2, "programs that TestRandom makes")
	randomFirst = flag.Uint64("random.first", 1, "seed of the first program that TestRandom makes")
)

var (
	integers = []string{"int", "uint8", "int32", "uint64", "int16", "MyInt"}
	ordered  = append(slices.Clone(integers), "float64", "float32", "string")
	anyType  = append(slices.Clone(ordered), "complex128", "bool")
	values   = append(slices.Clone(anyType), "T", "Ints", "Counts", "Fun", "Ptr", "Arr", "Err", "Any", "Shape", "Color")
	hole     = regexp.MustCompile(`\$(x\d|\d-\d|[ATIV]:|=?[A-Za-z]\w*\.?|<[^<>]*>)`)
)

// grammar holds the forms of testdata/random.grammar by kind: "place int",
// "leaf int", "int", "stmt", "loop".
type grammar map[string][]string

func readGrammar(t *testing.T) grammar {
	t.Helper()
	b, err := os.ReadFile("testdata/random.grammar")
	if err != nil {
		t.Fatal(err)
	}
	g := grammar{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		kind, form, _ := strings.Cut(line, ": ")
		switch {
		case strings.HasPrefix(kind, "place "), strings.HasPrefix(kind, "leaf "):
			g[kind] = append(g[kind], strings.Split(form, "; ")...)
		default:
			for _, kind := range strings.Split(kind, "|") {
				g[kind] = append(g[kind], form)
			}
		}
	}
	return g
}

// maker makes random source from a grammar.
type maker struct {
	grammar
	*rand.Rand
	names  int
	labels []string
}

func (m *maker) one(of []string) string { return of[m.IntN(len(of))] }

func (m *maker) name(prefix string) string {
	m.names++
	return prefix + strconv.Itoa(m.names)
}

func (m *maker) place(typ string) string { return m.fill(m.one(m.grammar["place "+typ]), typ, 0) }

func (m *maker) leaf(typ string) string {
	places, leaves := m.grammar["place "+typ], m.grammar["leaf "+typ]
	if n := m.IntN(len(places) + len(leaves)); n < len(places) {
		return m.fill(places[n], typ, 0)
	}
	return m.fill(m.one(leaves), typ, 0)
}

func (m *maker) expr(typ string, depth int) string {
	if depth <= 0 || m.IntN(5) == 0 {
		return m.leaf(typ)
	}
	return m.fill(m.one(m.grammar[typ]), typ, depth)
}

func (m *maker) stmt(depth int) string {
	if len(m.labels) > 0 && m.IntN(8) == 0 {
		return m.fill(m.one(m.grammar["loop"]), "", depth)
	}
	for {
		form := m.one(m.grammar["stmt"])
		if depth > 0 || !strings.Contains(form, "$block") && !strings.Contains(form, "$try") {
			return m.fill(form, "", depth)
		}
	}
}

func (m *maker) block(depth int) string {
	var b strings.Builder
	for range m.IntN(4) {
		b.WriteString("\n" + m.stmt(depth))
	}
	return b.String() + "\n"
}

// fill replaces what a form leaves open.
func (m *maker) fill(form, typ string, depth int) string {
	chosen := map[string]string{"T": typ, "T0": "T", "A": m.one(ordered), "I": m.one(integers), "V": m.one(values)}
	names, label, around := map[string]string{}, "", m.labels
	defer func() { m.labels = around }()
	return hole.ReplaceAllStringFunc(form, func(h string) string {
		h = h[1:]
		switch {
		case h[0] == '<':
			return m.one(strings.Split(h[1:len(h)-1], "|"))
		case h[0] >= '0' && h[0] <= '9':
			return strconv.Itoa(int(h[0]-'0') + m.IntN(int(h[2]-h[0])+1))
		case h[0] == 'x' && len(h) == 2:
			if names[h] == "" {
				names[h] = m.name("v")
			}
			return names[h]
		}
		switch h {
		case "any":
			return m.expr(m.one(anyType), depth-1)
		case "integer":
			return m.expr(m.one(integers), depth-1)
		case "loop":
			label = m.name("L")
			return label + ":\n"
		case "keep":
			m.labels = append(m.labels, label)
			return fmt.Sprintf("fs = append(fs, func() int { return int(%s) }); if len(fs) > 12 { break %s }", names["x1"], label)
		case "label":
			return m.one(append([]string{""}, m.labels...))
		case "block":
			return m.block(depth - 1)
		case "try":
			names["try"] = m.name("try")
			return names["try"] + ` := func() (a int, err error) {
				defer func() { if r := recover(); r != nil { a, err = a + 100, fmt.Errorf("r %v", r) }; i2 = a }()
				defer func(n int) { a += n }(` + m.expr("int", 1) + `)
				`
		case "yrt":
			return fmt.Sprintf(`; return %s, nil }
				if x, err := %s(); err != nil { s0 = cut(err.Error()); i1 = x } else { i0 = x }`, m.expr("int", 1), names["try"])
		}
		of := func(name string) string {
			if c := chosen[name]; c != "" {
				return c
			}
			return name
		}
		switch {
		case h[0] == '=':
			return m.place(of(h[1:]))
		case strings.HasSuffix(h, "."):
			return m.leaf(of(h[:len(h)-1]))
		case strings.HasSuffix(h, ":"):
			return of(h[:len(h)-1])
		}
		if of(h) == "" || m.grammar["place "+of(h)] == nil {
			panic("the grammar names no " + h)
		}
		return m.expr(of(h), depth-1)
	})
}

// function makes the nth random function.
func (m *maker) function(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "func f%d() {\n%s", n, randomVars)
	for range 4 + m.IntN(6) {
		b.WriteString(m.stmt(3) + "\n")
	}
	b.WriteString(randomEnd + "}")
	src, err := format.Source([]byte(b.String()))
	if err != nil {
		panic(fmt.Sprintf("the grammar makes what is not Go: %v\n%s", err, &b))
	}
	return string(src)
}

// TestRandom compares random functions in cells with the same functions compiled,
// and their bodies at the top of a cell, and with the debugger's hooks: a cell must never give another value
// without an error. More of them:
//
//	go test ./kernel/interp -run TestRandom -random.first 100 -random.seeds 50
func TestRandom(t *testing.T) {
	g := readGrammar(t)
	const functions = 40
	var ps []program
	made, atTop := map[string][]string{}, map[string]program{}
	for i := range *randomSeeds {
		seed := *randomFirst + uint64(i)
		m := &maker{grammar: g, Rand: rand.New(rand.NewPCG(seed, 0))}
		p := program{Group: "random", Name: fmt.Sprint(seed), Cells: []string{randomPrelude}}
		top := program{Cells: []string{randomPrelude}}
		for n := range functions {
			src := m.function(n)
			made[p.Name] = append(made[p.Name], src)
			top.Cells = append(top.Cells, fmt.Sprintf("fmt.Println(\"--%d\")\n%s", n, src[strings.Index(src, "{")+1:len(src)-2]))
		}
		p.Cells = append(p.Cells, made[p.Name]...)
		for n := range functions {
			p.Cells = append(p.Cells, fmt.Sprintf("fmt.Println(\"--%d\"); f%d()", n, n))
		}
		ps, atTop[p.Name] = append(ps, p), top
	}
	want := compiled(t, ps)
	for _, p := range ps {
		compare := func(p program, name string, before func(*interp.Session)) func(t *testing.T) {
			return func(t *testing.T) {
				text, ok := want["random/"+name]
				if !ok {
					t.Fatal("the program is not compared with compiled Go")
				}
				got, errs := runProgramWith(t, p, before)
				if len(errs) > 0 {
					t.Errorf("errors %v", errs)
				}
				w, g := strings.Split(text, "--"), strings.Split(got, "--")
				if len(w) != functions+1 {
					t.Fatalf("compiled Go wrote %d parts: %s", len(w), text)
				}
				for n, src := range made[name] {
					switch {
					case n+1 >= len(g):
						t.Errorf("f%d and the rest wrote nothing", n)
						return
					case w[n+1] != g[n+1]:
						t.Errorf("f%d differs\ngot  %s\nwant %s\n%s", n, g[n+1], w[n+1], src)
					}
				}
			}
		}
		plain := func(*interp.Session) {}
		t.Run(p.Name, compare(p, p.Name, plain))
		t.Run(p.Name+"/top", compare(atTop[p.Name], p.Name, plain))
		t.Run(p.Name+"/traced", compare(p, p.Name, (*interp.Session).Trace))
	}
}
