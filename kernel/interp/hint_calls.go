package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// callHint is a way out of an error about a call, its results or the types of
// operands, or "".
func (s *engine) callHint(e types.Error, pkg *types.Package, cell *ast.File, info *types.Info) string {
	at := func(n ast.Node) bool { return n.Pos() == e.Pos }
	switch {
	case strings.HasPrefix(e.Msg, "multiple-value "), strings.HasPrefix(e.Msg, "too many arguments in call to "),
		strings.HasPrefix(e.Msg, "assignment mismatch: 1 variable but "):
		c, _ := findNode(cell, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			return ok && at(n) && fails(info.TypeOf(c))
		}).(*ast.CallExpr)
		if c == nil {
			break
		}
		if !s.builtinMust(pkg, info) {
			return "; it returns an error, too, that has to be taken"
		}
		return "; it returns an error, too: must(" + types.ExprString(c) + ") gives the value, or ends the cell with the error"
	case strings.HasPrefix(e.Msg, "not enough arguments in call to "):
		c, _ := findNode(cell, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			return ok && (c.Rparen == e.Pos || at(n))
		}).(*ast.CallExpr)
		if c == nil {
			break
		}
		if f, ok := c.Fun.(*ast.Ident); ok && f.Name == "must" && len(c.Args) == 1 && s.builtinMust(pkg, info) {
			return "; " + types.ExprString(c.Args[0]) + " returns no error: it needs no must"
		}
		return declared(c, pkg, info)
	case strings.Contains(e.Msg, "(mismatched types "):
		b, _ := findNode(cell, func(n ast.Node) bool {
			b, ok := n.(*ast.BinaryExpr)
			return ok && (at(n) || b.OpPos == e.Pos)
		}).(*ast.BinaryExpr)
		if b != nil {
			return converted(b, pkg, info)
		}
	case strings.Contains(e.Msg, " (untyped float constant) truncated to "):
		b, _ := findNode(cell, func(n ast.Node) bool {
			b, ok := n.(*ast.BinaryExpr)
			return ok && (at(b.X) || at(b.Y))
		}).(*ast.BinaryExpr)
		if b != nil {
			whole := b.X
			if at(b.X) {
				whole = b.Y
			}
			return fmt.Sprintf("; Go converts no number by itself: float64(%s)", types.ExprString(ast.Unparen(whole)))
		}
	case e.Msg == "non-boolean condition in if statement", strings.HasPrefix(e.Msg, "non-boolean condition in "):
		x, _ := findNode(cell, func(n ast.Node) bool {
			x, ok := n.(ast.Expr)
			return ok && at(n) && info.TypeOf(x) != nil
		}).(ast.Expr)
		if x != nil {
			return asked(x, info.TypeOf(x))
		}
	case strings.HasPrefix(e.Msg, "invalid operation: cannot indirect "):
		if findNode(cell, func(n ast.Node) bool {
			b, ok := n.(*ast.BinaryExpr)
			star, _ := ast.Unparen(exprOr(b, ok)).(*ast.StarExpr)
			return star != nil && b.Op == token.MUL && star.X.Pos() == e.Pos
		}) != nil {
			return "; a power is math.Pow(x, y)"
		}
	case strings.HasPrefix(e.Msg, "cannot use "):
		return s.argument(e, pkg, cell, info)
	case strings.HasPrefix(e.Msg, "cannot range over "), strings.HasPrefix(e.Msg, "cannot index "), strings.HasPrefix(e.Msg, "cannot slice "),
		strings.HasSuffix(e.Msg, " for built-in len"):
		x, _ := findNode(cell, func(n ast.Node) bool {
			x, ok := n.(ast.Expr)
			if !ok || !at(n) {
				return false
			}
			t := info.TypeOf(x)
			return uncalled(x, t) != "" || len(members(t, pkg)) > 0
		}).(ast.Expr)
		if x != nil {
			return container(e, x, info.TypeOf(x), pkg)
		}
	}
	return ""
}

// argument is a way out where a value is not of the type that is wanted: a function
// that was not called, ctx that was left out, or what gives such values.
func (s *engine) argument(e types.Error, pkg *types.Package, cell *ast.File, info *types.Info) string {
	x, _ := findNode(cell, func(n ast.Node) bool {
		x, ok := n.(ast.Expr)
		return ok && n.Pos() == e.Pos && strings.HasPrefix(e.Msg, "cannot use "+types.ExprString(x)+" (")
	}).(ast.Expr)
	if x == nil {
		return ""
	}
	if uncalled(x, info.TypeOf(x)) != "" && !strings.Contains(e.Msg, " as func") {
		return "; it is a function: " + uncalled(x, info.TypeOf(x)) + " calls it"
	}
	place := 0
	c, _ := findNode(cell, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if ok {
			place = slices.Index(c.Args, x)
		}
		return ok && place >= 0
	}).(*ast.CallExpr)
	if c == nil {
		return ""
	}
	sig, ok := info.TypeOf(c.Fun).(*types.Signature)
	if !ok || place >= sig.Params().Len() {
		return ""
	}
	want := sig.Params().At(place).Type()
	if isContext(want) {
		return "; ctx, which every cell has, comes first"
	}
	if own := ownGiver(x, info.TypeOf(x), want); own != "" {
		return "; " + own + " gives one"
	}
	return s.givers(want, pkg)
}

// asked is how a value that is no Boolean is asked about.
func asked(x ast.Expr, t types.Type) string {
	text := types.ExprString(x)
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Info()&types.IsNumeric != 0 {
			return "; a condition is true or false: " + text + " != 0"
		}
		if u.Info()&types.IsString != 0 {
			return "; a condition is true or false: " + text + ` != ""`
		}
	case *types.Slice, *types.Map:
		return "; a condition is true or false: len(" + text + ") > 0"
	case *types.Pointer, *types.Interface:
		return "; a condition is true or false: " + text + " != nil"
	}
	return ""
}

// findNode is the first node for which ok is true, the outermost where several
// begin at one place.
func findNode(cell *ast.File, ok func(ast.Node) bool) (found ast.Node) {
	ast.Inspect(cell, func(n ast.Node) bool {
		if n != nil && found == nil && ok(n) {
			found = n
		}
		return found == nil
	})
	return found
}

// fails tells whether a call's results are a value and an error.
func fails(t types.Type) bool {
	tup, ok := t.(*types.Tuple)
	return ok && tup.Len() == 2 && types.Identical(tup.At(1).Type(), types.Universe.Lookup("error").Type())
}

// builtinMust tells whether must is the one that every cell has.
func (s *engine) builtinMust(pkg *types.Package, info *types.Info) bool {
	if o := pkg.Scope().Lookup("must"); o != nil && !s.inPrelude(o.Pos()) {
		return false
	}
	for id := range info.Defs {
		if id.Name == "must" && !s.inPrelude(id.Pos()) {
			return false
		}
	}
	return true
}

// declared shows how the function of a call is declared, with the names of its
// parameters, and tells of ctx where that was left out.
func declared(c *ast.CallExpr, pkg *types.Package, info *types.Info) string {
	sig, ok := info.TypeOf(c.Fun).(*types.Signature)
	if !ok {
		return ""
	}
	name := types.ExprString(c.Fun)
	if x, ok := ast.Unparen(c.Fun).(*ast.SelectorExpr); ok {
		name = x.Sel.Name
	}
	text := types.TypeString(sig, func(p *types.Package) string {
		if p == pkg {
			return ""
		}
		return p.Name()
	})
	hint := "\n\tit is " + name + strings.TrimPrefix(text, "func")
	if p := sig.Params(); p.Len() > 0 && isContext(p.At(0).Type()) && (len(c.Args) == 0 || !isContext(info.TypeOf(c.Args[0]))) {
		hint += "; ctx, which every cell has, comes first"
	}
	return hint
}

func isContext(t types.Type) bool {
	n, ok := t.(*types.Named)
	return ok && n.Obj().Name() == "Context" && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "context"
}

// converted shows how the operands of two types come to one: a number that is
// whole to one that is not, any to a type with a name of its own.
func converted(b *ast.BinaryExpr, pkg *types.Package, info *types.Info) string {
	x, y := info.TypeOf(b.X), info.TypeOf(b.Y)
	if x != nil && y != nil && b.Op == token.ADD && (isText(x) && isNumber(y) || isNumber(x) && isText(y)) {
		return fmt.Sprintf("; fmt.Sprint(%s, %s) is the text of both", types.ExprString(b.X), types.ExprString(b.Y))
	}
	if x == nil || y == nil || !numeric(x) || !numeric(y) {
		return ""
	}
	from, to := b.X, y
	switch _, named := x.(*types.Named); {
	case named, !isFloat(y) && isFloat(x):
		from, to = b.Y, x
	case isFloat(y) && !isFloat(x):
	case isNamed(y):
	default: // of two that differ in size, the second as the first
		from, to = b.Y, x
	}
	name := types.TypeString(to, func(p *types.Package) string {
		if p == pkg {
			return ""
		}
		return p.Name()
	})
	return fmt.Sprintf("; Go converts no number by itself: %s(%s)", name, types.ExprString(ast.Unparen(from)))
}

func isNamed(t types.Type) bool { _, ok := t.(*types.Named); return ok }

func numeric(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsNumeric != 0 && b.Info()&types.IsUntyped == 0
}

// exprOr is the right side of an operation, if it is one.
func exprOr(b *ast.BinaryExpr, ok bool) ast.Expr {
	if !ok {
		return nil
	}
	return b.Y
}

func isText(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

func isNumber(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsNumeric != 0
}

func isFloat(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsFloat != 0
}

// listed says which names there are, where none is near to what was written.
func listed(of string, names []string) string {
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(n string) bool { return strings.HasPrefix(n, "MIME") }) // which display calls
	if len(names) == 0 {
		return ""
	}
	const width = 240
	text := "; " + of + " has "
	for i, n := range names {
		if i > 0 {
			text += ", "
		}
		if len(text) > width {
			return text + "…"
		}
		text += n
	}
	return text
}

// assigned tells whether an error is about a name that an assignment sets.
func assigned(cell *ast.File, e types.Error) bool {
	return findNode(cell, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		return ok && a.Tok == token.ASSIGN && slices.ContainsFunc(a.Lhs, func(x ast.Expr) bool {
			id, ok := x.(*ast.Ident)
			return ok && id.Pos() == e.Pos
		})
	}) != nil
}
