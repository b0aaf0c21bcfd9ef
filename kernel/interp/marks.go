package interp

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// A trace of a panic comes from what yaegi writes as it unwinds: for each
// frame the place where its function starts. The line within is told by a
// mark, a variable that statements set which may panic. A function with only
// one such line needs none.

// span is a function of a cell: where it is, and what line it is at.
type span struct {
	name       string
	file       string
	start, end site // the cells of a script are of one file, each with its own lines
	line       int  // the only line that can panic, or 0
	mark       *int
}

// site is a line and a column in bytes, both from 1.
type site struct{ line, column int }

func siteOf(p token.Position) site { return site{p.Line, p.Column} }

func (p site) compare(q site) int {
	return cmp.Or(cmp.Compare(p.line, q.line), cmp.Compare(p.column, q.column))
}

// spans are the functions of all cells, by cell.
type spans struct {
	mu     sync.Mutex
	byFile map[string][]*span
	list   []*span
	cells  map[string]*span // by the function that runs the cell
}

func (s *spans) add(sp *span) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byFile == nil {
		s.byFile = map[string][]*span{}
	}
	s.byFile[sp.file] = append(s.byFile[sp.file], sp)
	s.list = append(s.list, sp)
	return len(s.list) - 1
}

// addCell tells which function runs a cell.
func (s *spans) addCell(fn string, i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cells = map[string]*span{fn: s.list[i]} // an earlier cell does not run again
}

func (s *spans) setMark(i int, p *int) {
	s.mu.Lock()
	s.list[i].mark = p
	s.mu.Unlock()
}

// frame is one line of a trace.
type frame struct {
	fn, file string
	line     int
	start    site // of the function's body
	made     bool // of a literal that is not in the cell, such as a loop's body
}

// frame is the function at the line that it has come to.
func (sp *span) frame() frame {
	f := frame{fn: sp.name, file: sp.file, line: sp.line, start: sp.start}
	if sp.mark != nil {
		f.line = *sp.mark
	}
	return f
}

// again reports whether g is another call of f's function.
func (f frame) again(g frame) bool {
	return f.fn == g.fn && f.file == g.file && f.line == g.line && f.start == g.start
}

var traceLine = regexp.MustCompile(`^(?:.*/)?([^/]+)/_\.go:(\d+):(\d+): panic: main\.([^.(]*)((?:\.func)*)\(`)

// cellLine is the frame of a cell itself.
var cellLine = regexp.MustCompile(`panic: main\.(cell__\d+)\(`)

// frameOf reads a line that yaegi writes.
func (s *spans) frameOf(text string) (frame, bool) {
	if m := cellLine.FindStringSubmatch(text); m != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if sp := s.cells[m[1]]; sp != nil {
			return sp.frame(), true
		}
		return frame{}, false
	}
	m := traceLine.FindStringSubmatch(text)
	if m == nil {
		return frame{}, false
	}
	line, _ := strconv.Atoi(m[2])
	col, _ := strconv.Atoi(m[3])
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, nested := s.around(m[1], site{line, col})
	if sp == nil {
		return frame{}, false
	}
	if strings.HasPrefix(m[4], "cell__") {
		nested++
	}
	f := sp.frame()
	f.made = strings.Count(m[5], ".func") > nested
	return f, true
}

// around finds the innermost function around a place, nil if there is none, and
// how many are around that one.
func (s *spans) around(file string, at site) (best *span, nested int) {
	starts := map[site]bool{}
	for _, sp := range s.byFile[file] {
		if sp.start.compare(at) > 0 || at.compare(sp.end) > 0 {
			continue
		}
		if sp.name != "" { // not the cell itself
			starts[sp.start] = true
		}
		if best == nil || best.start.compare(sp.start) <= 0 {
			best = sp
		}
	}
	return best, len(starts) - 1
}

// exact is frames with the place of the panic, which is known better than
// frames say: the innermost of them may be missing.
func (s *spans) exact(frames []frame, at string) []frame {
	parts := strings.Split(at, ":")
	if len(parts) != 3 {
		return frames
	}
	line, _ := strconv.Atoi(parts[1])
	col, _ := strconv.Atoi(parts[2])
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, _ := s.around(parts[0], site{line, col})
	if sp == nil {
		return frames
	}
	f := sp.frame()
	f.line = line
	if len(frames) > 0 && frames[0].file == f.file && frames[0].start == f.start {
		frames[0].line = line
		return frames
	}
	return append([]frame{f}, frames...)
}

// offsetOf is the byte offset of a line and column, both from 1.
func offsetOf(src string, line, col int) int {
	off := 0
	for range line - 1 {
		i := strings.IndexByte(src[off:], '\n')
		if i < 0 {
			return len(src)
		}
		off += i + 1
	}
	return off + col - 1
}

// marked lowers the body of a function with marks.
func (l *lowerer) marked(name string, body *ast.BlockStmt, lower func() *ast.BlockStmt) *ast.BlockStmt {
	if body == nil || !body.Lbrace.IsValid() {
		return lower()
	}
	start := l.s.fset.Position(body.Lbrace)
	file := cellOf(start.Filename)
	if l.s.sources[file] == "" {
		return lower()
	}
	sp := &span{name: name, file: file, start: siteOf(start), end: siteOf(l.s.fset.Position(body.Rbrace))}
	lines := map[int]bool{}
	for _, s := range body.List {
		l.panicLines(s, lines)
	}
	saved := l.fn.mark
	defer func() { l.fn.mark = saved }()
	key := fmt.Sprintf("span:%s:%d:%d", file, sp.start.line, sp.start.column)
	if n, ok := l.s.inst[key]; ok { // another instance of a generic function
		l.fn.mark = n
		return lower()
	}
	if len(lines) <= 1 {
		for n := range lines {
			sp.line = n
		}
		l.s.rt.spans.add(sp)
		return lower()
	}
	l.fn.mark = l.fresh("at")
	l.setInst(key, l.fn.mark)
	i := l.s.rt.spans.add(sp)
	l.u.vars = append(l.u.vars, &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(l.fn.mark)}, Type: id("int")}}})
	l.u.prolog = append(l.u.prolog, exprStmt(call(rtFn("Mark"), intLit(i), addr(id(l.fn.mark)))))
	return lower()
}

// markStmt is the mark before a statement, or nil.
func (l *lowerer) markStmt(s ast.Stmt) ast.Stmt {
	if l.fn == nil || l.fn.mark == "" {
		return nil
	}
	p := l.headPos(s)
	if !p.IsValid() {
		return nil
	}
	// It may be the first statement of its function, whose place names the frame.
	return assign(idAt(l.fn.mark, s.Pos()), intLit(l.s.fset.Position(p).Line))
}

// panicLines collects the lines of statements that may panic.
func (l *lowerer) panicLines(s ast.Stmt, lines map[int]bool) {
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case ast.Stmt:
			if p := l.headPos(n); p.IsValid() {
				lines[l.s.fset.Position(p).Line] = true
			}
		}
		return true
	})
}

// headPos is the place of the first operation in a statement itself, not in
// the statements within, that may panic.
func (l *lowerer) headPos(s ast.Stmt) token.Pos {
	var heads []ast.Node
	switch s := s.(type) {
	case *ast.IfStmt:
		heads = nodes(s.Init, s.Cond)
	case *ast.ForStmt:
		heads = nodes(s.Init, s.Cond)
	case *ast.RangeStmt:
		heads = nodes(s.X)
	case *ast.SwitchStmt:
		heads = nodes(s.Init, s.Tag)
	case *ast.TypeSwitchStmt:
		heads = nodes(s.Init, s.Assign)
	case *ast.BlockStmt, *ast.SelectStmt, *ast.LabeledStmt, *ast.CaseClause, *ast.CommClause, *ast.BranchStmt, *ast.EmptyStmt:
		return token.NoPos
	case *ast.DeferStmt:
		return s.Defer
	case *ast.GoStmt, nil:
		return token.NoPos
	default:
		heads = nodes(s)
	}
	at := token.NoPos
	for _, h := range heads {
		ast.Inspect(h, func(n ast.Node) bool {
			if at.IsValid() {
				return false
			}
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.CallExpr:
				if !l.harmless(n) {
					at = n.Lparen
				}
			case *ast.IndexExpr, *ast.SliceExpr, *ast.TypeAssertExpr, *ast.StarExpr, *ast.SendStmt:
				at = n.Pos()
			case *ast.SelectorExpr:
				if s := l.info.Selections[n]; s != nil && s.Kind() == types.FieldVal && (s.Indirect() || isPtr(l.typeOf(n.X))) {
					at = n.Pos()
				}
			case *ast.BinaryExpr:
				if n.Op == token.QUO || n.Op == token.REM || n.Op == token.SHL || n.Op == token.SHR {
					at = n.OpPos
				}
			case *ast.AssignStmt:
				if n.Tok == token.QUO_ASSIGN || n.Tok == token.REM_ASSIGN {
					at = n.TokPos
				}
			}
			return true
		})
	}
	return at
}

func nodes(ns ...ast.Node) []ast.Node {
	var out []ast.Node
	for _, n := range ns {
		switch n := n.(type) {
		case ast.Stmt:
			if n != nil {
				out = append(out, n)
			}
		case ast.Expr:
			if n != nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// harmless reports whether a call cannot panic: conversions and len and the like.
func (l *lowerer) harmless(c *ast.CallExpr) bool {
	if tv := l.info.Types[c.Fun]; tv.IsType() {
		return true
	}
	x, ok := unparen(c.Fun).(*ast.Ident)
	if !ok {
		return false
	}
	if b, ok := l.info.Uses[x].(*types.Builtin); ok {
		switch b.Name() {
		case "len", "cap", "append", "min", "max", "new", "delete", "copy", "real", "imag", "complex":
			return true
		}
	}
	return false
}
