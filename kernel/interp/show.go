package interp

import (
	"divvy/kernel/cell"
	"divvy/stdlib/display"
)

// shower directs package display's output to the cell whose goroutine shows it.
type shower struct{ runs *runs }

var _ display.Sink = shower{}

// Display implements display.Sink.
func (s shower) Display(b display.Bundle, id string, update bool) {
	kind := cell.Display
	if update {
		kind = cell.UpdateDisplay
	}
	s.emit(cell.Event{Kind: kind, Bundle: &cell.Bundle{Data: b.Data, Metadata: b.Metadata}, DisplayID: id})
}

// Clear implements display.Sink.
func (s shower) Clear(wait bool) { s.emit(cell.Event{Kind: cell.ClearOutput, Wait: wait}) }

func (s shower) emit(e cell.Event) {
	if r := s.runs.current(); r != nil {
		r.sink.Emit(e)
	}
}
