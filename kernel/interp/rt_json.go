package interp

import (
	"encoding/json"
	"errors"
	"fmt"

	"divvy/kernel/symbols/box"
)

func jsonUnmarshal(data []byte, p any) error {
	b, ok := box.Of(p)
	if !ok {
		return json.Unmarshal(data, p)
	}
	if err := box.Decodable(b.T); err != nil {
		return fmt.Errorf("json: %w", err)
	}
	return named(b.T, json.Unmarshal(data, b.V))
}

func jsonDecode(d *json.Decoder, p any) error {
	b, ok := box.Of(p)
	if !ok {
		return d.Decode(p)
	}
	if err := box.Decodable(b.T); err != nil {
		return fmt.Errorf("json: %w", err)
	}
	return named(b.T, d.Decode(b.V))
}

// named puts the name of a cell's struct in an error, which knows none.
func named(t *box.Type, err error) error {
	var e *json.UnmarshalTypeError
	if errors.As(err, &e) && e.Struct == "" && e.Field != "" {
		for t.Elem != nil {
			t = t.Elem
		}
		e.Struct = t.Short
	}
	return err
}
