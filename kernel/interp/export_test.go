package interp

// OnResult lets a test see the values of a cell's last expression.
func (s *Session) OnResult(f func(vs []any)) { s.onResult = f }
