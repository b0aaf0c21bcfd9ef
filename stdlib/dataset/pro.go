package dataset

import (
	"bytes"
	"fmt"
	"math"
	"slices"
)

// parsePRO reads a line of PRO's schema: prefix (K times the same turns),
// suffix (K responses), reward (K numbers or nulls; optional), sft_index and
// meta (optional). It is also what WriteJSONL writes.
func parsePRO(o *object, r *Row) error {
	prefixes := 0
	if err := o.members(func() (err error) {
		switch o.key {
		case "prefix":
			prefixes, err = parsePrefixes(o, r)
		case "suffix":
			err = o.texts(&r.Responses)
		case "reward":
			err = parseRewards(o, r)
		case "sft_index":
			var v float64
			if err = o.number(&v); err == nil && v != math.Trunc(v) {
				err = o.at("sft_index", fmt.Errorf("sft_index: %v is not whole", v))
			}
			r.SFTIndex = int(v)
		case "meta":
			var raw []byte
			if raw, err = o.raw(); err == nil && string(raw) != "null" {
				r.Meta = string(raw)
			}
		default:
			err = o.keep()
		}
		return err
	}); err != nil {
		return err
	}
	if err := o.require("prefix", "suffix"); err != nil {
		return err
	}
	if prefixes != max(1, len(r.Responses)) && prefixes+len(r.Responses) > 0 { // a prompt without responses is there once
		return o.at("prefix", fmt.Errorf("%d prefixes for %d responses", prefixes, len(r.Responses)))
	}
	r.Extra = o.rest()
	return nil
}

// parsePrefixes reads the prefixes, of which there is one for each response, all
// the same. Only the first is decoded when the others are the same bytes.
func parsePrefixes(o *object, r *Row) (n int, err error) {
	var first []byte
	err = o.array(func() error {
		start := o.offset()
		if n++; n == 1 {
			if err := o.texts(&r.Prefix); err != nil {
				return err
			}
			first = o.line[start:o.dec.InputOffset()]
			return nil
		}
		if bytes.HasPrefix(o.line[start:], first) {
			_, err := o.raw()
			return err
		}
		var other []string
		if err := o.texts(&other); err != nil {
			return err
		}
		if !slices.Equal(other, r.Prefix) {
			return fault(start, fmt.Errorf("prefix %d differs from prefix 0: a row ranks responses to one prompt", n-1))
		}
		return nil
	})
	return n, err
}

func parseRewards(o *object, r *Row) error {
	if o.null() {
		return nil
	}
	r.Rewards = []float64{}
	return o.array(func() error {
		v := math.NaN()
		if !o.null() {
			if err := o.number(&v); err != nil {
				return err
			}
		}
		r.Rewards = append(r.Rewards, v)
		return nil
	})
}
