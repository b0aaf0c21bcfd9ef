package interp

import (
	"encoding/json"
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
	return json.Unmarshal(data, b.V)
}

func jsonDecode(d *json.Decoder, p any) error {
	b, ok := box.Of(p)
	if !ok {
		return d.Decode(p)
	}
	if err := box.Decodable(b.T); err != nil {
		return fmt.Errorf("json: %w", err)
	}
	return d.Decode(b.V)
}
