package augment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// Templates is a Source that fills slots: every combination of every template,
// each once, in an order drawn from a seed.
//
//	src, err := augment.NewTemplates([]string{
//		"How do I {cook|freeze} {food}?",
//		"Is {food} healthy?",
//	}, map[string][]string{"food": {"rice", "beans"}}, 42)
//
// {food} is a slot, {cook|freeze} a choice written in place; {{ and }} are braces.
type Templates struct {
	templates []template
	ends      []uint64 // templates 0 … i have ends[i] combinations
	order     *permutation
	at        uint64
	seed      uint64
}

// template is literal texts with a choice between each and the next.
type template struct {
	literals []string // one more than choices
	choices  [][]string
}

// TemplateError says what is wrong with a template.
type TemplateError struct {
	Template int // its place in the list, counted from 0
	Column   int // in characters, counted from 1
	Reason   string
}

// Error is the place and the reason.
func (e *TemplateError) Error() string {
	return fmt.Sprintf("augment: template %d, column %d: %s", e.Template, e.Column, e.Reason)
}

// NewTemplates reads templates. Every slot that they name must have at least one
// filling in slots. An error is a *TemplateError.
func NewTemplates(templates []string, slots map[string][]string, seed uint64) (*Templates, error) {
	if len(templates) == 0 {
		return nil, errors.New("augment: no templates")
	}
	t := &Templates{seed: seed}
	total := uint64(0)
	for i, text := range templates {
		parsed, offset, reason := parseTemplate(text, slots)
		if reason != "" {
			return nil, &TemplateError{i, utf8.RuneCountInString(text[:offset]) + 1, reason}
		}
		count := uint64(1)
		for _, choice := range parsed.choices {
			high, low := bits.Mul64(count, uint64(len(choice)))
			if high != 0 || low > 1<<62 {
				return nil, &TemplateError{i, 1, "more than 2^62 combinations"}
			}
			count = low
		}
		if total += count; total > 1<<62 {
			return nil, &TemplateError{i, 1, "more than 2^62 combinations with the templates before"}
		}
		t.templates, t.ends = append(t.templates, parsed), append(t.ends, total)
	}
	t.order = newPermutation(total, seed)
	return t, nil
}

// parseTemplate reads one template; offset is the byte that the reason is about.
func parseTemplate(text string, slots map[string][]string) (t template, offset int, reason string) {
	var literal strings.Builder
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "{{"), strings.HasPrefix(text[i:], "}}"):
			literal.WriteByte(text[i])
			i += 2
		case text[i] == '}':
			return t, i, "a } without its {; write }} for a brace"
		case text[i] == '{':
			inside, _, closed := strings.Cut(text[i+1:], "}")
			if !closed {
				return t, i, "a { without its }; write {{ for a brace"
			}
			if at := strings.IndexByte(inside, '{'); at >= 0 {
				return t, i + 1 + at, "a { within braces"
			}
			choice := strings.Split(inside, "|")
			if len(choice) == 1 {
				filling, ok := slots[inside]
				switch {
				case !ok:
					return t, i, fmt.Sprintf("no filling for slot %q", inside)
				case len(filling) == 0:
					return t, i, fmt.Sprintf("slot %q has no fillings", inside)
				}
				choice = slices.Clone(filling)
			}
			t.literals, t.choices = append(t.literals, literal.String()), append(t.choices, choice)
			literal.Reset()
			i += len(inside) + 2
		default:
			literal.WriteByte(text[i])
			i++
		}
	}
	t.literals = append(t.literals, literal.String())
	return t, 0, ""
}

// fill is combination n of the template.
func (t template) fill(n uint64) string {
	var out strings.Builder
	for i, choice := range t.choices {
		out.WriteString(t.literals[i])
		out.WriteString(choice[n%uint64(len(choice))])
		n /= uint64(len(choice))
	}
	out.WriteString(t.literals[len(t.choices)])
	return out.String()
}

// Len is the number of combinations, at most 2^62.
func (t *Templates) Len() int { return int(t.order.n) }

// Name says how many combinations there are and the seed of their order.
func (t *Templates) Name() string {
	return fmt.Sprintf("%d templates, %d combinations, seed %d", len(t.templates), t.Len(), t.seed)
}

// Next is the next combination.
func (t *Templates) Next(context.Context) (string, error) {
	if t.at >= t.order.n {
		return "", io.EOF
	}
	n := t.order.at(t.at)
	t.at++
	i, exact := slices.BinarySearch(t.ends, n)
	if exact {
		i++ // combination ends[i] is the first of the next template
	}
	if i > 0 {
		n -= t.ends[i-1]
	}
	return t.templates[i].fill(n), nil
}

// Seek makes the next combination the n-th.
func (t *Templates) Seek(n int) error {
	if n < 0 {
		return fmt.Errorf("augment: prompt %d", n)
	}
	t.at = uint64(n)
	return nil
}
