package interp

import (
	"strings"

	"divvy/kernel/cell"
)

func isMagic(code string) bool {
	t := strings.TrimLeft(code, " \t\n")
	return strings.HasPrefix(t, "%") || strings.HasPrefix(t, "!")
}

func completeMagic(string, int) (cell.Completion, bool) { return cell.Completion{}, false }
func inspectMagic(string) (cell.Inspection, bool)       { return cell.Inspection{}, false }
