package interp

import (
	"encoding/json"
	"reflect"

	"divvy/kernel/symbols/box"
)

func jsonUnmarshal(data []byte, p any) error {
	b, ok := box.Of(p)
	if !ok {
		return json.Unmarshal(data, p)
	}
	return box.Unmarshal(data, b, false, false)
}

func jsonDecode(d *json.Decoder, p any) error {
	b, ok := box.Of(p)
	if !ok {
		return d.Decode(p)
	}
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return err
	}
	// What the decoder was told is only in its private state.
	state := reflect.ValueOf(d).Elem().FieldByName("d")
	told := func(name string) bool {
		f := reflect.Value{}
		if state.Kind() == reflect.Struct {
			f = state.FieldByName(name)
		}
		return f.Kind() == reflect.Bool && f.Bool()
	}
	return box.Unmarshal(raw, b, told("disallowUnknownFields"), told("useNumber"))
}
