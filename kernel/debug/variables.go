package debug

import (
	"fmt"

	"github.com/google/go-dap"
)

// bucket is how many elements are listed at once to a front end that does not
// ask for portions: more are grouped.
const bucket = 100

// references are the numbers by which front ends name what can be expanded.
// They hold until the program goes on.
type references struct {
	last int // never used again, so that an old number is known for one
	byID map[int]Children
}

func (r *references) clear() { r.byID = nil }

func (r *references) add(c Children) int {
	if r.byID == nil {
		r.byID = map[int]Children{}
	}
	r.last++
	r.byID[r.last] = c
	return r.last
}

// list is Children that are there already.
type list struct{ vars []Variable }

func (l list) Len() int      { return len(l.vars) }
func (l list) Indexed() bool { return false }
func (l list) Slice(start, n int) []Variable {
	return l.vars[start:min(len(l.vars), start+n)]
}

// buckets groups the elements of a long value.
type buckets struct {
	of    Children
	start int
	n     int
}

// size is how many elements one group has: as many as keep the groups few.
func (b buckets) size() int {
	size := bucket
	for b.n > size*bucket {
		size *= bucket
	}
	return size
}

func (b buckets) Len() int      { return (b.n + b.size() - 1) / b.size() }
func (b buckets) Indexed() bool { return false }

func (b buckets) Slice(start, n int) []Variable {
	var out []Variable
	size := b.size()
	for i := start; i < min(b.Len(), start+n); i++ {
		from, to := b.start+i*size, b.start+min(b.n, (i+1)*size)
		out = append(out, Variable{Name: fmt.Sprintf("[%d:%d]", from, to), Children: portion{b.of, from, to - from}})
	}
	return out
}

// portion is a part of the elements of a value.
type portion struct {
	of       Children
	start, n int
}

func (p portion) Len() int      { return p.n }
func (p portion) Indexed() bool { return false }
func (p portion) Slice(start, n int) []Variable {
	if p.n > bucket {
		return buckets{p.of, p.start, p.n}.Slice(start, n)
	}
	return p.of.Slice(p.start+start, min(n, p.n-start))
}

// short cuts a text to what fits beside a name.
func short(text string) string {
	const fits = 80
	if r := []rune(text); len(r) > fits {
		return string(r[:fits]) + "…"
	}
	return text
}

// variable makes what a front end is shown of a variable.
func (a *Adapter) variable(v Variable) dap.Variable {
	out := dap.Variable{Name: v.Name, Value: v.Value, Type: v.Type, EvaluateName: v.Expr}
	if a.lab && v.Value != "" && v.Type != "int" && v.Type != "bool" {
		// Its tree shows the type alone of all that is none of Python's.
		out.Type = v.Type + " = " + short(v.Value)
	}
	if v.Children == nil || v.Children.Len() == 0 {
		return out
	}
	a.mu.Lock()
	out.VariablesReference = a.refs.add(v.Children)
	a.mu.Unlock()
	if n := v.Children.Len(); v.Children.Indexed() {
		out.IndexedVariables = n
	} else {
		out.NamedVariables = n
	}
	return out
}

func (a *Adapter) variablesOf(vs []Variable) []dap.Variable {
	out := make([]dap.Variable, 0, len(vs))
	for _, v := range vs {
		out = append(out, a.variable(v))
	}
	return out
}

func (a *Adapter) scopes(frame int) (any, error) {
	fr, err := a.frame(frame)
	if err != nil {
		return nil, err
	}
	if fr == nil {
		return nil, errRunning
	}
	locals, globals := a.program.Locals(fr), a.program.Globals()
	a.mu.Lock()
	defer a.mu.Unlock()
	return dap.ScopesResponseBody{Scopes: []dap.Scope{
		{Name: "Locals", PresentationHint: "locals", VariablesReference: a.refs.add(list{locals}), NamedVariables: len(locals)},
		{Name: "Globals", VariablesReference: a.refs.add(list{globals}), NamedVariables: len(globals)},
	}}, nil
}

func (a *Adapter) variables(args dap.VariablesArguments) (any, error) {
	a.mu.Lock()
	c, ok := a.refs.byID[args.VariablesReference]
	a.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("the variable %d is not known any more", args.VariablesReference)
	}
	if !a.atRest() {
		return nil, errRunning
	}
	body := variablesBody{[]dap.Variable{}}
	n := c.Len()
	switch {
	case args.Filter == "named" && c.Indexed() || args.Filter == "indexed" && !c.Indexed():
	case args.Count > 0 || args.Start > 0:
		start := max(0, min(args.Start, n))
		count := n - start
		if args.Count > 0 {
			count = min(count, args.Count)
		}
		body.Variables = a.variablesOf(c.Slice(start, count))
	case n > bucket && c.Indexed():
		g := buckets{of: c, n: n}
		body.Variables = a.variablesOf(g.Slice(0, g.Len()))
	default:
		body.Variables = a.variablesOf(c.Slice(0, n))
	}
	return body, nil
}

// inspectVariables lists the variables of the session. While a cell runs, they
// are those of when it began: what runs must not be looked at.
func (a *Adapter) inspectVariables() any {
	if a.atRest() {
		if a.tracer.stopped() == 0 {
			a.mu.Lock()
			a.refs.clear() // nothing else is shown now
			a.mu.Unlock()
		}
		a.listed = a.variablesOf(a.program.Globals())
	}
	if a.listed == nil {
		a.listed = []dap.Variable{}
	}
	return variablesBody{a.listed}
}
