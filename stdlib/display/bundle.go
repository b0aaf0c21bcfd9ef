package display

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// Bundle is one value in several forms, of which a front end shows the richest
// that it can. Binary content is a base64 string, JSON content any JSON value,
// all other content a string: as it stands in a Jupyter message.
type Bundle struct {
	// Data maps a MIME type to content. text/plain is always there in a Bundle
	// made by this package.
	Data map[string]any
	// Metadata maps a MIME type to a map of hints, such as the width and height
	// in CSS pixels at which an image is to be shown. It may be nil.
	Metadata map[string]any
}

// MIMEBundle gives the content, so that a Bundle is itself displayable.
func (b Bundle) MIMEBundle() map[string]any { return b.Data }

// MIMEMetadata gives the metadata.
func (b Bundle) MIMEMetadata() map[string]any { return b.Metadata }

// Text gives the text/plain form.
func (b Bundle) Text() string {
	s, _ := b.Data[MIMEText].(string)
	return s
}

// String gives the text/plain form.
func (b Bundle) String() string { return b.Text() }

// HTML makes a displayable of HTML, which the front end takes as it is: escape
// text of others before putting it in (html.EscapeString).
func HTML(s string) Bundle { return textual(MIMEHTML, s, htmlText(s)) }

// Markdown makes a displayable of Markdown, formulas between dollar signs included.
func Markdown(s string) Bundle { return textual(MIMEMarkdown, s, s) }

// SVG makes a displayable of an SVG document.
func SVG(s string) Bundle { return textual(MIMESVG, s, "SVG image") }

// LaTeX makes a displayable of LaTeX, with its dollar signs.
func LaTeX(s string) Bundle { return textual(MIMELaTeX, s, s) }

// PNG makes a displayable of an encoded PNG image.
func PNG(b []byte) Bundle { return binary(MIMEPNG, b) }

// JPEG makes a displayable of an encoded JPEG image.
func JPEG(b []byte) Bundle { return binary(MIMEJPEG, b) }

// JSON makes a displayable of any value that encoding/json can write; a front
// end shows it as a tree that opens and closes.
func JSON(v any) Bundle {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return plain(fmt.Sprintf("display: JSON of %T: %v", v, err))
	}
	return Bundle{Data: map[string]any{MIMEJSON: json.RawMessage(raw), MIMEText: shorten(string(raw), maxText)}}
}

// plain makes a bundle of text alone.
func plain(s string) Bundle { return Bundle{Data: map[string]any{MIMEText: s}} }

func textual(mime, content, text string) Bundle {
	return Bundle{Data: map[string]any{mime: content, MIMEText: text}}
}

func binary(mime string, content []byte) Bundle {
	return Bundle{Data: map[string]any{
		mime:     base64.StdEncoding.EncodeToString(content),
		MIMEText: fmt.Sprintf("%s, %d bytes", mime, len(content)),
	}}
}

// normal brings content into the form that Bundle promises, or says why not.
func normal(mime string, content any) (any, error) {
	switch c := content.(type) {
	case string:
		return c, nil
	case []byte:
		if isBinary(mime) {
			return base64.StdEncoding.EncodeToString(c), nil
		}
		if !isJSON(mime) {
			return string(c), nil
		}
		if !json.Valid(c) {
			return nil, fmt.Errorf("display: %s: not valid JSON", mime)
		}
		return json.RawMessage(c), nil
	case nil:
		return nil, fmt.Errorf("display: %s: no content", mime)
	}
	if !isJSON(mime) {
		return nil, fmt.Errorf("display: %s: content is a %T, want string or []byte", mime, content)
	}
	// Written out now, so that what is shown is the value of this moment and a
	// value that has no JSON form cannot spoil the whole message later.
	raw, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("display: %s: %w", mime, err)
	}
	return json.RawMessage(raw), nil
}

func isJSON(mime string) bool { return mime == MIMEJSON || strings.HasSuffix(mime, "+json") }

// htmlText gives the text of an HTML fragment, for places that show text only.
func htmlText(s string) string {
	var b strings.Builder
	hidden := false
	for z := html.NewTokenizer(strings.NewReader(s)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(b.String())
		case html.TextToken:
			if !hidden {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			switch name, _ := z.TagName(); string(name) {
			case "style", "script":
				hidden = true
			case "br", "tr", "p", "div", "li", "h1", "h2", "h3", "h4":
				b.WriteByte('\n')
			case "td", "th":
				b.WriteByte('\t')
			}
		case html.EndTagToken:
			switch name, _ := z.TagName(); string(name) {
			case "style", "script":
				hidden = false
			}
		}
	}
}
