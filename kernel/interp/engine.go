package interp

import (
	"context"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	yaegi "github.com/traefik/yaegi/interp"
	yunsafe "github.com/traefik/yaegi/stdlib/unsafe"

	"divvy/kernel/debug"
	"divvy/kernel/native"
	"divvy/kernel/symbols"
)

// engine is the state of a session's program: what cells have declared, and
// the interpreter that holds it.
type engine struct {
	mu    sync.Mutex // held while the state is read or changed, not while a cell runs
	yaegi *yaegi.Interpreter
	exec  *executor
	keep  *keeper
	quick *quickener
	rt    *runtime
	lib   *symbols.Library
	fset  *token.FileSet

	imports map[string]string // local name -> path; ".:path" for a dot import
	decls   map[string]*decl
	vars    map[string]*svar
	pkg     *types.Package    // of the last cell that was checked
	former  map[string]string // declarations that are no more: key -> cell
	failed  map[string]string // what cells with errors would have declared: name -> cell

	inst         map[string]string // what was emitted: key -> internal name
	descs        map[string]*typeDesc
	registered   map[string]string       // methods registered: type and name -> code
	aliases      map[string]string       // internal package name -> path
	ydone        map[string]bool         // internal package names that yaegi has imported
	used         map[string]bool         // packages whose symbols yaegi has
	redirected   map[string]*redirection // by declaration
	preludeShown *shownPrelude           // see shown
	overrides    yaegi.Exports

	seq       int       // numbers internal names
	filePos   token.Pos // a place for what the lowerer makes
	cellName  string    // of the cell being worked on
	firstLine int       // that has a text, of that cell
	sources   map[string]string
	wholes    map[string]string // the whole texts of cells, kept while a debugger may ask
	usesFiles bool              // a cell used os.Stdout or os.Stderr as a file
	described bool              // see describeEarlier
	warnings  []string          // of the last cell
	natives   *natives
	onLowered func(u *unit)

	hooks                    atomic.Bool     // what is compiled from now on calls the debugger
	tracedCells, tracedFuncs [][]*debug.Func // by cell, latest last
	hooking                  bool            // in the cell being worked on
	hooked                   bool            // what is declared does; see rehook
	whole                    string          // the text of the whole cell being worked on
}

// decl is a declaration of a function, method, type or constants.
type decl struct {
	key   string   // "f", "T", "T.M", "const:A,B"
	names []string // the names that it declares in the session
	node  ast.Decl // with packages under their internal names
	src   string   // printed, to see whether it changed
	deps  map[string]bool
	cell  string
	iname string // the internal name of its current version
	sig   string // of a function's current version: its type, spelled by key

	native bool // a function to be compiled
	text   native.Decl
}

// svar is a variable of the session.
type svar struct {
	name, iname string
	predeclared bool // ctx
	typ         types.Type
	deps        map[string]bool // the session's types that occur in typ
}

func newEngine(y *yaegi.Interpreter, lib *symbols.Library, rt *runtime, overrides yaegi.Exports) (*engine, error) {
	x, err := newExecutor(y)
	if err != nil {
		return nil, err
	}
	keep, err := newKeeper(y)
	if err != nil {
		return nil, err
	}
	quick, err := newQuickener(y.FileSet())
	if err != nil {
		return nil, err
	}
	s := &engine{
		yaegi: y, exec: x, keep: keep, quick: quick, rt: rt, lib: lib, fset: y.FileSet(), overrides: overrides, natives: newNatives(),
		imports: map[string]string{}, decls: map[string]*decl{}, vars: map[string]*svar{}, failed: map[string]string{}, former: map[string]string{},
		inst: map[string]string{}, descs: map[string]*typeDesc{}, registered: map[string]string{}, redirected: map[string]*redirection{},
		aliases: map[string]string{}, ydone: map[string]bool{}, used: map[string]bool{}, sources: map[string]string{}, wholes: map[string]string{},
	}
	s.filePos = s.fset.AddFile("_.go", -1, 64).Pos(1)
	rt.redirect = s.redirect
	if err := y.Use(rt.exports()); err != nil {
		return nil, err
	}
	// With a context, so that what is compiled from now on, the first cell
	// included, can be stopped where it waits on a channel.
	if _, err := y.EvalWithContext(context.Background(), `import rt__ "rt"`); err != nil {
		return nil, fmt.Errorf("runtime support: %w", err)
	}
	s.preload()
	return s, nil
}

// preload imports fmt and the domain packages under their names, and declares
// ctx, which ends when the cell is interrupted.
func (s *engine) preload() {
	s.imports["fmt"] = "fmt"
	for _, p := range s.lib.Paths() {
		if strings.HasPrefix(p, "divvy/") {
			s.imports[path.Base(p)] = p
		}
	}
	if p, err := s.lib.Import("context"); err == nil {
		s.vars["ctx"] = &svar{name: "ctx", predeclared: true, typ: p.Scope().Lookup("Context").Type()}
	}
}

// use gives the interpreter the symbols of a package.
func (s *engine) use(p string) error {
	if s.used[p] {
		return nil
	}
	s.used[p] = true
	table := map[string]reflect.Value{}
	for name, v := range symbols.Table(p) {
		if name[0] == '_' {
			continue // adapters are ours
		}
		table[name] = v
		if t := v.Type(); t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Interface {
			// yaegi looks for one even where it only has a nil to convert.
			table["_"+name] = reflect.ValueOf((*struct{ IValue any })(nil))
		}
	}
	// The path with a dot in it keeps yaegi from putting its own versions of
	// functions in place of ours.
	key := p + "/./" + path.Base(p)
	for name, v := range s.overrides[key] {
		table[name] = v
	}
	if p == "unsafe" {
		table = yunsafe.Symbols["unsafe/unsafe"]
	}
	if len(table) == 0 {
		return nil
	}
	if err := s.yaegi.Use(yaegi.Exports{key: table}); err != nil {
		return fmt.Errorf("symbols of %s: %w", p, err)
	}
	return nil
}

// alias is the internal name of a package.
func alias(path string) string {
	var b strings.Builder
	b.WriteString("pk_")
	for _, r := range path {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	return b.String()
}

// eval checks, lowers, compiles and runs a cell.
func (s *engine) eval(r *run, src string) error { return s.evalAs(r, src, false) }

// evalAs is eval; the functions of a native cell are compiled.
func (s *engine) evalAs(r *run, src string, native bool) error {
	u, err := s.ready(r, src, native)
	if err != nil {
		return err
	}
	for _, w := range s.warnings {
		fmt.Fprintln(s.rt.stderr, w)
	}
	if u.cellFn == "" {
		s.mu.Lock()
		s.keep.forget(s.stale(u))
		s.mu.Unlock()
		return nil
	}
	err = s.exec.call(r.ctx, u.cellFn)
	s.mu.Lock()
	s.keep.forget(s.stale(u))
	s.mu.Unlock()
	return err
}

// begin takes note of the whole text of a cell: front ends know it by that.
func (s *engine) begin(name, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole, s.wholes[name] = code, code
}

// try checks a cell that is not going to be run.
func (s *engine) try(name, src string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cellName = name
	s.keepSource(name, src)
	_, err := s.check(src)
	return err
}

// keepSource notes the text of a cell. The cells of a script have one name; each
// is given with empty lines in the place of those above it, which stay known.
func (s *engine) keepSource(name, src string) {
	lines, above := strings.Split(src, "\n"), strings.Split(s.sources[name], "\n")
	for i := 0; i < len(lines)-1 && i < len(above) && lines[i] == ""; i++ {
		lines[i] = above[i]
	}
	s.firstLine = 1 + len(src) - len(strings.TrimLeft(src, "\n"))
	s.sources[name] = strings.Join(lines, "\n")
}

// prepare makes a cell ready to run. After an error the session is as before.
func (s *engine) prepare(name, src string) (*unit, error) {
	s.warnings, s.cellName = nil, name
	s.keepSource(name, src)
	hooks := s.hooks.Load()
	u, err := s.assembled(src, hooks)
	if err != nil && hooks {
		if plain, plainErr := s.assembled(src, false); plainErr == nil {
			s.warnings = append(s.warnings, "the debugger cannot follow this cell: "+err.Error())
			return plain, nil
		}
	}
	if err != nil {
		s.noteFailed(name, src)
	}
	return u, err
}

// assembled is prepare with or without hooks for the debugger.
func (s *engine) assembled(src string, hooks bool) (*unit, error) {
	ck, err := s.check(src)
	if err != nil {
		return nil, err
	}
	if err := s.checkNative(ck); err != nil {
		return nil, err
	}
	s.hooking = hooks
	u, err := s.lower(ck)
	if err != nil {
		return nil, err
	}
	taken := false
	defer func() { // after a panic, too
		if !taken {
			u.rollback()
		}
	}()
	if s.onLowered != nil {
		s.onLowered(u)
	}
	if err := s.compile(u); err != nil {
		return nil, &limitation{err}
	}
	taken = true
	s.pkg, s.hooked = ck.pkg, hooks
	u.commit()
	s.register(u)
	return u, nil
}

// limitation is an error of the interpreter in code that the type checker
// has accepted.
type limitation struct{ err error }

func (e *limitation) Error() string {
	return "this cell is correct Go, but the interpreter cannot run it: " + e.err.Error()
}

func (e *limitation) Unwrap() error { return e.err }

// compile hands a lowered cell to yaegi, which may panic on what it does not
// expect.
func (s *engine) compile(u *unit) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	for _, p := range u.imports {
		if err := s.use(p); err != nil {
			return err
		}
	}
	if f, aliases := s.importing(u); f != nil {
		if err := s.execute(f); err != nil {
			return err
		}
		for _, a := range aliases {
			s.ydone[a] = true
		}
	}
	if u.makes != nil {
		f := &ast.File{Package: s.filePos, Name: &ast.Ident{Name: "main", NamePos: s.filePos}, Decls: u.types}
		fixPos(f, s.filePos)
		if err := s.execute(f); err != nil {
			return err
		}
		s.keep.setTypes(func(other func(name string) reflect.Type) map[string]reflect.Type {
			u.makes.other = other
			u.makes.all()
			return u.makes.made
		})
	}
	return s.execute(u.file)
}

// execute declares to yaegi what a file holds.
func (s *engine) execute(f *ast.File) error {
	prog, err := s.yaegi.CompileAST(f)
	if err != nil {
		return err
	}
	s.quick.quicken(prog)
	_, err = s.yaegi.Execute(prog)
	return err
}
