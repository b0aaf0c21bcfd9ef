package interp

import (
	"go/ast"
	"go/scanner"
	"go/token"
	"go/types"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// completeColumn lists the columns of the table that a string is being typed for:
// an argument of one of its methods, of a function that is given it, or of a call
// within these, as in t.GroupBy("a").Agg(arrowio.Mean("b")). A table is what has a
// method Columns() []string. ok is false where no table is meant. The names are
// those of the variable from which the expression starts, as it is now: there are
// none while a cell runs, and before a cell has made it.
func (s *Session) completeColumn(code string, at int) (c cell.Completion, ok bool, err error) {
	typed, ok := openString(code[:at])
	if !ok {
		return c, false, nil
	}
	err = s.beside(func(free bool) {
		var use columnUse
		if use, ok = s.engine.columnUse(code, at, typed); !ok {
			return
		}
		prefix := use.prefix(typed)
		end := utf8.RuneCountInString(code[:at])
		c.Start, c.End = end-utf8.RuneCountInString(prefix), end
		if free && use.variable != "" {
			c.Matches = use.matches(s.engine.columns(use.variable), prefix)
		}
	})
	return c, ok, err
}

// beside runs f with the engine's lock, also while a cell runs: then free is false,
// and the variables' values are not to be read.
func (s *Session) beside(f func(free bool)) error {
	return s.guard(func() error {
		free := s.mu.TryLock()
		if free {
			defer s.mu.Unlock()
		}
		s.engine.mu.Lock()
		defer s.engine.mu.Unlock()
		f(free)
		return nil
	})
}

// columnUse is what a string is that names columns.
type columnUse struct {
	variable   string // that holds the table, "" when none does
	expression bool   // the string is an expression with columns in it
	quote      byte   // of the string
}

// columnUse tells what the string is for that begins before at.
func (s *engine) columnUse(code string, at int, typed string) (use columnUse, ok bool) {
	start := at - len(typed) - 1
	saved := s.cellName
	s.cellName = "cell"
	ck, _ := s.checkCell(code[:start]+placeholder+code[endOfString(code, start, at):], true)
	s.cellName = saved
	if ck == nil || ck.syntax == nil || ck.info == nil {
		return use, false
	}
	use.quote = code[start]
	innermost := true
	for _, n := range slices.Backward(findPlaceholder(ck.syntax).around) {
		call, isCall := n.(*ast.CallExpr)
		if !isCall {
			if _, other := n.(*ast.FuncLit); other {
				break // another piece of program
			}
			continue
		}
		f, _ := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if innermost && f != nil {
			if file.MatchString(f.Sel.Name) {
				return use, false
			}
			use.expression = expression.MatchString(f.Sel.Name)
		}
		innermost = false
		among := call.Args
		if f != nil {
			among = append([]ast.Expr{f.X}, among...)
		}
		for _, x := range among {
			if use.variable, ok = tableIn(x, ck.info); ok {
				if s.vars[use.variable] == nil || slices.Contains(ck.defs, use.variable) {
					use.variable = "" // not this one's value
				}
				return use, true
			}
		}
	}
	return use, false
}

// The methods whose strings are names of files, and those whose strings are
// expressions.
var (
	file       = regexp.MustCompile(`^(Write|Save|Read|Open|Load)`)
	expression = regexp.MustCompile(`^(Filter|WithColumn|SQL)$`)
)

// endOfString is where the string ends that begins at start, or at where it is not
// closed.
func endOfString(code string, start, at int) int {
	var s scanner.Scanner
	f := token.NewFileSet().AddFile("", -1, len(code)-start)
	s.Init(f, []byte(code[start:]), func(token.Position, string) {}, 0)
	if _, tok, lit := s.Scan(); tok == token.STRING && len(lit) > 1 && lit[len(lit)-1] == lit[0] {
		return start + len(lit)
	}
	return at
}

// tableIn looks for a table along what a chain of calls begins with, and for the
// variable that is one.
func tableIn(x ast.Expr, info *types.Info) (variable string, found bool) {
	for {
		if isTable(info.TypeOf(x)) {
			found = true
		}
		switch e := x.(type) {
		case *ast.ParenExpr:
			x = e.X
		case *ast.SelectorExpr:
			x = e.X
		case *ast.IndexExpr:
			x = e.X
		case *ast.CallExpr:
			if f, ok := e.Fun.(*ast.Ident); ok && len(e.Args) == 1 && f.Name == "must" {
				x = e.Args[0]
			} else {
				x = e.Fun
			}
		case *ast.Ident:
			if isTable(info.TypeOf(e)) {
				return e.Name, true
			}
			return "", found
		default:
			return "", found
		}
	}
}

// isTable tells whether a type has a method Columns() []string.
func isTable(t types.Type) bool {
	if t == nil {
		return false
	}
	o, _, _ := types.LookupFieldOrMethod(t, true, nil, "Columns")
	f, ok := o.(*types.Func)
	if !ok {
		return false
	}
	sig := f.Signature()
	return sig.Params().Len() == 0 && sig.Results().Len() == 1 && types.Identical(sig.Results().At(0).Type(), types.NewSlice(types.Typ[types.String]))
}

// columns are the columns of the table that a variable holds, with their types
// where the table tells them.
func (s *engine) columns(variable string) (list []cell.Match) {
	v := s.value(variable)
	if !v.IsValid() || !v.CanInterface() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	t, ok := v.Interface().(interface{ Columns() []string })
	if !ok {
		return nil
	}
	var kinds []string
	if typed, ok := t.(interface{ Types() []string }); ok {
		kinds = typed.Types()
	}
	for i, name := range t.Columns() {
		m := cell.Match{Text: name, Kind: "field"}
		if i < len(kinds) {
			m.Signature = kinds[i]
		}
		list = append(list, m)
	}
	return list
}

// value is what a variable holds while no cell runs, not valid where that cannot be
// had.
func (s *engine) value(variable string) reflect.Value {
	v, err := s.yaegi.Eval("&" + s.vars[variable].iname)
	s.keep.forget(nil)
	if err != nil || v.Kind() != reflect.Pointer || v.IsNil() {
		return reflect.Value{}
	}
	return v.Elem()
}

// prefix is the piece of what is typed that a name could go on from: the last word
// of an expression, else all but the sign of a descending order.
func (u columnUse) prefix(typed string) string {
	switch {
	case u.expression && strings.Count(typed, "`")%2 == 1:
		return typed[strings.LastIndexByte(typed, '`'):]
	case u.expression:
		return lastWord.FindString(typed)
	}
	return strings.TrimPrefix(typed, "-")
}

var (
	lastWord  = regexp.MustCompile(`[\pL_][\pL\pN_]*$|$`)
	plainWord = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)
)

// matches are the columns that begin with prefix, as they are to be written.
func (u columnUse) matches(columns []cell.Match, prefix string) (list []cell.Match) {
	begins := strings.ToLower(strings.Trim(prefix, "`"))
	for _, m := range columns {
		if !strings.HasPrefix(strings.ToLower(m.Text), begins) || strings.ContainsAny(m.Text, "\\\n"+string(u.quote)) {
			continue
		}
		if u.expression && (!plainWord.MatchString(m.Text) || strings.HasPrefix(prefix, "`")) {
			if u.quote == '`' || strings.Contains(m.Text, "`") {
				continue
			}
			m.Text = "`" + m.Text + "`"
		}
		list = append(list, m)
	}
	return list
}

// completeString completes what is typed in a string: the path of an import, a
// column of a table, or a file. ok is false outside of strings.
func (s *Session) completeString(code string, at int) (c cell.Completion, ok bool, err error) {
	if _, ok := importPrefix(code[:at]); ok {
		return c, false, nil
	}
	if c, ok, err = s.completeColumn(code, at); ok || err != nil {
		return c, ok, err
	}
	c, ok = completeFile(code, at)
	return c, ok, nil
}
