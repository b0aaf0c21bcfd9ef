package notebook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Tags of papermill's convention: the values of a cell tagged "parameters" are
// overridden by a cell tagged "injected-parameters", placed after it.
const (
	tagParameters = "parameters"
	tagInjected   = "injected-parameters"
)

// Parameter is a value for a notebook's parameter.
type Parameter struct{ Name, Value string }

// ParseParameter reads "name=value".
func ParseParameter(s string) (Parameter, error) {
	name, value, ok := strings.Cut(s, "=")
	if name = strings.TrimSpace(name); !ok || !token.IsIdentifier(name) {
		return Parameter{}, fmt.Errorf("parameter %q is not of the form name=value, with a Go identifier for a name", s)
	}
	return Parameter{Name: name, Value: value}, nil
}

// Inject adds a cell that sets the parameters, after the cell tagged
// "parameters" or, without one, after the first that declares one of them, else
// before all others. An injected cell of an earlier run is replaced. What is most
// likely not meant is noted: a name that the notebook does not have.
//
// What the tagged cell declares keeps its kind: a variable is assigned to, so
// that p := 0.5 stays a float64 when 2 is given, a constant is declared anew,
// and what was a string is quoted. A value for a name that the cell does not
// declare is taken as Go source when it is a literal, else as a string.
func (nb *Notebook) Inject(parameters []Parameter) (notes []string, err error) {
	if len(parameters) == 0 {
		return nil, nil
	}
	nb.Cells = slices.DeleteFunc(nb.Cells, func(c *Cell) bool { return c.tagged(tagInjected) })
	at, declared := nb.parametersCell(parameters)
	var b strings.Builder
	b.WriteString("// Parameters\n")
	for _, p := range parameters {
		d := declared[p.Name]
		switch {
		case at < 0:
			notes = append(notes, fmt.Sprintf("no cell is tagged parameters, and none declares %s; it is set before the first cell", p.Name))
		case !d.found:
			notes = append(notes, fmt.Sprintf("parameter %s is not among those that the notebook declares (%s); it is set all the same",
				p.Name, strings.Join(slices.Sorted(maps.Keys(declared)), ", ")))
		}
		line, err := statement(p, d)
		if err != nil {
			return nil, err
		}
		b.WriteString(line + "\n")
	}
	if _, main := declared["main"]; main {
		return nil, fmt.Errorf("parameter %s: the program's main would have run before it is set; declare it in a cell before, below a line // %%%% parameters", parameters[0].Name)
	}
	source := strings.TrimSuffix(b.String(), "\n")
	id := ""
	if nb.hasIDs() {
		sum := sha256.Sum256([]byte(source)) // the same parameters give the same bytes
		id = hex.EncodeToString(sum[:4])
	}
	c := newCell("code", id, source)
	object(c.fields, "metadata")["tags"] = []any{tagInjected}
	nb.Cells = slices.Insert(nb.Cells, at+1, c)
	return notes, nil
}

// parametersCell finds the cell that declares the parameters, and what it declares;
// its place is -1 when there is none.
func (nb *Notebook) parametersCell(parameters []Parameter) (at int, declared map[string]declaration) {
	at = -1
	for i, c := range nb.Cells {
		if c.Type() != "code" {
			continue
		}
		here := declarations(c.Source())
		if c.tagged(tagParameters) {
			return i, here
		}
		if at < 0 && slices.ContainsFunc(parameters, func(p Parameter) bool { return here[p.Name].found }) {
			at, declared = i, here
		}
	}
	return at, declared
}

// declaration is what a cell declares of a name.
type declaration struct {
	found    bool
	constant bool
	text     bool // a string
	basic    bool // a number or a boolean
}

// declarations finds the variables and constants that a cell declares outside its
// functions, and func main. A cell
// that does not parse declares nothing; running it will say why.
func declarations(source string) map[string]declaration {
	found := map[string]declaration{}
	note := func(name *ast.Ident, d declaration) { d.found = true; found[name.Name] = d }
	fset := token.NewFileSet()
	// A cell of statements, or of declarations.
	f, err := parser.ParseFile(fset, "", "package p; func _() {\n"+source+"\n}", parser.SkipObjectResolution)
	if err != nil {
		if f, err = parser.ParseFile(fset, "", "package p\n"+source, parser.SkipObjectResolution); err != nil {
			return found
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.ForStmt, *ast.RangeStmt, *ast.IfStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			return false
		case *ast.FuncDecl:
			if n.Name.Name == "main" {
				note(n.Name, declaration{})
			}
			return n.Name.Name == "_" // what the statements were put into
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if id, ok := l.(*ast.Ident); ok && n.Tok == token.DEFINE && len(n.Rhs) == len(n.Lhs) {
					note(id, kindOf(nil, n.Rhs[i]))
				}
			}
		case *ast.GenDecl:
			for _, s := range n.Specs {
				vs, ok := s.(*ast.ValueSpec)
				if !ok {
					continue
				}
				for i, id := range vs.Names {
					var value ast.Expr
					if i < len(vs.Values) {
						value = vs.Values[i]
					}
					d := kindOf(vs.Type, value)
					d.constant = n.Tok == token.CONST
					note(id, d)
				}
			}
		}
		return true
	})
	return found
}

// kindOf tells what can be told of a declaration from its syntax.
func kindOf(typ, value ast.Expr) declaration {
	if id, ok := typ.(*ast.Ident); ok {
		_, number := strings.CutPrefix(strings.TrimPrefix(id.Name, "u"), "int")
		return declaration{
			text:  id.Name == "string",
			basic: number || id.Name == "bool" || strings.HasPrefix(id.Name, "float"),
		}
	}
	if typ != nil {
		return declaration{}
	}
	switch v := value.(type) {
	case *ast.BasicLit:
		return declaration{text: v.Kind == token.STRING, basic: v.Kind == token.INT || v.Kind == token.FLOAT}
	case *ast.UnaryExpr:
		return kindOf(nil, v.X)
	case *ast.Ident:
		return declaration{basic: v.Name == "true" || v.Name == "false"}
	}
	return declaration{}
}

// statement is the line that sets a parameter.
func statement(p Parameter, d declaration) (string, error) {
	value := p.Value
	expr, err := parser.ParseExpr(value)
	switch {
	case d.text:
		if lit, ok := expr.(*ast.BasicLit); err != nil || !ok || lit.Kind != token.STRING {
			value = strconv.Quote(value)
		}
	case d.basic:
		if err != nil || !literal(expr) {
			return "", fmt.Errorf("parameter %s is a number or a boolean, %q is neither", p.Name, p.Value)
		}
	case d.found:
		if err != nil {
			return "", fmt.Errorf("parameter %s: %q is no Go expression: %w", p.Name, p.Value, err)
		}
	case err != nil || !literal(expr):
		value = strconv.Quote(value)
	}
	switch {
	case d.constant:
		return "const " + p.Name + " = " + value, nil
	case d.found:
		return p.Name + " = " + value, nil
	}
	return p.Name + " := " + value, nil
}

// literal tells an expression that stands for itself: a literal, with a sign or
// without, true or false, or a composite literal.
func literal(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit, *ast.CompositeLit:
		return true
	case *ast.UnaryExpr:
		_, ok := e.X.(*ast.BasicLit)
		return ok && (e.Op == token.SUB || e.Op == token.ADD)
	case *ast.Ident:
		return e.Name == "true" || e.Name == "false"
	}
	return false
}
