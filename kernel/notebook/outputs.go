package notebook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"divvy/kernel/cell"
)

// maxText bounds the text that a cell stores, so that a loop that prints
// without end leaves a notebook that can be opened.
const maxText = 8 << 20

// displays are the outputs of a run by display id, across its cells.
type displays struct {
	mu   sync.Mutex // guards every output of the run, too
	byID map[string][]map[string]any
}

// outputs is the sink of one cell. It keeps what the cell shows in the form of
// nbformat's outputs, as JupyterLab does: text of one stream that is not
// interrupted by anything is one output.
type outputs struct {
	shared *displays
	count  int
	echo   func(cell.Event)                                                        // when set, is shown every event too
	input  func(ctx context.Context, prompt string, password bool) (string, error) // when set, answers questions

	// Guarded by the lock of shared.
	list         []any
	clearPending bool          // clear before the next output
	text         *streamText   // of the last output, when that is a stream
	stored       int           // bytes of text so far
	widgets      *widgetStates // shared by the run
}

var errNoInput = errors.New("nobody can be asked for input here")

func (o *outputs) Input(ctx context.Context, prompt string, password bool) (string, error) {
	if o.input == nil {
		return "", errNoInput
	}
	return o.input(ctx, prompt, password)
}

func (o *outputs) Emit(e cell.Event) {
	if o.echo != nil {
		o.echo(e)
	}
	o.shared.mu.Lock()
	defer o.shared.mu.Unlock()
	switch e.Kind {
	case cell.Stream:
		o.stream(e.Stream, e.Text)
	case cell.Display, cell.ExecuteResult:
		if e.Bundle == nil {
			return
		}
		out := map[string]any{
			"output_type": e.Kind,
			"data":        orEmpty(e.Bundle.Data),
			"metadata":    orEmpty(e.Bundle.Metadata),
		}
		if e.Kind == cell.ExecuteResult {
			out["execution_count"] = o.count
		}
		if e.DisplayID != "" {
			o.shared.update(e.DisplayID, e.Bundle)
			o.shared.byID[e.DisplayID] = append(o.shared.byID[e.DisplayID], out)
		}
		o.append(out)
	case cell.UpdateDisplay:
		if e.Bundle != nil {
			o.shared.update(e.DisplayID, e.Bundle)
		}
	case cell.ClearOutput:
		if o.clearPending = e.Wait; !e.Wait {
			o.clear()
		}
	case cell.CommOpen, cell.CommMsg, cell.CommClose:
		if e.Comm != nil {
			o.widgets.handle(e.Kind, e.Comm)
		}
	}
}

// fail appends an error. It is not called by cells, which end with theirs.
func (o *outputs) fail(err *cell.Error) {
	o.shared.mu.Lock()
	defer o.shared.mu.Unlock()
	traceback := make([]any, len(err.Traceback))
	for i, line := range err.Traceback {
		traceback[i] = line
	}
	o.append(map[string]any{
		"output_type": "error",
		"ename":       err.Name,
		"evalue":      err.Value,
		"traceback":   traceback,
	})
}

// store puts the outputs into the cell's fields. It may be called again, for
// what goroutines of the cell have shown since.
func (o *outputs) store(c *Cell) {
	o.shared.mu.Lock()
	defer o.shared.mu.Unlock()
	if o.text != nil {
		o.text.output["text"] = o.text.String()
	}
	c.fields["outputs"] = slices.Clone(o.list)
}

func (o *outputs) append(out map[string]any) {
	if o.clearPending {
		o.clear()
	}
	if o.text != nil {
		o.text.output["text"] = o.text.String()
		o.text = nil
	}
	o.list = append(o.list, out)
}

func (o *outputs) clear() {
	o.list, o.text, o.clearPending, o.stored = []any{}, nil, false, 0
}

// stream adds text to the last output, or begins a new one.
func (o *outputs) stream(name, text string) {
	if o.clearPending {
		o.clear()
	}
	if o.stored > maxText {
		return
	}
	o.stored += len(text)
	over := o.stored > maxText
	if over {
		text = text[:len(text)-(o.stored-maxText)]
		text += fmt.Sprintf("\n… the text of this cell exceeds %d MiB; the rest is not stored\n", maxText>>20)
	}
	if o.text == nil || o.text.output["name"] != name {
		out := map[string]any{"output_type": "stream", "name": name, "text": ""}
		o.append(out)
		o.text = &streamText{output: out}
	}
	o.text.write(text)
}

// update replaces the content of every output with a display id.
func (d *displays) update(id string, b *cell.Bundle) {
	for _, out := range d.byID[id] {
		out["data"], out["metadata"] = orEmpty(b.Data), orEmpty(b.Metadata)
	}
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
