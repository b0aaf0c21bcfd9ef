package dataset

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"divvy/arrowio/atomicfile"
	"divvy/arrowio/compressed"
)

// WriteJSONL writes the rows in PRO's schema, which PRO's and the paper's own
// code read, and Load. A name that ends in .gz or .zst is compressed. The file appears
// when it is complete, its folder when there is none. File and Line of a row are not written.
func (d *Dataset) WriteJSONL(ctx context.Context, path string) error {
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err != nil {
		return fmt.Errorf("dataset: writing %s: %w", path, err)
	}
	err = atomicfile.Write(path, func(w io.Writer) error {
		out, err := compressed.NewWriter(path, w)
		if err != nil {
			return err
		}
		if err := d.EncodeJSONL(ctx, out); err != nil {
			out.Close()
			return err
		}
		return out.Close()
	})
	if err != nil {
		return fmt.Errorf("dataset: writing %s: %w", path, err)
	}
	return nil
}

// EncodeJSONL writes the rows in PRO's schema to w.
func (d *Dataset) EncodeJSONL(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	var line []byte
	err := d.each(ctx, "Writing", 1, func(from, to int) error {
		for i := from; i < to; i++ {
			row := d.Row(i)
			var err error
			if line, err = appendPRO(line[:0], &row); err != nil {
				return d.rowError(i, err)
			}
			if _, err := out.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// appendPRO appends a row as a JSON object.
func appendPRO(b []byte, r *Row) ([]byte, error) {
	var err error
	list := func(texts []string) {
		b = append(b, '[')
		for i, t := range texts {
			if i > 0 {
				b = append(b, ',')
			}
			if err == nil {
				b, err = jsontext.AppendQuote(b, t)
			}
		}
		b = append(b, ']')
	}
	b = append(b, `{"prefix":[`...)
	for i := range max(1, len(r.Responses)) { // once where there is no response yet
		if i > 0 {
			b = append(b, ',')
		}
		list(r.Prefix)
	}
	b = append(b, `],"suffix":`...)
	list(r.Responses)
	if r.Rewards != nil {
		b = append(b, `,"reward":[`...)
		for i, v := range r.Rewards {
			if i > 0 {
				b = append(b, ',')
			}
			if math.IsNaN(v) {
				b = append(b, "null"...)
			} else {
				b = strconv.AppendFloat(b, v, 'g', -1, 64)
			}
		}
		b = append(b, ']')
	}
	b = strconv.AppendInt(append(b, `,"sft_index":`...), int64(r.SFTIndex), 10)
	if r.Meta != "" {
		b = append(append(b, `,"meta":`...), r.Meta...)
	}
	switch {
	case len(r.Extra) <= len("{}"):
	case hidesPRO(r.Extra): // as one field, lest a name come twice
		b = append(append(b, `,"extra":`...), r.Extra...)
	default:
		b = append(append(b, ','), r.Extra[1:len(r.Extra)-1]...)
	}
	return append(b, '}'), err
}

// hidesPRO says whether a row's other fields have one of the names that PRO's
// schema has a meaning for.
func hidesPRO(extra string) bool {
	names := []string{"prefix", "suffix", "reward", "sft_index", "meta"}
	if !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(extra, `"`+name+`"`) }) {
		return false // nearly always
	}
	o, _ := fields([]byte(extra))
	return slices.ContainsFunc(names, o.has)
}
