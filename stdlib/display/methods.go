package display

import (
	"fmt"
	"reflect"
	"slices"
)

// Methods calls a method of a value by its name, without arguments. ok is false
// when the value has no such method; err is what the method returned as its
// second result, if it did. It may panic as the method may.
//
// For a compiled value this is its method set. An interpreter, whose values
// reach compiled code without their methods, supplies its own.
type Methods func(name string) (result any, ok bool, err error)

// forms are the methods that give a single form, and what they give. The order
// is that in which faults are reported.
var forms = []struct{ method, mime string }{
	{"HTML", MIMEHTML},
	{"Markdown", MIMEMarkdown},
	{"LaTeX", MIMELaTeX},
	{"SVG", MIMESVG},
	{"PNG", MIMEPNG},
	{"JPEG", MIMEJPEG},
	{"JSON", MIMEJSON},
}

// OfMethods makes a bundle of v with the help of its methods: MIMEBundle,
// MIMEMetadata, HTML, Markdown, LaTeX, SVG, PNG, JPEG, JSON, Error and String.
// Text is always part of it.
func OfMethods(v any, methods Methods) Bundle {
	b := Bundle{Data: map[string]any{}}
	parts := map[string]any{}
	var faults []string
	call := func(name string) (any, bool) {
		r, ok, err := safely(methods, name)
		if err != nil {
			faults = append(faults, fmt.Sprintf("display: %s() of %T: %v", name, v, err))
			return nil, false
		}
		return r, ok
	}

	if r, ok := call("MIMEBundle"); ok {
		if m, ok := r.(map[string]any); ok {
			for mime, c := range m {
				parts[mime] = c
			}
			if r, ok := call("MIMEMetadata"); ok {
				b.Metadata, _ = r.(map[string]any)
			}
		}
	}
	if len(parts) == 0 {
		for _, f := range forms {
			// A front end prefers JSON to HTML and images, so that a tree would
			// hide the picture: it is a form for those who have no other.
			if f.mime == MIMEJSON && len(parts) > 0 {
				continue
			}
			if r, ok := call(f.method); ok && !isEmpty(r) {
				parts[f.mime] = r
			}
		}
	}
	if len(parts) == 0 {
		if out, ok := builtin(v); ok {
			b = out
			parts = out.Data
		}
	}
	addAll(&b, parts)
	if _, ok := parts[MIMEText]; !ok {
		var text string
		if r, ok := call("Error"); ok {
			text, _ = r.(string)
			text = clean(text)
		} else if r, ok := call("String"); ok {
			text, _ = r.(string)
			text = clean(text)
		} else {
			text = Text(v)
		}
		if old := b.Text(); old != "" { // faults of addAll
			text += "\n" + old
		}
		b.Data[MIMEText] = text
	}
	for _, f := range faults {
		b.Data[MIMEText] = b.Text() + "\n" + f
	}
	return b
}

// safely calls a method and makes a panic an error.
func safely(methods Methods, name string) (r any, ok bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, ok, err = nil, false, fmt.Errorf("panic: %v", p)
		}
	}()
	return methods(name)
}

func isEmpty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case []byte:
		return len(x) == 0
	}
	return false
}

// methodsOf gives the method set of v. For a struct that is the set of its
// pointer, so that a type is shown alike by value and by pointer.
func methodsOf(v any) Methods {
	if t := reflect.TypeOf(v); t.Kind() == reflect.Struct && reflect.PointerTo(t).NumMethod() > t.NumMethod() {
		p := reflect.New(t)
		p.Elem().Set(reflect.ValueOf(v))
		v = p.Interface()
	}
	return func(name string) (any, bool, error) { return callMethod(v, name) }
}

// callMethod asserts rather than looks up by name through reflection, which
// would keep every exported method of the program in the binary.
func callMethod(v any, name string) (any, bool, error) {
	switch name {
	case "MIMEBundle":
		if x, ok := v.(interface{ MIMEBundle() map[string]any }); ok {
			return x.MIMEBundle(), true, nil
		}
	case "MIMEMetadata":
		if x, ok := v.(interface{ MIMEMetadata() map[string]any }); ok {
			return x.MIMEMetadata(), true, nil
		}
	case "HTML":
		switch x := v.(type) {
		case interface{ HTML() string }:
			return x.HTML(), true, nil
		case interface{ HTML() (string, error) }:
			return result(x.HTML())
		}
	case "Markdown":
		switch x := v.(type) {
		case interface{ Markdown() string }:
			return x.Markdown(), true, nil
		case interface{ Markdown() (string, error) }:
			return result(x.Markdown())
		}
	case "LaTeX":
		switch x := v.(type) {
		case interface{ LaTeX() string }:
			return x.LaTeX(), true, nil
		case interface{ LaTeX() (string, error) }:
			return result(x.LaTeX())
		}
	case "SVG":
		switch x := v.(type) {
		case interface{ SVG() string }:
			return x.SVG(), true, nil
		case interface{ SVG() (string, error) }:
			return result(x.SVG())
		}
	case "PNG":
		switch x := v.(type) {
		case interface{ PNG() []byte }:
			return x.PNG(), true, nil
		case interface{ PNG() ([]byte, error) }:
			return result(x.PNG())
		}
	case "JPEG":
		switch x := v.(type) {
		case interface{ JPEG() []byte }:
			return x.JPEG(), true, nil
		case interface{ JPEG() ([]byte, error) }:
			return result(x.JPEG())
		}
	case "JSON":
		switch x := v.(type) {
		case interface{ JSON() any }:
			return x.JSON(), true, nil
		case interface{ JSON() (any, error) }:
			return result(x.JSON())
		}
	case "Error":
		if x, ok := v.(error); ok {
			return x.Error(), true, nil
		}
	case "String":
		if x, ok := v.(fmt.Stringer); ok {
			return x.String(), true, nil
		}
	}
	return nil, false, nil
}

func result[T any](v T, err error) (any, bool, error) { return v, err == nil, err }

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
