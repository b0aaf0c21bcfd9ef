package notebook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Notebook is a notebook of nbformat 4. Fields that this package does not know
// are kept as they are.
type Notebook struct {
	Cells []*Cell

	fields map[string]any // all but the cells
}

// Cell is one cell of a notebook.
type Cell struct {
	// Line is where the cell begins in the script that it comes from, counted
	// from 1; 0 for a cell of a notebook.
	Line int

	fields map[string]any
}

// Read reads the notebook in a file.
func Read(path string) (*Notebook, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a notebook: %w", err)
	}
	nb, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("reading the notebook %s: %w", path, err)
	}
	return nb, nil
}

// Parse decodes a notebook. It refuses what is no notebook of nbformat 4, and
// cells without a type, but does not validate beyond that.
func Parse(b []byte) (*Notebook, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber() // numbers in metadata and outputs keep their digits
	var fields map[string]any
	if err := d.Decode(&fields); err == io.EOF {
		return nil, errors.New("the file is empty")
	} else if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("the file ends within the notebook")
	} else if err != nil {
		return nil, syntaxError(b, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more in the file after the notebook ends")
	}
	switch v := fields["nbformat"]; v {
	case json.Number("4"):
	case nil:
		return nil, errors.New("it is JSON, but no notebook: it has no nbformat")
	default:
		return nil, fmt.Errorf("it has nbformat %v, this reads nbformat 4 (Jupyter upgrades a notebook when it opens and saves it)", v)
	}
	list, ok := fields["cells"].([]any)
	if !ok {
		return nil, fmt.Errorf("it has no list of cells")
	}
	delete(fields, "cells")
	nb := &Notebook{fields: fields}
	for i, v := range list {
		f, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("cell %d is no object", i+1)
		}
		switch f["cell_type"] {
		case "code", "markdown", "raw":
		default:
			return nil, fmt.Errorf("cell %d has the unknown type %v", i+1, f["cell_type"])
		}
		nb.Cells = append(nb.Cells, &Cell{fields: f})
	}
	return nb, nil
}

// syntaxError adds the line to an error of the JSON decoder.
func syntaxError(b []byte, err error) error {
	var offset int64
	switch e := err.(type) {
	case *json.SyntaxError:
		offset = e.Offset
	case *json.UnmarshalTypeError:
		return fmt.Errorf("it is JSON, but no notebook: it begins with an %s", e.Value)
	default:
		return err
	}
	line := 1 + bytes.Count(b[:min(int(offset), len(b))], []byte("\n"))
	return fmt.Errorf("line %d: %w", line, err)
}

// New returns an empty notebook of nbformat 4.5 for Go.
func New() *Notebook {
	return &Notebook{fields: map[string]any{
		"nbformat":       json.Number("4"),
		"nbformat_minor": json.Number("5"),
		"metadata":       map[string]any{},
	}}
}

// newCell returns a cell with what every cell of its type must have. An empty
// id is for a format that has none.
func newCell(kind, id, source string) *Cell {
	f := map[string]any{"cell_type": kind, "metadata": map[string]any{}, "source": source}
	if id != "" {
		f["id"] = id
	}
	if kind == "code" {
		f["execution_count"] = nil
		f["outputs"] = []any{}
	}
	return &Cell{fields: f}
}

// hasIDs reports whether cells of this notebook have ids (nbformat 4.5).
func (nb *Notebook) hasIDs() bool {
	minor, _ := nb.fields["nbformat_minor"].(json.Number)
	n, err := minor.Int64()
	return err == nil && n >= 5
}

// metadata returns the notebook's metadata, to read and to change.
func (nb *Notebook) metadata() map[string]any { return object(nb.fields, "metadata") }

// Language is the programming language that the notebook says it is in, in lower
// case; empty if it says nothing.
func (nb *Notebook) Language() string {
	m := nb.metadata()
	for _, from := range [][2]string{{"language_info", "name"}, {"kernelspec", "language"}} {
		said, _ := m[from[0]].(map[string]any)
		if name, _ := said[from[1]].(string); name != "" {
			return strings.ToLower(name)
		}
	}
	return ""
}

// SetLanguage records what ran the notebook, as Jupyter does: the kernelspec
// when it names none, and the language.
func (nb *Notebook) SetLanguage(kernelspec, languageInfo map[string]any) {
	m := nb.metadata()
	if _, ok := m["kernelspec"]; !ok && kernelspec != nil {
		m["kernelspec"] = kernelspec
	}
	if languageInfo != nil {
		m["language_info"] = languageInfo
	}
}

// Type is code, markdown or raw.
func (c *Cell) Type() string { return c.fields["cell_type"].(string) }

// ID is the cell's id, which cells have since nbformat 4.5.
func (c *Cell) ID() string {
	id, _ := c.fields["id"].(string)
	return id
}

// Source is the text of the cell.
func (c *Cell) Source() string { return joined(c.fields["source"]) }

// Tags are the cell's tags.
func (c *Cell) Tags() []string {
	var tags []string
	list, _ := object(c.fields, "metadata")["tags"].([]any)
	for _, t := range list {
		if s, ok := t.(string); ok {
			tags = append(tags, s)
		}
	}
	return tags
}

func (c *Cell) tagged(tag string) bool {
	for _, t := range c.Tags() {
		if t == tag {
			return true
		}
	}
	return false
}

// clear takes the results of an earlier run away.
func (c *Cell) clear() {
	if c.Type() == "code" {
		c.fields["outputs"] = []any{}
		c.fields["execution_count"] = nil
	}
}

// object returns the object in a field, and puts one there when there is none.
func object(fields map[string]any, key string) map[string]any {
	m, ok := fields[key].(map[string]any)
	if !ok {
		m = map[string]any{}
		fields[key] = m
	}
	return m
}

// joined returns a multi-line string, which notebooks store whole or as a list
// of lines.
func joined(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var b strings.Builder
		for _, line := range v {
			s, _ := line.(string)
			b.WriteString(s)
		}
		return b.String()
	}
	return ""
}
