// Package display turns Go values into what a front end can show.
//
// Of makes a MIME bundle of any value: text always, and beside it whatever
// richer form the value offers. A type shows itself by its method set, so a
// library needs no import of this package to be displayed well:
//
//	MIMEBundle() map[string]any   every form at once, MIME type -> content
//	MIMEMetadata() map[string]any its metadata, MIME type -> map (optional)
//	HTML() string                 Markdown() string
//	SVG() string                  LaTeX() string
//	PNG() []byte                  JPEG() []byte
//	JSON() any
//
// Each of the single forms may also return an error as a second result. Images
// (image.Image), gonum plots, Arrow records and whatever writes an image or a
// document by io.WriterTo are shown too; all else is written out in Go's own
// manner with field names, cut to a length that a page can hold.
//
// Show displays now, in the middle of a cell; a Handle replaces later what it
// has shown; Progress is a bar for long work. Without a notebook the same
// program runs in a terminal: text goes to standard output.
//
// The package knows nothing of kernels, sockets or interpreters. Whoever runs
// cells hands it a Sink. All MIME types of the project are named here.
package display
