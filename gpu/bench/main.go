// Command bench measures a GPU machine in one run and prints the table of
// targets: the device's test table, training and generation beside the same in
// PyTorch and transformers.
//
//	CGO_ENABLED=0 go build -o bench ./gpu/bench    # here
//	./bench -prompts prompts.jsonl -budget 9m      # there: no Go is needed
//
// There it needs the wheels of jax[cuda13] and, to compare, torch and
// transformers, in the environment of `python3`. Each part runs in a process
// of its own, so that none holds memory of the device while another runs, and
// writes its figures to the folder -out as soon as it has them: what is
// measured when the time is up is kept, and what is not is said.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"divvy/gpu/device"
	"divvy/gpu/train"
)

//go:embed torch_gpu.py
var torchProgram []byte

// Result is what a part measured.
type Result struct {
	Part   string             `json:"part"`
	Device string             `json:"device,omitempty"`
	Values map[string]float64 `json:"values,omitempty"`
	Notes  []string           `json:"notes,omitempty"`
	Error  string             `json:"error,omitempty"`
	// Skipped is why there is nothing to measure on this machine.
	Skipped string `json:"skipped,omitempty"`
	// Attention is how it is to be computed, by a trial.
	Attention string  `json:"attention,omitempty"`
	Took      float64 `json:"took"` // seconds, start and compilation included
}

// broken says whether the part came to no figure of its own for a reason that may
// lie with the device: it ended by itself, was stopped, or the plug-in gave an error.
func (r Result) broken() bool {
	if !strings.Contains(r.Error, "pjrt: ") && !strings.HasPrefix(r.Error, "stopped") && !strings.HasPrefix(r.Error, ended) {
		return false
	}
	for name := range r.Values {
		if name != "compile_s" {
			return false
		}
	}
	return true
}

// set keeps a figure.
func (r *Result) set(name string, x float64) {
	if r.Values == nil {
		r.Values = map[string]float64{}
	}
	r.Values[name] = x
}

// note keeps a remark, and puts it into the part's log at once.
func (r *Result) note(format string, a ...any) {
	r.Notes = append(r.Notes, short(fmt.Sprintf(format, a...)))
	r.say(format, a...)
}

// say puts a line into the part's log.
func (r *Result) say(format string, a ...any) {
	fmt.Fprintf(os.Stderr, "%s %s\n", time.Now().UTC().Format("15:04:05.0"), fmt.Sprintf(format, a...))
}

// How attention is computed.
const (
	tryCuDNN      = "try" // by cuDNN, where a trial shows it right
	byCuDNN       = "cudnn"
	byCuDNNCausal = "causal" // by cuDNN over causal rows only
	plainly       = "plain"
)

// settings are the command's flags.
type settings struct {
	device, size, prompts, out, python, parts, part, attention string
	budget                                                     time.Duration
	seed                                                       uint64
	tune                                                       int  // XLA's level of tuning; negative: its own choice
	careful                                                    bool // without tuning and command buffers
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == device.RankCommand { // one of several processes of a device
		fmt.Fprintln(os.Stderr, "bench:", device.Rank(context.Background(), os.Args[2:]))
		os.Exit(1)
	}
	var s settings
	flag.StringVar(&s.device, "device", "cuda:0", "the device to measure; cuda:0-7 are eight processes that share each batch")
	flag.StringVar(&s.size, "size", "full", "full, or tiny to try every part out on a processor")
	flag.StringVar(&s.prompts, "prompts", "", "JSON lines of token ids: {\"prompt\": [..], \"responses\": [[..], ..], \"rewards\": [..]}")
	flag.StringVar(&s.out, "out", "bench-out", "the folder for the parts' figures")
	flag.StringVar(&s.python, "python", "python3", "the interpreter with torch and transformers; empty for no comparison")
	flag.StringVar(&s.parts, "parts", strings.Join(names(), ","), "the parts to run, in order")
	flag.StringVar(&s.part, "part", "", "run one part in this process and write its figures")
	flag.StringVar(&s.attention, "attention", tryCuDNN, "try cuDNN's kernels; cudnn or causal, without a trial, everywhere or over causal rows; or plain, in primitives")
	flag.IntVar(&s.tune, "tune", -1, "XLA's level of tuning kernels, 0 for none; -1 leaves the choice to it")
	flag.DurationVar(&s.budget, "budget", 9*time.Minute, "the time for all parts")
	flag.Uint64Var(&s.seed, "seed", uint64(time.Now().UnixNano()), "of random numbers; a new one each run")
	flag.Parse()
	if err := run(context.Background(), s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, w io.Writer) error {
	if _, err := sizes(s.size); err != nil {
		return err
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return err
	}
	if s.part != "" {
		return s.runPart(ctx, w)
	}
	results, err := s.runParts(ctx, w)
	if err != nil {
		return err
	}
	text := report(results, s)
	fmt.Fprint(w, "\n", text)
	if err := os.WriteFile(filepath.Join(s.out, "report.md"), []byte(text), 0o644); err != nil {
		return err
	}
	if failed := slices.ContainsFunc(results, func(r Result) bool { return r.Error != "" }); failed {
		return errors.New("some parts failed or were not run; the report says which")
	}
	return nil
}

// short is a text of few lines: a plug-in's errors may be tables of all memory.
func short(text string) string {
	const most = 1200
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), " | ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most*3/4]+" [...] "+text[len(text)-most/4:], "")
	}
	return text
}

// isMemory says whether an error is that a run would not fit.
func isMemory(err error) bool { return errors.Is(err, train.ErrMemory) }

// ended is how the error of a part begins whose process came to a bad end.
const ended = "its process ended: "

// runParts runs each part in a process of its own, until the time is up.
func (s settings) runParts(ctx context.Context, w io.Writer) ([]Result, error) {
	var results []Result
	end := time.Now().Add(s.budget)
	for _, name := range strings.Split(s.parts, ",") {
		p, err := find(name)
		if err != nil {
			return nil, err
		}
		r := s.child(ctx, p, min(time.Until(end), p.most))
		if r.broken() && !p.torch && !s.careful && time.Until(end) > p.most/2 {
			// What can be done without is left out; if that helps, for what follows too.
			// The first part finds everything cold, and is only given a second chance.
			was := r.Error
			s.careful = p.name != "attention"
			r = s.child(ctx, p, min(time.Until(end), p.most))
			r.Notes = append(r.Notes, fmt.Sprintf("a second try, without tuning and command buffers: %v; the first: %s", s.careful, was))
			s.careful = s.careful && r.Error == "" // else they were not to blame
		}
		if p.name == "attention" && s.attention == tryCuDNN { // once is enough
			s.attention = cmp.Or(r.Attention, plainly)
		}
		results = append(results, r)
		fmt.Fprintf(w, "%s\n", describe(r))
	}
	return results, nil
}

// runPart runs the part in this process.
func (s settings) runPart(ctx context.Context, w io.Writer) error {
	p, err := find(s.part)
	if err != nil {
		return err
	}
	r := Result{Part: p.name}
	start := time.Now()
	err = p.run(ctx, s, &r)
	if err != nil {
		r.say("%v", err) // in full
	}
	if isMemory(err) {
		r.Skipped = short(err.Error())
	} else if err != nil {
		r.Error = short(err.Error())
	}
	r.Took = time.Since(start).Seconds()
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(s.file(p.name), append(text, '\n'), 0o644)
}
