package interp

import (
	"go/types"
	"strings"
)

// cycles are the cycles of initialization that the type checker finds. A cell's
// statements run in the order in which they are written, so that a variable may
// be set by a function that reads it; but variables whose values need each
// other have none.
type cycles []types.Error

// add takes the errors about cycles: the first of each, and those that tell who
// refers to whom.
func (c *cycles) add(e types.Error) bool {
	refers, more := strings.CutPrefix(e.Msg, "\t")
	switch {
	case strings.HasPrefix(e.Msg, "initialization cycle"):
		*c = append(*c, e)
	case more && len(*c) > 0 && strings.Contains(refers, " refers to "):
		last := &(*c)[len(*c)-1]
		if !strings.Contains(last.Msg, ": ") {
			last.Msg += ": " + refers
		} else {
			last.Msg += ", " + refers
		}
	default:
		return false
	}
	return true
}

// ofVariables are the cycles without a function.
func (c cycles) ofVariables(pkg *types.Package) (errs []types.Error) {
next:
	for _, e := range c {
		_, refers, _ := strings.Cut(e.Msg, ": ")
		for part := range strings.SplitSeq(refers, ", ") {
			name, _, _ := strings.Cut(part, " refers to ")
			if _, ok := pkg.Scope().Lookup(name).(*types.Var); !ok {
				continue next
			}
		}
		errs = append(errs, e)
	}
	return errs
}
