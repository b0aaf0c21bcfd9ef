package interp

import (
	"slices"
	"strings"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// completeSQL completes within the query of a %sql line or a %%sql cell: columns of
// the tables that the query names, the session's tables, the words of SQL; after $
// the session's variables, after a table and a dot its columns, and in 'text' files.
// ok is false outside of queries.
func (s *Session) completeSQL(code string, at int) (c cell.Completion, ok bool, err error) {
	query, typed, ok := queryAt(code, at)
	if !ok {
		return c, false, nil
	}
	end := utf8.RuneCountInString(code[:at])
	if strings.Count(typed, "'")%2 == 1 {
		return filesIn(typed[strings.LastIndexByte(typed, '\'')+1:], end), true, nil
	}
	prefix := lastWord.FindString(typed)
	before := strings.TrimSuffix(typed, prefix)
	c.Start, c.End = end-utf8.RuneCountInString(prefix), end
	add := func(list ...cell.Match) {
		for _, m := range list {
			if strings.HasPrefix(strings.ToLower(m.Text), strings.ToLower(prefix)) && !slices.ContainsFunc(c.Matches, func(o cell.Match) bool { return o.Text == m.Text }) {
				c.Matches = append(c.Matches, m)
			}
		}
	}
	err = s.beside(func(free bool) {
		e := s.engine
		of := func(name string) (columns []cell.Match) {
			if v := e.vars[name]; free && v != nil && isTable(v.typ) {
				columns = e.columns(name)
			}
			for i := range columns {
				if !plainWord.MatchString(columns[i].Text) {
					columns[i].Text = `"` + strings.ReplaceAll(columns[i].Text, `"`, `""`) + `"`
				}
			}
			return columns
		}
		var names []string
		for name, v := range e.vars {
			if !v.predeclared {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		switch {
		case strings.HasSuffix(before, "$"):
			for _, name := range names {
				add(cell.Match{Text: name, Kind: "variable"})
			}
			return
		case strings.HasSuffix(before, "."):
			add(of(lastWord.FindString(before[:len(before)-1]))...)
			return
		}
		words := wordsOf(query)
		for _, name := range names {
			if words[strings.ToLower(name)] {
				add(of(name)...)
			}
		}
		for _, name := range names {
			if tableOf(name, e.vars[name].typ) != "" {
				add(cell.Match{Text: name, Kind: "variable"})
			}
		}
		if prefix != "" {
			for _, word := range sqlWords {
				if prefix == strings.ToUpper(prefix) {
					word = strings.ToUpper(word)
				}
				add(cell.Match{Text: word, Kind: "keyword"})
			}
		}
	})
	return c, true, err
}

// queryAt is the query that at stands in, and what of it lies before at.
func queryAt(code string, at int) (query, typed string, ok bool) {
	trimmed := strings.TrimLeft(code, " \t\r\n")
	start, stop := len(code)-len(trimmed), len(code)
	if !strings.HasPrefix(trimmed, "%%sql") {
		start = strings.LastIndexByte(code[:at], '\n') + 1
		if i := strings.IndexByte(code[at:], '\n'); i >= 0 {
			stop = at + i
		}
		start += len(code[start:stop]) - len(strings.TrimLeft(code[start:stop], " \t"))
	}
	for _, name := range []string{"%%sql", "%sql"} {
		if rest, found := strings.CutPrefix(code[start:stop], name); found && rest != "" && strings.ContainsAny(rest[:1], " \t\r\n") {
			if start += len(name) + 1; start <= at {
				return code[start:stop], code[start:at], true
			}
		}
	}
	return "", "", false
}

// sqlWords are the words of SQL that are offered.
var sqlWords = strings.Fields(`select distinct from where group by all having order limit offset join left right full inner outer
	cross using on as and or not in is null between like ilike case when then else end with union except intersect asc desc
	count sum avg min max median quantile stddev any_value list len coalesce cast round abs lower upper trim substring
	contains starts_with regexp_matches unnest over partition row_number rank lag lead describe summarize qualify exclude
	values true false`)
