// Package figure draws the figures of an analysis of preference data: those of
// Song et al. 2024 (arXiv 2403.11124) from the numbers in package paper, and the
// analyst's own in the same dress.
//
//	f := figure.Figure4c()                  // the paper's
//	f = figure.Scatter(groups)              // one's own, a least-squares line a group
//	f.Title = "Reward follows diversity"
//	f                                       // as a cell's last line: it is displayed
//	err := f.Save("reward.svg")             // or .png
//
// A Figure is data: series, labels and options, all exported fields, most of
// which may stay zero. It is drawn when it is shown, by gonum/plot with a theme of
// our own: the colours of Okabe and Ito, which people see alike whatever their
// colour vision, and a marker of its own for each series, a sans serif face, a
// light grid, and the legend above the data, never on it. In a notebook it is a
// Vega-Lite chart that answers to the mouse, with a PNG of twice the resolution
// beside it for all readers that have no Vega.
//
// The package knows the paper's numbers and tables (arrowio); it knows no
// tokenizer, no data set and no model.
package figure
