package box

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// MarshalJSON implements json.Marshaler: it writes what encoding/json writes
// for the value in compiled Go.
func (b Box) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	if err := encode(&buf, b.T, reflect.ValueOf(b.V)); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func encode(w *bytes.Buffer, t *Type, v reflect.Value) error {
	if t.Kind == reflect.Interface {
		return encodeIface(w, v)
	}
	if t.Plain {
		return encodePlain(w, v)
	}
	if t.Has("MarshalJSON", "func() ([]uint8, error)") && !(v.Kind() == reflect.Pointer && v.IsNil()) {
		b, err := t.Method("MarshalJSON").(func(any) ([]byte, error))(v.Interface())
		if err == nil {
			err = json.Compact(w, b)
		}
		if err != nil {
			return fmt.Errorf("json: error calling MarshalJSON for type %s: %w", t, err)
		}
		return nil
	}
	if text, ok, err := textOf(t, v); ok {
		if err != nil {
			return fmt.Errorf("json: error calling MarshalText for type %s: %w", t, err)
		}
		return encodePlain(w, reflect.ValueOf(text))
	}
	v = Bare(t, v)
	switch t.Kind {
	case reflect.Pointer:
		if v.IsNil() {
			w.WriteString("null")
			return nil
		}
		return encode(w, t.Elem, v.Elem())
	case reflect.Struct:
		return encodeStruct(w, t, v)
	case reflect.Slice, reflect.Array:
		return encodeList(w, t, v)
	case reflect.Map:
		return encodeMap(w, t, v)
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("json: unsupported type: %s", t)
	}
	return encodePlain(w, reflect.ValueOf(basicOf(v)))
}

// textOf is what a MarshalText method gives.
func textOf(t *Type, v reflect.Value) (string, bool, error) {
	if t.Plain || !t.Has("MarshalText", "func() ([]uint8, error)") || v.Kind() == reflect.Pointer && v.IsNil() {
		return "", false, nil
	}
	b, err := t.Method("MarshalText").(func(any) ([]byte, error))(v.Interface())
	return string(b), true, err
}

func encodePlain(w *bytes.Buffer, v reflect.Value) error {
	if !v.IsValid() {
		w.WriteString("null")
		return nil
	}
	if !v.CanInterface() {
		return nil
	}
	b, err := json.Marshal(v.Interface())
	w.Write(b)
	return err
}

func encodeIface(w *bytes.Buffer, v reflect.Value) error {
	if v.IsValid() && v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return encodePlain(w, v)
}

func encodeList(w *bytes.Buffer, t *Type, v reflect.Value) error {
	if t.Kind == reflect.Slice {
		if v.IsNil() {
			w.WriteString("null")
			return nil
		}
		if t.Elem.Kind == reflect.Uint8 && t.Elem.Sigs == nil {
			w.WriteString(`"` + base64.StdEncoding.EncodeToString(v.Bytes()) + `"`)
			return nil
		}
	}
	w.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			w.WriteByte(',')
		}
		if err := encode(w, t.Elem, v.Index(i)); err != nil {
			return err
		}
	}
	w.WriteByte(']')
	return nil
}

func encodeMap(w *bytes.Buffer, t *Type, v reflect.Value) error {
	if v.IsNil() {
		w.WriteString("null")
		return nil
	}
	type entry struct {
		key string
		v   reflect.Value
	}
	var es []entry
	for it := v.MapRange(); it.Next(); {
		k, err := keyText(t.Key, it.Key())
		if err != nil {
			return err
		}
		es = append(es, entry{k, it.Value()})
	}
	slices.SortFunc(es, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	w.WriteByte('{')
	for i, e := range es {
		if i > 0 {
			w.WriteByte(',')
		}
		if err := encodePlain(w, reflect.ValueOf(e.key)); err != nil {
			return err
		}
		w.WriteByte(':')
		if err := encode(w, t.Elem, e.v); err != nil {
			return err
		}
	}
	w.WriteByte('}')
	return nil
}

func keyText(t *Type, k reflect.Value) (string, error) {
	if k.Kind() == reflect.String {
		return k.String(), nil
	}
	if text, ok, err := textOf(t, k); ok {
		return text, err
	}
	if k.CanInterface() {
		if m, ok := k.Interface().(encoding.TextMarshaler); ok {
			b, err := m.MarshalText()
			return string(b), err
		}
	}
	if k.CanInt() || k.CanUint() {
		return fmt.Sprint(basicOf(k)), nil
	}
	return "", fmt.Errorf("json: unsupported type: map with %s keys", t)
}

// jsonField is a field under the name it has in JSON.
type jsonField struct {
	name      string
	tagged    bool
	omitEmpty bool
	omitZero  bool
	quoted    bool
	depth     int
	t         *Type
	v         reflect.Value
}

func encodeStruct(w *bytes.Buffer, t *Type, v reflect.Value) error {
	w.WriteByte('{')
	first := true
	for _, f := range visible(collect(t, v, 0)) {
		if f.omitEmpty && isEmpty(f.v) || f.omitZero && f.v.IsZero() {
			continue
		}
		if !first {
			w.WriteByte(',')
		}
		first = false
		if err := encodePlain(w, reflect.ValueOf(f.name)); err != nil {
			return err
		}
		w.WriteByte(':')
		var sub bytes.Buffer
		if err := encode(&sub, f.t, f.v); err != nil {
			return err
		}
		if f.quoted && sub.Len() > 0 && sub.String() != "null" {
			q, err := json.Marshal(sub.String())
			if err != nil {
				return err
			}
			w.Write(q)
			continue
		}
		w.Write(sub.Bytes())
	}
	w.WriteByte('}')
	return nil
}

// collect lists the fields of a struct and of its embedded structs.
func collect(t *Type, v reflect.Value, depth int) []jsonField {
	var out []jsonField
	for i, f := range t.Fields {
		fv := v.Field(i)
		tag := f.Tag.Get("json")
		name, opts, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		if f.Embedded && name == "" {
			et, ev := f.Type, fv
			if et.Kind == reflect.Pointer {
				if ev.IsNil() {
					continue
				}
				et, ev = et.Elem, ev.Elem()
			}
			if et.Kind == reflect.Struct && !et.Plain {
				out = append(out, collect(et, ev, depth+1)...)
				continue
			}
			if et.Kind == reflect.Struct && et.Plain {
				out = append(out, collectPlain(ev, depth+1)...)
				continue
			}
		}
		if !f.Exported {
			continue
		}
		jf := jsonField{name: name, tagged: name != "", depth: depth, t: f.Type, v: fv}
		if name == "" {
			jf.name = f.Name
		}
		for _, o := range strings.Split(opts, ",") {
			switch o {
			case "omitempty":
				jf.omitEmpty = true
			case "omitzero":
				jf.omitZero = true
			case "string":
				jf.quoted = true
			}
		}
		out = append(out, jf)
	}
	return out
}

// collectPlain lists the fields of an embedded struct of compiled code.
func collectPlain(v reflect.Value, depth int) []jsonField {
	t := &Type{Kind: reflect.Struct}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		t.Fields = append(t.Fields, Field{Name: f.Name, Tag: f.Tag, Exported: f.IsExported(), Embedded: f.Anonymous,
			Type: &Type{Name: f.Type.String(), Kind: f.Type.Kind(), Plain: true}})
	}
	return collect(t, v, depth)
}

// visible drops the fields that others of the same name hide.
func visible(fs []jsonField) []jsonField {
	var out []jsonField
	for i, f := range fs {
		hidden := false
		for j, g := range fs {
			if i == j || g.name != f.name {
				continue
			}
			if g.depth < f.depth || g.depth == f.depth && (g.tagged || g.tagged == f.tagged) {
				hidden = true
			}
			if g.depth == f.depth && f.tagged && !g.tagged || g.depth > f.depth {
				continue
			}
		}
		if !hidden {
			out = append(out, f)
		}
	}
	return out
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
