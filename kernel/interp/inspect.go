package interp

import (
	"context"
	"go/ast"
	"go/doc/comment"
	"go/token"
	"go/types"
	"html"
	"path"
	"strings"

	"divvy/kernel/cell"
)

// Inspect implements cell.Interpreter: it describes the name at the cursor, or
// the function whose arguments are being typed there.
func (s *Session) Inspect(_ context.Context, code string, cursor, detail int) (in cell.Inspection, err error) {
	at := byteOffset(code, cursor)
	if m, ok := inspectMagic(code); ok {
		return m, nil
	}
	err = s.guard(func() error {
		s.engine.mu.Lock()
		defer s.engine.mu.Unlock()
		in = s.engine.inspect(code, at, detail)
		return nil
	})
	return in, err
}

func (s *engine) inspect(code string, at, detail int) cell.Inspection {
	none := cell.Inspection{Bundle: cell.Bundle{Data: map[string]any{}}}
	start := nameAt(code, at)
	if start < 0 {
		return none
	}
	saved := s.cellName
	s.cellName = "cell"
	s.sources["cell"] = code
	ck, _ := s.checkCell(code, true)
	s.cellName = saved
	if ck == nil || ck.syntax == nil || ck.info == nil {
		return none
	}
	var hit *ast.Ident
	visit := func(n ast.Node) bool {
		if x, ok := n.(*ast.Ident); ok && x.NamePos.IsValid() {
			p := s.fset.Position(x.NamePos)
			if cellOf(p.Filename) == "cell" && offsetOf(code, p.Line, p.Column) == start {
				hit = x
			}
		}
		return true
	}
	for _, d := range ck.syntax.decls {
		ast.Inspect(d, visit)
	}
	ast.Inspect(ck.syntax.body, visit)
	var o types.Object
	owner := ""
	if hit != nil {
		if o = ck.info.Uses[hit]; o == nil {
			o = ck.info.Defs[hit]
		}
		owner = ownerOf(ck, hit)
	}
	if o == nil {
		word := wordAt(code, start)
		if o = types.Universe.Lookup(word); o == nil && (start == 0 || code[start-1] != '.') {
			o = s.importable(word)
		}
		if o == nil {
			return none
		}
	}
	return cell.Inspection{Found: true, Bundle: s.describe(o, owner, detail)}
}

// importable is a package that a cell could import by that name, nil if there is
// none: completion offers them.
func (s *engine) importable(name string) types.Object {
	for _, p := range s.lib.Paths() {
		if path.Base(p) != name {
			continue
		}
		if pkg, err := s.lib.Import(p); err == nil {
			return types.NewPkgName(token.NoPos, nil, name, pkg)
		}
	}
	return nil
}

// nameAt finds where the name at an offset starts; within the arguments of a
// call, the function's name. It is -1 when there is none.
func nameAt(code string, at int) int {
	i := at
	if i < len(code) && isIdent(code[i]) || i > 0 && isIdent(code[i-1]) {
		for i > 0 && isIdent(code[i-1]) {
			i--
		}
		if code[i] < '0' || code[i] > '9' {
			return i
		}
	}
	depth := 0
	for i = at; i > 0; i-- {
		switch code[i-1] {
		case ')', ']', '}':
			depth++
		case '[', '{':
			depth--
		case '(':
			if depth--; depth < 0 {
				i--
				for i > 0 && (code[i-1] == ' ' || code[i-1] == '\t') {
					i--
				}
				if i == 0 || !isIdent(code[i-1]) {
					return -1
				}
				for i > 0 && isIdent(code[i-1]) {
					i--
				}
				return i
			}
		}
	}
	return -1
}

func wordAt(code string, start int) string {
	end := start
	for end < len(code) && isIdent(code[end]) {
		end++
	}
	return code[start:end]
}

// ownerOf names the type through which a field or method was selected.
func ownerOf(ck *checked, x *ast.Ident) string {
	for e, s := range ck.info.Selections {
		if e.Sel != x {
			continue
		}
		if f, ok := s.Obj().(*types.Func); ok {
			if r := f.Signature().Recv(); r != nil {
				if n, ok := types.Unalias(deref(r.Type())).(*types.Named); ok {
					return n.Obj().Name()
				}
			}
		}
		t := s.Recv()
		for _, i := range s.Index()[:len(s.Index())-1] {
			t = deref(t).Underlying().(*types.Struct).Field(i).Type()
		}
		if n, ok := types.Unalias(deref(t)).(*types.Named); ok {
			return n.Obj().Name()
		}
	}
	return ""
}

// describe makes the bundle of an object: its declaration and documentation,
// as text, Markdown and HTML.
func (s *engine) describe(o types.Object, owner string, detail int) cell.Bundle {
	decl := types.ObjectString(o, shortQualifier)
	text := ""
	where := ""
	switch {
	case o.Pkg() == nil:
		text = universeDoc[o.Name()]
	case isMain(o):
		d := s.decls[o.Name()]
		if owner != "" {
			d = s.decls[owner+"."+o.Name()]
		}
		switch {
		case d != nil && d.cell != preludeName:
			text, where = docOf(d.node), d.cell
		default:
			text = s.preludeDoc(o)
		}
	default:
		name := o.Name()
		if owner != "" {
			name = owner + "." + name
		}
		text = s.lib.Doc(o.Pkg().Path(), name)
		where = o.Pkg().Path()
	}
	if pn, ok := o.(*types.PkgName); ok {
		decl = "package " + pn.Imported().Name() + ` // import "` + pn.Imported().Path() + `"`
		text, where = s.lib.Doc(pn.Imported().Path(), ""), ""
	}
	if tn, ok := o.(*types.TypeName); ok {
		decl += methodList(tn, detail)
	}
	var p comment.Parser
	doc := p.Parse(text)
	var pr comment.Printer
	plain, md, page := decl, "```go\n"+decl+"\n```", "<pre>"+html.EscapeString(decl)+"</pre>"
	if where != "" {
		plain += "\n(" + where + ")"
		md += "\n*" + where + "*"
		page += "<p><em>" + html.EscapeString(where) + "</em></p>"
	}
	if text != "" {
		plain += "\n\n" + string(pr.Text(doc))
		md += "\n\n" + string(pr.Markdown(doc))
		page += string(pr.HTML(doc))
	}
	return cell.Bundle{Data: map[string]any{"text/plain": plain, "text/markdown": md, "text/html": page}}
}

// methodList lists the exported methods of a type, all of them at detail 1.
func methodList(tn *types.TypeName, detail int) string {
	t := tn.Type()
	if !isInterface(t) {
		t = types.NewPointer(t)
	}
	ms := types.NewMethodSet(t)
	var b strings.Builder
	n := 0
	for i := range ms.Len() {
		f := ms.At(i).Obj()
		if !f.Exported() && !isMain(f) || isInterface(t) {
			continue
		}
		if n++; detail == 0 && n > 12 {
			b.WriteString("\n// and more")
			break
		}
		sig := strings.TrimPrefix(types.TypeString(f.Type(), shortQualifier), "func")
		b.WriteString("\nfunc (" + tn.Name() + ") " + f.Name() + sig)
	}
	return b.String()
}

func docOf(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Doc.Text()
	case *ast.GenDecl:
		text := d.Doc.Text()
		for _, sp := range d.Specs {
			switch sp := sp.(type) {
			case *ast.TypeSpec:
				text += sp.Doc.Text()
			case *ast.ValueSpec:
				text += sp.Doc.Text()
			}
		}
		return text
	}
	return ""
}

// universeDoc documents what every Go program has.
var universeDoc = map[string]string{
	"append":  "append adds elements to the end of a slice and returns the slice, whose array may be new.",
	"cap":     "cap returns the capacity of a slice, array or channel.",
	"clear":   "clear deletes all entries of a map, or sets all elements of a slice to zero.",
	"close":   "close closes a channel: receivers get zero values once it is drained.",
	"complex": "complex makes a complex number of its real and imaginary part.",
	"copy":    "copy copies elements between slices and returns how many.",
	"delete":  "delete removes an entry of a map.",
	"error":   "error is the interface of errors; nil means none.",
	"imag":    "imag returns the imaginary part of a complex number.",
	"len":     "len returns the length of a string, slice, array, map or channel.",
	"make":    "make makes a slice, map or channel.",
	"max":     "max returns the largest of its arguments.",
	"min":     "min returns the smallest of its arguments.",
	"new":     "new makes a variable, of a type or with a value, and returns its address.",
	"panic":   "panic ends the function, running what is deferred; so do its callers, until one recovers.",
	"print":   "print writes its arguments to standard error.",
	"println": "println writes its arguments to standard error, with spaces between and a line break after.",
	"real":    "real returns the real part of a complex number.",
	"recover": "recover stops a panic, when called by a deferred function, and returns its value.",
}
