package interp

import (
	"fmt"
	"io"
	"reflect"

	"divvy/kernel/symbols/box"
)

// fmt.Print puts a space between two operands when neither is a string. It
// takes a string of a cell's type, which is in a box, for none.

// spaced is fmt.Sprint.
func spaced(args ...any) string {
	strings := false
	for _, a := range args {
		if b, ok := box.Of(a); ok && b.T.Kind == reflect.String {
			strings = true
		}
	}
	if !strings {
		return fmt.Sprint(args...)
	}
	var out []byte
	for i, a := range args {
		if i > 0 && !isString(a) && !isString(args[i-1]) {
			out = append(out, ' ')
		}
		out = fmt.Append(out, a)
	}
	return string(out)
}

func isString(x any) bool {
	v := open(x)
	return v != nil && reflect.TypeOf(v).Kind() == reflect.String
}

func (r *runtime) printSpaced(args ...any) (int, error) {
	return io.WriteString(r.stdout, spaced(args...))
}

func fprintSpaced(w io.Writer, args ...any) (int, error) { return io.WriteString(w, spaced(args...)) }
