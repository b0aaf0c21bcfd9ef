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
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"divvy/gpu/device"
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
	Took   float64            `json:"took"` // seconds, start and compilation included
}

// set keeps a figure.
func (r *Result) set(name string, x float64) {
	if r.Values == nil {
		r.Values = map[string]float64{}
	}
	r.Values[name] = x
}

func (r *Result) note(format string, a ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, a...)) }

// settings are the command's flags.
type settings struct {
	device, size, prompts, out, python, parts, part string
	budget                                          time.Duration
	seed                                            uint64
	flash                                           bool
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
	flag.BoolVar(&s.flash, "flash", true, "try attention by cuDNN's kernels; without, it is in primitives")
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
	var results []Result
	end := time.Now().Add(s.budget)
	for _, name := range strings.Split(s.parts, ",") {
		p, err := find(name)
		if err != nil {
			return err
		}
		r := s.child(ctx, p, min(time.Until(end), p.most))
		results = append(results, r)
		fmt.Fprintf(w, "%s\n", describe(r))
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

// runPart runs the part in this process.
func (s settings) runPart(ctx context.Context, w io.Writer) error {
	p, err := find(s.part)
	if err != nil {
		return err
	}
	r := Result{Part: p.name}
	start := time.Now()
	if err := p.run(ctx, s, &r); err != nil {
		r.Error = err.Error()
	}
	r.Took = time.Since(start).Seconds()
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(s.file(p.name), append(text, '\n'), 0o644)
}

func (s settings) file(part string) string { return filepath.Join(s.out, part+".json") }

// child runs a part in a process of its own and reads what it wrote.
func (s settings) child(ctx context.Context, p part, most time.Duration) Result {
	r := Result{Part: p.name}
	if most < 5*time.Second {
		r.Error = "not run: the time is up"
		return r
	}
	if p.torch && s.python == "" {
		r.Error = "not run: no Python was given"
		return r
	}
	os.Remove(s.file(p.name))
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	cmd, err := s.command(ctx, p)
	if err != nil {
		r.Error = err.Error()
		return r
	}
	log, err := os.Create(filepath.Join(s.out, p.name+".log"))
	if err != nil {
		r.Error = err.Error()
		return r
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = 5 * time.Second
	failed := cmd.Run()
	text, err := os.ReadFile(s.file(p.name))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	switch {
	case ctx.Err() != nil && r.Took == 0:
		r.Error = fmt.Sprintf("stopped after %v; see %s", most.Round(time.Second), log.Name())
	case failed != nil && r.Error == "":
		r.Error = fmt.Sprintf("%v: %s", failed, lastLine(log.Name()))
	case err != nil:
		r.Error = fmt.Sprintf("it wrote no figures: %v", err)
	}
	return r
}

// command prepares the process of a part.
func (s settings) command(ctx context.Context, p part) (*exec.Cmd, error) {
	if !p.torch {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return exec.CommandContext(ctx, self, "-part", p.name, "-device", s.device, "-size", s.size, "-prompts", s.prompts,
			"-out", s.out, "-seed", fmt.Sprint(s.seed), fmt.Sprintf("-flash=%t", s.flash)), nil
	}
	z, err := sizes(s.size)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(s.out, "torch_gpu.py")
	if err := os.WriteFile(program, torchProgram, 0o644); err != nil {
		return nil, err
	}
	shape, err := json.Marshal(z)
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, s.python, program, p.name, string(shape), s.prompts, s.file(p.name)), nil
}

// lastLine is the last line that is not empty: of Python, the exception.
func lastLine(path string) string {
	text, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
