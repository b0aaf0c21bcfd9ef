package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

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
	start := time.Now()
	failed := cmd.Run()
	shorten(log)
	text, err := os.ReadFile(s.file(p.name))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if r.Took == 0 {
		r.Took = time.Since(start).Seconds()
	}
	switch {
	case ctx.Err() != nil:
		r.Error = fmt.Sprintf("stopped after %v; see %s", most.Round(time.Second), log.Name())
	case failed != nil && r.Error == "":
		r.Error = fmt.Sprintf("%s%v: %s", ended, failed, lastWord(log.Name()))
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
		cmd := exec.CommandContext(ctx, self, "-part", p.name, "-device", s.device, "-size", s.size, "-prompts", s.prompts,
			"-out", s.out, "-seed", fmt.Sprint(s.seed), "-attention", s.attention, "-tune", fmt.Sprint(s.tune))
		if s.careful {
			cmd.Env = append(os.Environ(), "XLA_FLAGS="+os.Getenv("XLA_FLAGS")+" --xla_gpu_autotune_level=0 --xla_gpu_enable_command_buffer=")
		}
		return cmd, nil
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

// shorten keeps the beginning and the end of a long log: they are carried home.
func shorten(log *os.File) {
	const keep = 256 << 10
	info, err := log.Stat()
	if err != nil || info.Size() <= 2*keep {
		return
	}
	end := make([]byte, keep)
	if _, err := log.ReadAt(end, info.Size()-keep); err != nil {
		return
	}
	if log.Truncate(keep) == nil {
		log.WriteAt(append([]byte("\n[...]\n"), end...), keep)
	}
}

// dying is how lines begin that say why a process came to an end by itself: XLA's,
// and Go's, behind which registers and stacks follow.
var dying = regexp.MustCompile(`(?m)^(F\d{4} |panic: |fatal error: |SIG[A-Z]+: ).*$`)

// lastWord is the first line of a log that says why its process ended or, without
// one, the last that is not empty: of Python, the exception.
func lastWord(path string) string {
	text, _ := os.ReadFile(path)
	if line := dying.Find(text); line != nil {
		return string(line)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
