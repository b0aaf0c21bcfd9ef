package interp

import (
	"reflect"
	"sync"

	"divvy/kernel/cell"
	"divvy/kernel/symbols/box"
	"divvy/stdlib/display"
)

// connectDisplay directs package display to the running cells, once for the
// process.
var connectDisplay = sync.OnceFunc(func() { display.SetSink(displaySink{}) })

// displaySink passes what is displayed to the cell of the calling goroutine.
type displaySink struct{}

func displayTo() cell.Sink {
	r := owner()
	if r == nil {
		r = owners.latest.Load()
	}
	if r == nil {
		return nil
	}
	return r.sink
}

func (displaySink) Display(b display.Bundle, id string, update bool) {
	kind := cell.Display
	if update {
		kind = cell.UpdateDisplay
	}
	if s := displayTo(); s != nil {
		s.Emit(cell.Event{Kind: kind, DisplayID: id, Bundle: &cell.Bundle{Data: b.Data, Metadata: b.Metadata}})
	}
}

func (displaySink) Clear(wait bool) {
	if s := displayTo(); s != nil {
		s.Emit(cell.Event{Kind: cell.ClearOutput, Wait: wait})
	}
}

// Ask puts a question to the user of the calling goroutine's cell.
func (displaySink) Ask(prompt string, password bool) (string, error) {
	r := owner()
	if r == nil {
		r = owners.latest.Load()
	}
	if r == nil || !r.stdin {
		return "", errNoInput
	}
	return r.ask(prompt, password)
}

// bundleOf shows the values of a cell's last expression.
func bundleOf(vs []any) *cell.Bundle {
	shown := make([]any, len(vs))
	for i, v := range vs {
		shown[i] = showable(v)
	}
	b := display.OfValues(shown)
	return &cell.Bundle{Data: b.Data, Metadata: b.Metadata}
}

// showable makes a bundle of a value in a box, with the methods that its type
// has in the cell; all else is left to package display.
func showable(v any) any {
	b, ok := box.Of(v)
	if !ok {
		return v
	}
	return display.OfMethods(v, func(name string) (any, bool, error) {
		code := b.T.Method(name)
		if code != nil {
			return callNoArgs(code, b.V)
		}
		switch name {
		case "String": // the text of a value without one
			return textOf(b), true, nil
		case "HTML": // a slice of structs is a table
			if e := b.T.Elem; b.T.Kind == reflect.Slice && e.Kind == reflect.Struct && !hasText(e) {
				page, ok := display.StructsHTML(openRows(b))
				return page, ok, nil
			}
		}
		return nil, false, nil
	})
}

// hasText tells whether values of a type say by themselves what they are.
func hasText(t *box.Type) bool {
	return t.Has("Error", "func() string") || t.Has("String", "func() string")
}

// callNoArgs calls the code of a method without parameters.
func callNoArgs(code, recv any) (any, bool, error) {
	fn := reflect.ValueOf(code)
	t := fn.Type()
	if t.NumIn() != 1 || t.NumOut() < 1 || t.NumOut() > 2 {
		return nil, false, nil
	}
	out := fn.Call([]reflect.Value{reflect.ValueOf(&recv).Elem()})
	if t.NumOut() == 2 {
		if t.Out(1) != errorType {
			return nil, false, nil
		}
		if err, _ := out[1].Interface().(error); err != nil {
			return nil, true, err
		}
	}
	return out[0].Interface(), true, nil
}
