package interp

import "strings"

// OnResult lets a test see the values of a cell's last expression.
func (s *Session) OnResult(f func(vs []any)) { s.onResult = f }

// Parts returns the imports, the declarations and the statements of a cell;
// global says whether its var declarations are of the former or the latter.
func Parts(code string, global bool) (imports, decls, stmts string) {
	cs := split(code)
	part := func(keep func(kind byte) bool) string {
		return blank(code, cs, func(c chunk) bool { return keep(c.kind) }) + "\n"
	}
	return part(func(k byte) bool { return k == 'i' }),
		part(func(k byte) bool { return k == 'd' || k == 'v' && global }),
		part(func(k byte) bool { return k == 's' || k == 'v' && !global })
}

// Trace compiles what follows with hooks for the debugger.
func (s *Session) Trace() { s.engine.hooks.Store(true) }

// Untraced tells whether a cell has been compiled without the hooks that were
// asked for.
func (s *Session) Untraced() []string {
	var out []string
	for _, w := range s.engine.warnings {
		if strings.HasPrefix(w, "the debugger cannot") {
			out = append(out, w)
		}
	}
	return out
}

// OnLowered lets a test act on each cell that was lowered.
func (s *Session) OnLowered(f func()) { s.engine.onLowered = func(*unit) { f() } }
