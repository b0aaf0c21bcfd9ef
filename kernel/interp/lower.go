package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"divvy/kernel/debug"
	"divvy/kernel/symbols/box"
)

// unit is the lowered program of one cell.
type unit struct {
	file     *ast.File
	types    []ast.Decl
	structs  []cellStruct // that types declares
	makes    *typeMaker   // of the structs whose types yaegi cannot make, or nil
	vars     []ast.Decl
	funcs    []ast.Decl
	prolog   []ast.Stmt // runs before the cell's own statements
	inits    []ast.Stmt // calls of its init functions, which run after the variables at its head
	imports  map[string]string
	replaced []string // internal names that nothing uses after the cell
	cellFn   string   // the function that runs the cell, "" for a cell of declarations

	natives []nativeFunc // functions to be compiled

	onCommit   []func()
	onRollback []func()
	newDescs   []string
	newInst    map[string]bool
	rollback   func()

	traced   []*debug.Func
	declares bool // one of them is declared, so that later cells call it
}

func (u *unit) commit() {
	for _, f := range u.onCommit {
		f()
	}
}

// lowerer rewrites type-checked Go into the part of Go that yaegi runs as the
// language is defined:
//
//   - types of cells lose their names and methods: methods are plain functions,
//     embedded fields plain fields, and interfaces that cells declare (and any)
//     are the empty interface, which holds a box for a value of a cell's type;
//   - conversions to interfaces, assertions and calls of interface methods are
//     explicit calls of the runtime support (package-internal name rt__);
//   - generics are instantiated, constants folded, local names made unique.
type lowerer struct {
	s    *engine
	u    *unit
	ck   *checked
	info *types.Info
	pkg  *types.Package

	sub    map[*types.TypeParam]types.Type // of the instance being lowered
	names  map[types.Object]string         // unique names of local objects
	derefs map[types.Object]string         // local objects that are reached through a pointer
	wraps  map[*types.Named]bool           // see wrapped

	described map[*typeDesc]bool // see describeMethods
	fn        *fnCtx
	top       bool // at the top level of a cell

	panicking string // for the function literal that is lowered next

	old    map[*ast.Ident]string // names of variables that the cell is about to define anew
	origOf map[ast.Node]ast.Node
}

// fnCtx is the function being lowered.
type fnCtx struct {
	sig  *types.Signature
	loop *rangeFunc // the innermost range-over-func body, or nil

	defers    string   // the variable that holds its deferred calls, or ""
	results   []string // where a function that defers keeps its results
	panicking string   // the panic that a deferred literal is told of, or ""

	traced   *traced                  // what the debugger is told of it, or nil
	mark     string                   // the variable that holds the current line, or ""
	safe     map[[2]types.Object]bool // slice and index pairs that a loop guarantees
	counters map[types.Object]bool    // variables that count up from zero

	label   string    // of the statement that is lowered next
	targets []*target // what break and continue can mean, innermost last
}

func (l *lowerer) fresh(base string) string {
	l.s.seq++
	return fmt.Sprintf("%s__%d", base, l.s.seq)
}

// unsupported is panicked with when a cell cannot be lowered.
type unsupported struct{ err error }

func (l *lowerer) fail(p token.Pos, format string, a ...any) {
	panic(unsupported{l.s.perr(p, format, a...)})
}

// pkgLevel reports whether o is an object of the session.
func (l *lowerer) pkgLevel(o types.Object) bool {
	return o != nil && isMain(o) && o.Parent() == l.pkg.Scope()
}

func (l *lowerer) setInst(k, v string) {
	l.s.inst[k] = v
	l.u.newInst[k] = true
}

// local returns the unique name of a local object.
func (l *lowerer) local(o types.Object) string {
	if o.Name() == "_" {
		return "_"
	}
	n, ok := l.names[o]
	if !ok {
		n = l.fresh(o.Name())
		l.names[o] = n
	}
	return n
}

// obj returns what an identifier denotes.
func (l *lowerer) obj(x *ast.Ident) types.Object {
	if o := l.info.Uses[x]; o != nil {
		return o
	}
	return l.info.Defs[x]
}

// st applies the type arguments of the instance being lowered.
func (l *lowerer) st(t types.Type) types.Type {
	if t == nil || len(l.sub) == 0 {
		return t
	}
	return subst(t, l.sub)
}

// typeOf returns the type of an expression in the instance being lowered.
func (l *lowerer) typeOf(e ast.Expr) types.Type {
	if tv, ok := l.info.Types[e]; ok {
		return l.st(tv.Type)
	}
	if x, ok := e.(*ast.Ident); ok {
		if o := l.obj(x); o != nil {
			return l.st(o.Type())
		}
	}
	return nil
}

// helper emits an interpreted function once for each name and key.
func (l *lowerer) helper(name, key string, emit func(fn string)) string {
	k := "helper:" + name + ":" + key
	if n, ok := l.s.inst[k]; ok {
		return n
	}
	n := l.fresh(name)
	l.setInst(k, n)
	emit(n)
	return n
}

func (l *lowerer) emit(d ast.Decl) { l.u.funcs = append(l.u.funcs, d) }

// inPackage runs f outside any function: for declarations that are emitted
// while another is being lowered.
func (l *lowerer) inPackage(sub map[*types.TypeParam]types.Type, f func()) {
	savedSub, savedFn, savedTop, savedNames := l.sub, l.fn, l.top, l.names
	l.sub, l.top, l.names = sub, false, map[types.Object]string{}
	f()
	l.sub, l.fn, l.top, l.names = savedSub, savedFn, savedTop, savedNames
}

// typeID returns the number by which lowered code names a type description.
func (l *lowerer) typeID(t types.Type) ast.Expr { return intLit(l.desc(t).id) }

// typeDesc is a box.Type with what the lowerer keeps about it.
type typeDesc struct {
	*box.Type
	id  int
	typ types.Type // as of its last use
}
