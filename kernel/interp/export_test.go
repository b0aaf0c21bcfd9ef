package interp

// OnResult lets a test see the values of a cell's last expression.
func (s *Session) OnResult(f func(vs []any)) { s.onResult = f }

// Parts returns the imports, the declarations and the statements of a cell.
func Parts(code string) (imports, decls, stmts string) {
	cs := split(code)
	return blank(code, cs, func(c chunk) bool { return c.kind == 'i' }) + "\n",
		blank(code, cs, func(c chunk) bool { return c.kind == 'd' }) + "\n",
		blank(code, cs, func(c chunk) bool { return c.kind == 's' || c.kind == 'v' }) + "\n"
}
