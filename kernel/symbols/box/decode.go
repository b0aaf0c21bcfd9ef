package box

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Unmarshal fills what the pointer in a box points to as json.Unmarshal does
// in compiled Go: with the methods of cells' types, and through embedded fields.
func Unmarshal(data []byte, b Box, strict, useNumber bool) error {
	v := reflect.ValueOf(b.V)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("json: Unmarshal(non-pointer %s)", b.T)
	}
	if !json.Valid(data) {
		var x any
		return json.Unmarshal(data, &x) // words the error
	}
	d := decoder{strict: strict, useNumber: useNumber}
	if err := d.value(data, b.T, v); err != nil {
		return err
	}
	return d.saved
}

type decoder struct {
	strict, useNumber bool

	root  string   // the struct around, for errors
	path  []string // the fields that led here
	saved error    // the first value that did not fit; decoding went on
}

// value decodes data into v, which is settable or a pointer.
func (d *decoder) value(data []byte, t *Type, v reflect.Value) error {
	data = bytes.TrimSpace(data)
	null := string(data) == "null"
	if t.Kind == reflect.Pointer {
		if null && v.CanSet() {
			v.SetZero()
			return nil
		}
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		if done, err := d.custom(data, t, v, null); done {
			return err
		}
		return d.value(data, t.Elem, v.Elem())
	}
	if t.Plain {
		return d.plain(data, t, v)
	}
	if p := t.Ptr(); p != nil && v.CanAddr() {
		if done, err := d.custom(data, p, v.Addr(), null); done {
			return err
		}
	}
	v = Bare(t, v)
	switch {
	case t.Kind == reflect.Interface:
		return d.iface(data, v, null)
	case null:
		if t.Kind == reflect.Map || t.Kind == reflect.Slice {
			v.SetZero()
		}
		return nil
	}
	switch {
	case t.Kind == reflect.Struct && data[0] == '{':
		return d.object(data, t, v)
	case t.Kind == reflect.Map && data[0] == '{':
		return d.mapping(data, t, v)
	case (t.Kind == reflect.Slice || t.Kind == reflect.Array) && data[0] == '[':
		return d.list(data, t, v)
	}
	return d.plain(data, t, v)
}

// custom calls UnmarshalJSON or UnmarshalText of a pointer.
func (d *decoder) custom(data []byte, p *Type, v reflect.Value, null bool) (bool, error) {
	const sig = "func([]uint8) error"
	if p.Has("UnmarshalJSON", sig) {
		return true, p.Method("UnmarshalJSON").(func(any, []byte) error)(v.Interface(), bytes.Clone(data))
	}
	if p.Has("UnmarshalText", sig) && !null && data[0] == '"' {
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return true, err
		}
		return true, p.Method("UnmarshalText").(func(any, []byte) error)(v.Interface(), []byte(s))
	}
	return false, nil
}

// plain decodes what encoding/json can by itself.
func (d *decoder) plain(data []byte, t *Type, v reflect.Value) error {
	var err error
	if d.useNumber {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		err = dec.Decode(v.Addr().Interface())
	} else {
		err = json.Unmarshal(data, v.Addr().Interface())
	}
	var te *json.UnmarshalTypeError
	if !errors.As(err, &te) {
		return err
	}
	if te.Type == v.Type() && t != nil {
		te.Type = named{te.Type, t.Name}
	}
	if len(d.path) > 0 {
		if te.Struct == "" {
			te.Struct = d.root
		}
		if te.Field != "" {
			te.Field = "." + te.Field
		}
		te.Field = strings.Join(d.path, ".") + te.Field
	}
	if d.saved == nil {
		d.saved = te
	}
	return nil
}

// named is the representation of a cell's type under the name of that.
type named struct {
	reflect.Type
	name string
}

func (n named) String() string { return n.name }

func (d *decoder) iface(data []byte, v reflect.Value, null bool) error {
	if v.NumMethod() > 0 {
		if null {
			v.SetZero()
			return nil
		}
		return d.plain(data, nil, v)
	}
	if b, ok := Of(v.Interface()); ok && !null { // a pointer to fill
		if p := reflect.ValueOf(b.V); p.Kind() == reflect.Pointer && !p.IsNil() {
			return d.value(data, b.T, p)
		}
		v.SetZero()
	}
	return d.plain(data, nil, v)
}

func (d *decoder) list(data []byte, t *Type, v reflect.Value) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if t.Kind == reflect.Slice {
		if v.Cap() < len(raw) || v.IsNil() {
			grown := reflect.MakeSlice(v.Type(), len(raw), len(raw))
			reflect.Copy(grown, v)
			v.Set(grown)
		}
		v.SetLen(len(raw))
	}
	for i := range v.Len() {
		if i >= len(raw) {
			v.Index(i).SetZero()
		} else if err := d.value(raw[i], t.Elem, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// entries calls f for the members of an object, in order.
func entries(data []byte, f func(key string, raw json.RawMessage) error) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		k, err := dec.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		if err := f(k.(string), raw); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) mapping(data []byte, t *Type, v reflect.Value) error {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	return entries(data, func(key string, raw json.RawMessage) error {
		k := reflect.New(v.Type().Key()).Elem()
		if err := setKey(k, t.Key, key); err != nil {
			return err
		}
		e := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(raw, t.Elem, e); err != nil {
			return err
		}
		v.SetMapIndex(k, e)
		return nil
	})
}

func setKey(k reflect.Value, t *Type, key string) error {
	if p := t.Ptr(); p != nil && p.Has("UnmarshalText", "func([]uint8) error") {
		return p.Method("UnmarshalText").(func(any, []byte) error)(k.Addr().Interface(), []byte(key))
	}
	switch {
	case k.Kind() == reflect.String:
		k.SetString(key)
	case k.CanInt():
		n, err := strconv.ParseInt(key, 10, k.Type().Bits())
		if err != nil {
			return fmt.Errorf("json: cannot unmarshal number %s into Go value of type %s", key, t)
		}
		k.SetInt(n)
	case k.CanUint():
		n, err := strconv.ParseUint(key, 10, k.Type().Bits())
		if err != nil {
			return fmt.Errorf("json: cannot unmarshal number %s into Go value of type %s", key, t)
		}
		k.SetUint(n)
	default:
		return json.Unmarshal([]byte(strconv.Quote(key)), k.Addr().Interface())
	}
	return nil
}

// target is a field that a member of an object may fill.
type target struct {
	jsonField
	index   []int    // through embedded fields
	through []string // the embedded structs around it
}

// targets lists the fields of a struct, and of those embedded in it.
func targets(t *Type, index []int, depth int) []target {
	var out []target
	if t.Plain || depth > 10 {
		return nil
	}
	for i, f := range t.Fields {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		at := append(append([]int{}, index...), i)
		if f.Tag.Get("json") == "-" {
			continue
		}
		if f.Embedded && name == "" {
			et := f.Type
			if et.Kind == reflect.Pointer {
				et = et.Elem
			}
			if et != nil && et.Kind == reflect.Struct && !et.Plain {
				for _, in := range targets(et, at, depth+1) {
					in.through = append([]string{f.Name}, in.through...)
					out = append(out, in)
				}
				continue
			}
		}
		if !f.Exported {
			continue
		}
		if name == "" {
			name = f.Name
		}
		out = append(out, target{jsonField{name: name, tagged: f.Tag.Get("json") != "", depth: depth, t: f.Type,
			quoted: strings.Contains(","+opts+",", ",string,")}, at, nil})
	}
	return out
}

func (d *decoder) object(data []byte, t *Type, v reflect.Value) error {
	all := targets(t, nil, 0)
	find := func(same func(a string) bool) (best *target) {
		for i := range all {
			if f := &all[i]; same(f.name) && (best == nil || f.depth < best.depth) {
				best = f
			}
		}
		return best
	}
	around := d.root
	d.root = t.Short
	defer func() { d.root = around }()
	return entries(data, func(key string, raw json.RawMessage) error {
		f := find(func(n string) bool { return n == key })
		if f == nil {
			f = find(func(n string) bool { return strings.EqualFold(n, key) })
		}
		if f == nil {
			if d.strict {
				return fmt.Errorf("json: unknown field %q", key)
			}
			return d.embedded(key, raw, t, v)
		}
		field := v
		for _, i := range f.index {
			if field.Kind() == reflect.Pointer {
				if field.IsNil() {
					field.Set(reflect.New(field.Type().Elem()))
				}
				field = field.Elem()
			}
			field = field.Field(i)
		}
		if f.quoted && len(raw) > 1 && raw[0] == '"' {
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return err
			}
			raw = json.RawMessage(s)
		}
		d.path = append(append(d.path, f.through...), f.name)
		defer func() { d.path = d.path[:len(d.path)-1-len(f.through)] }()
		return d.value(raw, f.t, field)
	})
}

// embedded gives a member that no field took to the structs of compiled code
// that are embedded.
func (d *decoder) embedded(key string, raw json.RawMessage, t *Type, v reflect.Value) error {
	one, err := json.Marshal(map[string]json.RawMessage{key: raw})
	if err != nil {
		return err
	}
	for i, f := range t.Fields {
		if f.Embedded && f.Exported && f.Type.Plain && f.Tag.Get("json") == "" && v.Field(i).Kind() == reflect.Struct {
			if err := d.plain(one, nil, v.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}
