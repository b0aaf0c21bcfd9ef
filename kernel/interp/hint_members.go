package interp

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// elsewhere names the members that do what pandas, Polars and Python's own types
// call by another name; "" where the value has none of them.
func elsewhere(name string, has []string) string {
	var found []string
	for _, n := range otherNames[strings.ToLower(name)] {
		if slices.Contains(has, n) {
			found = append(found, n)
		}
	}
	if len(found) == 0 || slices.Contains(has, name) {
		return ""
	}
	return "; here it is " + strings.Join(found, " or ")
}

// otherNames are the members to look for by the name, in small letters, that
// something like them has elsewhere.
var otherNames = map[string][]string{
	"head": {"Head", "Prefix"}, "limit": {"Head", "Prefix"}, "first": {"Head", "Prefix"}, "tail": {"Tail", "Slice"},
	"shape": {"NumRows", "Len"}, "size": {"NumRows", "Len"}, "count": {"NumRows", "Len"}, "length": {"NumRows", "Len"},
	"len": {"NumRows", "Len"}, "height": {"NumRows", "Len"}, "width": {"NumCols"}, "ncols": {"NumCols"}, "nrows": {"NumRows"},
	"dtypes": {"Types", "Schema"}, "info": {"Describe"}, "summary": {"Describe"},
	"query": {"Filter", "Where"}, "loc": {"Filter", "Where", "Take"}, "iloc": {"Slice", "Take", "Row"}, "mask": {"FilterMask", "Where"},
	"sort_values": {"Sort"}, "order_by": {"Sort"}, "nlargest": {"Top"}, "topk": {"Top"},
	"drop_duplicates": {"Unique", "Dedup"}, "distinct": {"Unique", "Dedup"}, "dedup": {"Unique"}, "unique": {"Dedup"}, "nunique": {"Unique"},
	"dropna": {"DropNull"}, "drop_nulls": {"DropNull"}, "fillna": {"FillNull"}, "fill_null": {"FillNull"}, "isna": {"Valid"}, "isnull": {"Valid"},
	"merge": {"Join", "JoinWith"}, "assign": {"WithColumn", "WithValues"}, "with_columns": {"WithColumn", "WithValues"}, "apply": {"WithColumn", "WithValues"},
	"mean": {"GroupBy", "Describe"}, "sum": {"GroupBy", "Describe"}, "std": {"GroupBy", "Describe"}, "median": {"GroupBy", "Describe"},
	"max": {"Describe", "Top"}, "min": {"Describe", "Sort"}, "agg": {"GroupBy"}, "pivot_table": {"Pivot"},
	"tolist": {"Floats", "Strings", "Ints"}, "to_list": {"Floats", "Strings", "Ints"}, "values": {"Floats", "Strings", "Ints"},
	"to_csv": {"WriteCSV", "Preview"}, "write_csv": {"WriteCSV"}, "to_parquet": {"WriteParquet", "Table"}, "to_json": {"WriteJSONLines", "WriteJSONL"},
	"to_feather": {"WriteIPC"}, "to_html": {"HTML"}, "to_markdown": {"Markdown"}, "to_arrow": {"Record"}, "to_pandas": {"WriteIPC", "Table"},
	"writecsv": {"Table", "Preview"}, "writeparquet": {"Table"}, "columns": {"Table"}, "groupby": {"Table"}, "sort": {"Ranked", "Table"},
	"plot": {"Figure"}, "hist": {"Figure"}, "savefig": {"Save"}, "show": {"MIMEBundle"}, "iterrows": {"Row", "Rows"}, "rows": {"Row"},
	"set_title": {"Title"}, "xlabel": {"XLabel"}, "ylabel": {"YLabel"}, "set_xlabel": {"XLabel"}, "set_ylabel": {"YLabel"},
}

// container is a way out where a value with methods is taken for a list or a map.
func container(e types.Error, x ast.Expr, t types.Type, pkg *types.Package) string {
	text := types.ExprString(x)
	if call := uncalled(x, t); call != "" {
		return "; it is a function: " + call + " calls it"
	}
	has := members(t, pkg)
	can := func(name string) bool { return slices.Contains(has, name) }
	length := ""
	for _, n := range []string{"Len", "NumRows"} {
		if length == "" && can(n) {
			length = text + "." + n + "()"
		}
	}
	switch {
	case length == "":
	case strings.HasSuffix(e.Msg, " for built-in len"):
		return "; here it is " + length
	case !can("Row"):
	case strings.HasPrefix(e.Msg, "cannot range over "):
		return fmt.Sprintf("; a loop over its rows is: for i := range %s { row := %s.Row(i) … }", length, text)
	case strings.HasPrefix(e.Msg, "cannot index ") && can("Columns"):
		return fmt.Sprintf("; a row is %s.Row(0), a column %s.Floats(\"name\"), Ints, Strings, …", text, text)
	case strings.HasPrefix(e.Msg, "cannot index "):
		return fmt.Sprintf("; a row is %s.Row(0)", text)
	case strings.HasPrefix(e.Msg, "cannot slice ") && can("Slice"):
		return fmt.Sprintf("; here it is %s.Slice(from, to)", text)
	}
	return listed("it", has)
}

// uncalled is the call of an expression that is a function without parameters.
func uncalled(x ast.Expr, t types.Type) string {
	sig, ok := t.(*types.Signature)
	if _, isLit := ast.Unparen(x).(*ast.FuncLit); !ok || isLit || sig.Params().Len() > 0 || sig.Results().Len() == 0 {
		return ""
	}
	return types.ExprString(x) + "()"
}

// ownGiver is the call of a method of a value that gives another of the type that
// is wanted, if it has one that needs at most ctx: the one that has the type's name,
// or the first.
func ownGiver(x ast.Expr, t, want types.Type) (first string) {
	if t == nil {
		return ""
	}
	for m := range types.NewMethodSet(t).Methods() {
		sig, ok := m.Obj().Type().(*types.Signature)
		if !ok || !m.Obj().Exported() || sig.Results().Len() == 0 || !types.Identical(sig.Results().At(0).Type(), want) {
			continue
		}
		call := types.ExprString(x) + "." + m.Obj().Name()
		switch p := sig.Params(); {
		case p.Len() == 0:
			call += "()"
		case p.Len() == 1 && isContext(p.At(0).Type()):
			call += "(ctx)"
		default:
			continue
		}
		if fails(sig.Results()) {
			call = "must(" + call + ")"
		} else if sig.Results().Len() > 1 {
			continue
		}
		if n, ok := deref(want).(*types.Named); ok && n.Obj().Name() == m.Obj().Name() {
			return call
		}
		if first == "" {
			first = call
		}
	}
	return first
}

// givers tells of what gives values of a type of one of our packages, and how one
// is written that is a struct with fields.
func (s *engine) givers(want types.Type, pkg *types.Package) string {
	spelled := func(t types.Type) string {
		return types.TypeString(t, func(p *types.Package) string {
			if p == pkg {
				return ""
			}
			return p.Name()
		})
	}
	base := want
	if s, ok := base.Underlying().(*types.Slice); ok {
		base = s.Elem()
	}
	n, ok := deref(base).(*types.Named)
	if !ok || n.Obj().Pkg() == nil || !strings.HasPrefix(n.Obj().Pkg().Path(), "divvy/") {
		return ""
	}
	of := n.Obj().Pkg()
	if whole, err := s.lib.Import(of.Path()); err == nil {
		of = whole // until it is imported only what others refer to is known of it
	}
	gives := func(f *types.Func) bool {
		r := f.Signature().Results()
		return f.Exported() && r.Len() > 0 && r.Len() < 3 && types.Identical(r.At(0).Type(), want)
	}
	var found []string
	for _, name := range of.Scope().Names() {
		switch o := of.Scope().Lookup(name).(type) {
		case *types.Func:
			if gives(o) {
				found = append(found, of.Name()+"."+name)
			}
		case *types.TypeName:
			if o.Type() == n.Obj().Type() || !o.Exported() {
				continue
			}
			for t := range typeAndPointer(o.Type()) {
				for m := range types.NewMethodSet(t).Methods() {
					f, ok := m.Obj().(*types.Func)
					if text := of.Name() + "." + name + "." + m.Obj().Name(); ok && gives(f) && !slices.Contains(found, text) {
						found = slices.Insert(found, 0, text)
					}
				}
			}
		}
	}
	hint := ""
	if len(found) > 0 {
		hint = "; " + spelled(want) + " comes from " + strings.Join(found[:min(len(found), 5)], ", ")
	}
	if st, ok := n.Underlying().(*types.Struct); ok && exportedFields(st) != "" {
		hint += "; one is written " + spelled(n) + "{" + exportedFields(st) + "}"
	}
	return hint
}

// exportedFields are the first fields of a struct as a literal names them.
func exportedFields(st *types.Struct) string {
	var names []string
	for f := range st.Fields() {
		if f.Exported() && len(names) < 3 {
			names = append(names, f.Name()+": …")
		}
	}
	return strings.Join(names, ", ")
}
