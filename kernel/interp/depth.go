package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	goruntime "runtime"
	"sync"
	"time"
)

// A stack overflow ends the process, and long before it the frames that yaegi
// keeps for each call, 12 KB or more, fill the memory. So functions that may
// call themselves count their calls; every callsPerCheck calls the support
// looks how deep the stack is.
const (
	callsPerCheck = 20_000
	maxDepth      = 100_000 // nested calls of cells' functions
)

// framesPerCall is how many frames of compiled code a nested call takes at
// least: yaegi's loop and its call.
const framesPerCall = 2

// stackOverflow is why a cell that recurses without end was stopped. It is no
// panic: as in compiled Go nothing recovers from it, and to unwind that many
// frames one by one would take minutes.
type stackOverflow struct{ fn, place string }

func (e *stackOverflow) Error() string {
	return fmt.Sprintf("stack overflow: goroutine stack exceeds the limit of %d nested calls, in %s", maxDepth, e.fn)
}

// counter is where the calls are counted, and whose: a call in a cell names its
// function by a number, which needs no room in a frame.
type counter struct {
	mu    sync.Mutex
	calls *int
	funcs [][2]string // name and place
}

func (c *counter) count(p *int) {
	c.mu.Lock()
	c.calls = p
	c.mu.Unlock()
}

func (c *counter) add(fn, place string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.funcs = append(c.funcs, [2]string{fn, place})
	return len(c.funcs) - 1
}

// restart begins to count anew.
func (c *counter) restart(i int) (fn, place string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.calls = 0
	return c.funcs[i][0], c.funcs[i][1]
}

// checkDepth stops the cell when the stack is too deep, and restarts the count.
func (r *runtime) checkDepth(i int) {
	fn, place := r.depth.restart(i)
	var pc [1]uintptr
	if goruntime.Callers(framesPerCall*maxDepth, pc[:]) == 0 {
		return
	}
	if cur := r.runs.current(); cur != nil {
		cur.stop(&stackOverflow{fn, place})
		<-cur.ctx.Done()
		time.Sleep(5 * time.Millisecond) // until the frames have been told
	}
}

// counted returns the statements that count the calls of a function, of which p
// is the place to tell. They come first in its body, where a trace looks for
// the frame's place.
func (l *lowerer) counted(fn string, p token.Pos, body *ast.BlockStmt) []ast.Stmt {
	n := l.helper("calls", "all", func(n string) {
		l.u.vars = append(l.u.vars, &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(n)}, Type: id("int")}}})
		l.u.prolog = append(l.u.prolog, exprStmt(call(rtFn("Count"), addr(id(n)))))
	})
	return []ast.Stmt{
		&ast.IncDecStmt{X: idAt(n, body.Lbrace), Tok: token.INC},
		&ast.IfStmt{Cond: &ast.BinaryExpr{X: id(n), Op: token.GTR, Y: intLit(callsPerCheck)}, Body: block(exprStmt(call(rtFn("Deep"), intLit(l.s.rt.depth.add(fn, l.s.pos(p))))))},
	}
}

// recursive reports whether a declared function may call itself: by name,
// through others, or through a method of the same name that is not known.
func (l *lowerer) recursive(key string, n *ast.FuncDecl) bool {
	seen := map[string]bool{}
	var reaches func(k string) bool
	reaches = func(k string) bool {
		d := l.s.decls[k]
		if d == nil || seen[k] {
			return false
		}
		seen[k] = true
		for dep := range d.deps {
			if dep == key || reaches(dep) {
				return true
			}
		}
		return false
	}
	if n.Recv != nil {
		switch n.Name.Name { // compiled code calls these
		case "String", "Error", "GoString", "Format", "MarshalJSON", "MarshalText":
			return true
		}
	}
	return reaches(key) || l.callsUnknown(n.Body, n.Name.Name)
}

// callsUnknown reports whether a body calls a function variable from outside
// itself, or a method of this name (any, when it is empty) of an interface.
func (l *lowerer) callsUnknown(body *ast.BlockStmt, name string) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok {
			return !found
		}
		switch f := unparen(c.Fun).(type) {
		case *ast.Ident:
			v, ok := l.info.Uses[f].(*types.Var)
			found = found || ok && (v.Pos() < body.Pos() || v.Pos() > body.End())
		case *ast.SelectorExpr:
			s := l.info.Selections[f]
			found = found || s != nil && s.Kind() == types.MethodVal && isInterface(s.Recv()) && f.Sel.Name == name
		}
		return !found
	})
	return found
}
