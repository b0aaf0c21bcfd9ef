package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// describe is a part's result as a line or a few.
func describe(r Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-15s %5.1f s ", r.Part, r.Took)
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		fmt.Fprintf(&b, " %s=%.4g", name, r.Values[name])
	}
	if r.Error != "" {
		fmt.Fprintf(&b, " FAILED: %s", r.Error)
	}
	if r.Skipped != "" {
		fmt.Fprintf(&b, " SKIPPED: %s", r.Skipped)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\n    %s", n)
	}
	return b.String()
}

// target is a line of the table.
type target struct {
	what, want string
	got        func(v values) (figure string, ok bool)
}

// values are the figures by part and name; NaN where there is none.
type values map[string]map[string]float64

func (v values) at(part, name string) float64 {
	if x, ok := v[part][name]; ok {
		return x
	}
	return math.NaN()
}

// ratio compares two figures; a figure that is missing makes it "not measured".
func ratio(x, y, least float64) (string, bool) {
	if math.IsNaN(x / y) {
		return "", false
	}
	return fmt.Sprintf("%.2f", x/y), x/y >= least
}

var targets = []target{
	{"SFT, share of the ceiling of bf16 products that was measured in this run", "0.50 or more", func(v values) (string, bool) {
		text, ok := ratio(v.at("sft", "tflops"), v.at("product", "tflops"), 0.5)
		if text != "" {
			text += fmt.Sprintf(" of %.0f TFLOP/s", v.at("product", "tflops"))
		}
		return text, ok
	}},
	{"SFT, share of 790 TFLOP/s", "0.50 or more", func(v values) (string, bool) { return ratio(v.at("sft", "tflops"), 790, 0.5) }},
	{"SFT, tokens/s over PyTorch eager", "1.3 or more", func(v values) (string, bool) {
		return ratio(v.at("sft", "tokens_per_s"), v.at("torch-sft", "eager_tokens_per_s"), 1.3)
	}},
	{"SFT, tokens/s over torch.compile", "1.05 or more", func(v values) (string, bool) {
		return ratio(v.at("sft", "tokens_per_s"), v.at("torch-sft", "compiled_tokens_per_s"), 1.05)
	}},
	{"PRO at K = 4, samples/s over padded rows in PyTorch", "3 or more", func(v values) (string, bool) {
		return ratio(v.at("pro", "samples_per_s"), v.at("torch-pro", "samples_per_s"), 3)
	}},
	{"Greedy generation, tokens/s over transformers", "5 or more", func(v values) (string, bool) {
		return ratio(v.at("generate", "tokens_per_s"), v.at("torch-generate", "tokens_per_s"), 5)
	}},
	{"SFT, peak memory over the plan", "0.95 to 1.05", func(v values) (string, bool) { return within(v, "sft") }},
	{"PRO, peak memory over the plan", "0.95 to 1.05", func(v values) (string, bool) { return within(v, "pro") }},
	{"The larger model's PRO step", "runs", func(v values) (string, bool) {
		if x := v.at("large", "tokens_per_s"); !math.IsNaN(x) {
			text := fmt.Sprintf("%.0f tokens/s", x)
			if peak := v.at("large", "peak_bytes"); !math.IsNaN(peak) {
				text += fmt.Sprintf(", peak %.1f GB", peak/1e9)
			}
			return text, true
		}
		return "", false
	}},
	{"Device table, comparisons that failed", "0", func(v values) (string, bool) {
		x := v.at("table", "failed")
		if math.IsNaN(x) {
			return "", false
		}
		return fmt.Sprintf("%.0f of %.0f", x, v.at("table", "checked")), x == 0
	}},
}

func within(v values, part string) (string, bool) {
	text, _ := ratio(v.at(part, "peak_bytes"), v.at(part, "plan_bytes"), 0)
	q := v.at(part, "peak_bytes") / v.at(part, "plan_bytes")
	return text, q >= 0.95 && q <= 1.05
}

// report is the table of targets and the parts' figures, in Markdown.
func report(results []Result, s settings) string {
	v := values{}
	device := ""
	for _, r := range results {
		v[r.Part] = r.Values
		if r.Device != "" {
			device = r.Device
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s, %s, size %s, seed %d.\n\n", device, time.Now().UTC().Format("2006-01-02 15:04 UTC"), s.size, s.seed)
	fmt.Fprint(&b, "| target | wanted | measured | |\n|---|---|---|---|\n")
	for _, t := range targets {
		figure, ok := t.got(v)
		verdict := "missed"
		switch {
		case figure == "":
			figure, verdict = "not measured", ""
		case s.size != "full":
			verdict = "not judged at this size"
		case ok:
			verdict = "met"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", t.what, t.want, figure, verdict)
	}
	fmt.Fprint(&b, "\n```\n")
	for _, r := range results {
		fmt.Fprintln(&b, describe(r))
	}
	fmt.Fprint(&b, "```\n")
	return b.String()
}
