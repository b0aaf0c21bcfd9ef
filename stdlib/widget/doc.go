// Package widget makes interactive controls in a notebook: sliders, menus,
// buttons, and figures that follow them.
//
//	p := widget.FloatSlider{Label: "p", Min: 0.3, Max: 0.7, Step: 0.01, Value: 0.5}
//	widget.Interact(func(p float64) any { return fit(p) }, p)
//
// shows a slider with what fit(0.5) gives, and calls fit again whenever the
// slider is moved. A cell that wants to read or set a control itself, now or in
// a later cell, keeps its address:
//
//	size := &widget.IntSlider{Label: "prompts", Min: 100, Max: 5000}
//	size                  // as a cell's last line: it is displayed
//	size.Get()            // what the user has chosen by now
//	size.OnChange(func(n int) { ... })
//
// The exported fields of a control say how it starts; they are read when it is
// first shown. From then on it lives in the front end, and methods read and
// change it. Its value is up to date even while a cell runs. Functions that it
// calls run one at a time, never beside a cell, and belong to the cell that
// registered them: what they print appears there. Of the many changes of a
// slider on the move, those that come while such a function runs are followed
// by one call with the last value.
//
// The package speaks version 2.1.0 of ipywidgets' protocol, so that the stock
// manager of JupyterLab, VS Code and others draws the controls, saves their
// state in the notebook, and finds them again when the page is loaded anew.
// Without such a front end a control shows itself as text, and an Interaction
// with its first figure.
//
// It knows nothing of kernels or sockets. Whoever runs cells hands it a [Host],
// and the messages of front ends to [Deliver].
package widget
