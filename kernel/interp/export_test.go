package interp

import "strings"

// OnResult lets a test see the values of a cell's last expression.
func (s *Session) OnResult(f func(vs []any)) { s.onResult = f }

// Parts returns the imports, the declarations and the statements of a cell.
func Parts(code string) (imports, decls, stmts string) {
	cs := split(code)
	return blank(code, cs, func(c chunk) bool { return c.kind == 'i' }) + "\n",
		blank(code, cs, func(c chunk) bool { return c.kind == 'd' }) + "\n",
		blank(code, cs, func(c chunk) bool { return c.kind == 's' || c.kind == 'v' }) + "\n"
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
