package interp

import (
	"bytes"
	"encoding/xml"
	"reflect"

	"divvy/kernel/symbols/box"
)

// An element of XML is named by its type where nothing else names it, and what
// represents a cell's type has no name.

func xmlEncode(e *xml.Encoder, v any) error {
	b, ok := box.Of(v)
	if !ok {
		return e.Encode(v)
	}
	if name := xmlName(b.T); name != "" {
		return e.EncodeElement(open(v), xml.StartElement{Name: xml.Name{Local: name}})
	}
	return e.Encode(open(v))
}

func xmlMarshal(v any) ([]byte, error) { return xmlMarshalIndent(v, "", "") }

func xmlMarshalIndent(v any, prefix, indent string) ([]byte, error) {
	var out bytes.Buffer
	e := xml.NewEncoder(&out)
	e.Indent(prefix, indent)
	if err := xmlEncode(e, v); err != nil {
		return nil, err
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// xmlName is the name of the type whose values are elements, "" where a field
// names them.
func xmlName(t *box.Type) string {
	for t != nil && t.Short == "" && (t.Kind == reflect.Pointer || t.Kind == reflect.Slice || t.Kind == reflect.Array) {
		t = t.Elem
	}
	if t == nil {
		return ""
	}
	for _, f := range t.Fields {
		if f.Name == "XMLName" {
			return ""
		}
	}
	return t.Short
}
