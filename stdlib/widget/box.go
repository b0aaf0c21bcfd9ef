package widget

import (
	"fmt"
	"slices"
	"strings"
)

// HBox puts widgets beside each other.
type HBox struct {
	Children []Widget

	core
}

// Row puts widgets beside each other.
func Row(children ...Widget) *HBox { return &HBox{Children: children} }

func (w *HBox) describe() (string, map[string]any) {
	return "HBoxModel", map[string]any{"children": refer(w.Children)}
}

// SetChildren puts other widgets in.
func (w *HBox) SetChildren(children []Widget) {
	opened(w).set(map[string]any{"children": refer(children)})
}

// ModelID implements Widget.
func (w *HBox) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *HBox) MIMEBundle() map[string]any { return bundle(w) }

func (w *HBox) text() string { return texts(w.Children, "   ") }

// VBox puts widgets below each other.
type VBox struct {
	Children []Widget

	core
}

// Column puts widgets below each other.
func Column(children ...Widget) *VBox { return &VBox{Children: children} }

func (w *VBox) describe() (string, map[string]any) {
	return "VBoxModel", map[string]any{"children": refer(w.Children)}
}

// SetChildren puts other widgets in.
func (w *VBox) SetChildren(children []Widget) {
	opened(w).set(map[string]any{"children": refer(children)})
}

// ModelID implements Widget.
func (w *VBox) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *VBox) MIMEBundle() map[string]any { return bundle(w) }

func (w *VBox) text() string { return texts(w.Children, "\n") }

// Tab shows one of several widgets, each under a title.
type Tab struct {
	Children []Widget
	// Titles are those of the children, in their order.
	Titles []string

	core
}

func (w *Tab) describe() (string, map[string]any) {
	titles := slices.Clone(w.Titles)
	for len(titles) < len(w.Children) {
		titles = append(titles, fmt.Sprint(len(titles)+1))
	}
	var selected any
	if len(w.Children) > 0 {
		selected = 0
	}
	return "TabModel", map[string]any{"children": refer(w.Children), "titles": titles, "selected_index": selected}
}

// Get is the number of the child in front, from 0; -1 if there is none.
func (w *Tab) Get() int {
	if i, ok := opened(w).get("selected_index").(float64); ok {
		return int(i)
	}
	return -1
}

// Set brings a child to the front.
func (w *Tab) Set(i int) { opened(w).set(map[string]any{"selected_index": i}) }

// OnChange calls f with the number of the child after another came to the front.
func (w *Tab) OnChange(f func(i int)) { opened(w).onChange("selected_index", func() { f(w.Get()) }) }

// ModelID implements Widget.
func (w *Tab) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *Tab) MIMEBundle() map[string]any { return bundle(w) }

func (w *Tab) text() string { return texts(w.Children, "\n") }

// texts writes children as text.
func texts(children []Widget, between string) string {
	var all []string
	for _, c := range children {
		if e, ok := c.(element); ok {
			all = append(all, e.text())
		}
	}
	return strings.Join(all, between)
}
