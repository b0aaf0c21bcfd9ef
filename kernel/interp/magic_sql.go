package interp

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	yaegi "github.com/traefik/yaegi/interp"
)

// sqlHelp is what %help %sql adds.
const sqlHelp = `%%sql takes the whole cell, and a name behind it keeps the result:

    %%sql best
    select source, avg(reward) as reward from runs where reward > $least group by all

The query may name session variables as tables: tables of arrowio, and whatever has
a method Table that gives one, data sets and results among them. $name is the value
of a session variable. It is DuckDB's SQL (see ?arrowio.SQL), which also reads files:
select * from 'runs.parquet'. A table of a million rows is handed over in 0.3 s.`

// magicSQL runs a query over the session's tables. It is evaluated as the Go that a
// cell would have in its place, so that errors, progress, an interrupt and the
// result are those of arrowio.SQL.
func (s *Session) magicSQL(r *run, c invocation) error {
	name, query := "", c.body
	switch {
	case strings.TrimSpace(c.body) == "":
		query = c.args
	case token.IsIdentifier(c.args):
		name = c.args
	case c.args != "":
		query = c.args + "\n" + c.body
	}
	query = strings.TrimSpace(query)
	if query == "" {
		return usage("%sql", "QUERY")
	}
	tables, values, marked := s.named(query)
	code := "must(arrowio.SQL(ctx, " + strconv.Quote(query) + ", map[string]*arrowio.Table{" + strings.Join(tables, ", ") + "}"
	if len(values) > 0 {
		code += ", map[string]any{" + strings.Join(values, ", ") + "}"
	}
	code += "))"
	if name != "" {
		code = name + " := " + code + "; " + name
	}
	err := s.engine.eval(r, strings.Repeat("\n", c.line)+code)
	var panicked yaegi.Panic
	if errors.As(err, &panicked) {
		if e, ok := recovered(panicked.Value).(error); ok && !errors.Is(e, context.Canceled) { // the query's error, and not the Go around it
			return &queryError{e, s.missing(e, marked)}
		}
	}
	return err
}

// queryError is the error of a query, and what it may have meant.
type queryError struct {
	err  error
	hint string
}

func (e *queryError) Error() string { return e.err.Error() + e.hint }
func (e *queryError) Unwrap() error { return e.err }

// missing says which variables a query may name, if its error is about a name.
func (s *Session) missing(err error, marked map[string]bool) string {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	for name := range marked {
		if s.engine.vars[name] == nil {
			return "\n\n$" + name + " is no variable of the session"
		}
	}
	if !strings.Contains(err.Error(), "Table with name") {
		return ""
	}
	var names []string
	for name, v := range s.engine.vars {
		if tableOf(name, v.typ) != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "\n\nNo variable of the session is a table."
	}
	slices.Sort(names)
	return "\n\nVariables of the session that are tables: " + strings.Join(names, ", ")
}

// named is the session variables that a query names, as the elements of two maps in
// Go: those that are tables, and after $ those that are values; marked is all names
// after $ that may be meant so. A name in a text or a comment of the query costs no
// more than a table that is handed over in vain.
func (s *Session) named(query string) (tables, values []string, marked map[string]bool) {
	words := wordsOf(query)
	marked = map[string]bool{}
	for _, m := range marks.FindAllStringSubmatch(query, -1) {
		marked[m[1]] = true
	}
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	for name, v := range s.engine.vars {
		if marked[name] {
			values = append(values, strconv.Quote(name)+": "+name)
		}
		if table := tableOf(name, v.typ); table != "" && words[strings.ToLower(name)] {
			tables = append(tables, strconv.Quote(name)+": "+table)
		}
	}
	slices.Sort(tables)
	slices.Sort(values)
	return tables, values, marked
}

// marks are the values that a query takes by name.
var marks = regexp.MustCompile(`\$([\pL_][\pL\pN_]*)`)

// wordsOf are the words of a query in small letters, as SQL's names have no case.
func wordsOf(query string) map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(query, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) {
		words[strings.ToLower(w)] = true
	}
	return words
}

// tableOf is the Go that gives a variable's table, or "" if it has none.
func tableOf(name string, t types.Type) string {
	const table = "*divvy/arrowio.Table"
	if t.String() == table {
		return name
	}
	m := types.NewMethodSet(t).Lookup(nil, "Table")
	if m == nil {
		return ""
	}
	sig := m.Type().(*types.Signature)
	call := ""
	switch params := sig.Params(); {
	case params.Len() == 0:
		call = name + ".Table()"
	case params.Len() == 1 && params.At(0).Type().String() == "context.Context":
		call = name + ".Table(ctx)"
	default:
		return ""
	}
	switch results := sig.Results(); {
	case results.Len() == 0 || results.At(0).Type().String() != table:
		return ""
	case results.Len() == 1:
		return call
	case fails(results):
		return fmt.Sprintf("must(%s)", call)
	}
	return ""
}
