package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"divvy/kernel/cell"
	"divvy/kernel/exit"
	"divvy/kernel/modules"
	"divvy/kernel/notebook"
	"divvy/kernel/serve"
)

// runOptions are the flags of the run command.
type runOptions struct {
	output, html string
	dir          string
	parameters   []string
	timeout      time.Duration
	allowErrors  bool
	quiet, print bool
}

func runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run FILE|-",
		Short: "Run a notebook (.ipynb) or a Go script (.go) from first to last cell",
		Long: `Run a notebook or a Go script from its first cell to its last, without Jupyter.

A notebook is executed in its own directory, and the executed notebook is written
beside it: figure4.ipynb becomes figure4.out.ipynb. Results of an earlier run are
replaced. When a cell fails, the run stops there, what has run is written, and the
cell, the line and the error are printed.

A script is a Go program with func main, or cells of Go separated by lines that
begin with "// %%". It runs in the current directory, prints what its cells show,
and writes a notebook only with -o. A file called - is a script from standard input.

With -p name=value, a cell that sets the values is added after the cell tagged
"parameters" (in a script, the one below "// %% parameters"), as papermill does;
without that tag, after the first cell that declares one of the names.

Exit codes:
  0    every cell ended well, or --allow-errors was given
  1    a cell failed, or ran for longer than --timeout
  2    wrong arguments, or the input cannot be read
  3    the kernel failed, or the output cannot be written
  130  interrupted (Ctrl-C); what has run is written`,
		Example: `  kernel run notebooks/figure4.ipynb
  kernel run figure4.ipynb -p n=500 -o figure4-500.ipynb
  kernel run analysis.go --timeout 10m
  echo 'dataset.Example()' | kernel run -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("run takes one file, a notebook (.ipynb) or a Go script (.go), not %d; see kernel run --help", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), args[0], o) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "", "where to write the executed notebook (NAME.out.ipynb)")
	f.StringVar(&o.html, "html", "", "also write the executed notebook as a web page to this `file`")
	f.StringArrayVarP(&o.parameters, "parameter", "p", nil, "set a parameter: name=value; may be repeated")
	f.DurationVar(&o.timeout, "timeout", 0, "how long each cell may take, for example 90s (no limit)")
	f.BoolVar(&o.allowErrors, "allow-errors", false, "go on after a cell that fails")
	f.StringVar(&o.dir, "cwd", "", "the working directory of the cells (the notebook's)")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress")
	f.BoolVar(&o.print, "print", false, "print what the cells of a notebook show, as for a script")
	return cmd
}

func run(ctx context.Context, path string, o runOptions) error {
	if ctx == nil {
		ctx = context.Background()
	}
	nb, script, err := load(path, &o)
	if err != nil {
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	if err := checkOutputs(o); err != nil {
		return err
	}
	interpreter := modules.New("", o.dir, nil)
	defer interpreter.Close()

	// The first Ctrl-C stops the cell, writes what has run and leaves; a second
	// one, for the impatient, ends the process as it does by default.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop)

	color := term.IsTerminal(int(os.Stderr.Fd()))
	opts := notebook.Options{AllowErrors: o.allowErrors, Timeout: o.timeout, Input: newConsole().ask}
	if !o.quiet && !script {
		opts.Progress = progress(os.Stderr, o.print)
	}
	if script {
		opts.Name = filepath.Base(path)
	}
	failed := 0
	opts.Allowed = func(*notebook.Failure) { failed++ }
	settle := func() {}
	if script || o.print { // else the notebook has it all
		columns, _, _ := term.GetSize(int(os.Stdout.Fd()))
		out := newEcho(os.Stdout, os.Stderr, columns)
		opts.Echo, settle = out.event, out.end
		opts.Allowed = func(f *notebook.Failure) {
			failed++
			out.end()
			describe(os.Stderr, path, script, f, color)
		}
	}
	begun := time.Now()
	failure, err := nb.Run(ctx, interpreter, opts)
	settle()
	if failed > 0 && !o.quiet {
		fmt.Fprintf(os.Stderr, "%s: %d of the cells failed, which --allow-errors lets pass\n", path, failed)
	}
	if o.output != "" {
		if err := nb.Write(o.output); err != nil {
			return &exit.Error{Code: exit.Kernel, Err: err}
		}
		if !o.quiet {
			fmt.Fprintf(os.Stderr, "%s written after %.1f s\n", o.output, time.Since(begun).Seconds())
		}
	}
	if o.html != "" {
		title := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if err := nb.WriteHTML(o.html, title); err != nil {
			return &exit.Error{Code: exit.Kernel, Err: err}
		}
		if !o.quiet {
			fmt.Fprintln(os.Stderr, o.html, "written")
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &exit.Error{Code: exit.Interrupted, Err: errors.New("interrupted")}
	case err != nil:
		return &exit.Error{Code: exit.Kernel, Err: err}
	case failure != nil && script && failure.Err.Name == cell.ErrExit && strings.HasPrefix(failure.Err.Value, "os.Exit(0)"):
		return nil // which is how a program ends well
	case failure != nil:
		describe(os.Stderr, path, script, failure, color)
		if failure.Err.Name == cell.ErrInternal {
			return &exit.Error{Code: exit.Kernel, Err: nil}
		}
		return &exit.Error{Code: exit.Cell, Err: nil}
	}
	return nil
}

// load reads the input and completes the options that depend on it.
func load(path string, o *runOptions) (nb *notebook.Notebook, script bool, err error) {
	switch ext := filepath.Ext(path); {
	case path == "-":
		var b []byte
		if b, err = io.ReadAll(os.Stdin); err != nil {
			err = fmt.Errorf("reading a script from standard input: %w", err)
		}
		nb, script = notebook.ParseScript(string(b)), true
	case ext == ".ipynb":
		nb, err = notebook.Read(path)
		if err == nil && nb.Language() != "" && nb.Language() != "go" {
			err = fmt.Errorf("%s is a notebook in %s by its metadata (language_info, kernelspec), and the cells run here are Go", path, nb.Language())
		}
		if o.output == "" {
			o.output = strings.TrimSuffix(path, ".ipynb") + ".out.ipynb"
		}
		if o.dir == "" {
			o.dir = filepath.Dir(path)
		}
	case ext == ".go":
		nb, err = notebook.ReadScript(path)
		script = true
	default:
		err = fmt.Errorf("%s is neither a notebook (.ipynb) nor a Go script (.go, or - for standard input)", path)
	}
	if err != nil {
		return nil, false, err
	}
	var parameters []notebook.Parameter
	for _, s := range o.parameters {
		p, err := notebook.ParseParameter(s)
		if err != nil {
			return nil, false, err
		}
		parameters = append(parameters, p)
	}
	notes, err := nb.Inject(parameters)
	if err != nil {
		return nil, false, err
	}
	for _, note := range notes {
		fmt.Fprintf(os.Stderr, "%s: %s\n", path, note)
	}
	nb.SetLanguage(serve.Kernelspec(), languageInfo())
	return nb, script, nil
}

// checkOutputs finds before a long run what would be found at its end.
func checkOutputs(o runOptions) error {
	for _, out := range []struct{ flag, path, ext, what string }{
		{"-o", o.output, ".ipynb", "a notebook"}, {"--html", o.html, ".html", "a web page"},
	} {
		if out.path == "" {
			continue
		}
		switch st, err := os.Stat(out.path); {
		case err == nil && st.IsDir():
			return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s %s is a folder; name a file in it", out.flag, out.path)}
		case err == nil && !st.Mode().IsRegular(): // a pipe, or /dev/stdout
			continue
		}
		if filepath.Ext(out.path) != out.ext { // most likely another file's name, which would be overwritten
			return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s %s: what is written is %s, give it a name that ends in %s", out.flag, out.path, out.what, out.ext)}
		}
		f, err := os.CreateTemp(filepath.Dir(out.path), ".divvy-*.part")
		if err != nil {
			return &exit.Error{Code: exit.Kernel, Err: fmt.Errorf("%s cannot be written, so nothing was run: %w", out.path, errors.Unwrap(err))}
		}
		f.Close()
		os.Remove(f.Name())
	}
	return nil
}

// languageInfo is the metadata that Jupyter takes from kernel_info.
func languageInfo() map[string]any {
	var m map[string]any
	b, err := json.Marshal(serve.Info().Language)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		panic(err) // cannot be: strings only
	}
	return m
}

// progress chooses how to report: on one line of a terminal, unless others write
// there too, or line by line.
func progress(f *os.File, shared bool) notebook.Progress {
	columns, _, err := term.GetSize(int(f.Fd()))
	if err == nil && !shared && os.Getenv("TERM") != "dumb" {
		return notebook.NewTerminalProgress(f, columns)
	}
	return notebook.NewLogProgress(f)
}

// describe prints where a run failed, and why.
func describe(w io.Writer, path string, script bool, f *notebook.Failure, color bool) {
	where := path
	if line := f.Line(); script && line > 0 {
		where += fmt.Sprintf(":%d", line)
	} else {
		where += fmt.Sprintf(": cell %d of %d, In[%d]", f.Number, f.Of, f.Count)
		if line > 0 {
			where += fmt.Sprintf(", line %d", line)
		}
	}
	trace := strings.Join(f.Err.Traceback, "\n") // shows the line, too
	if trace == "" {
		trace = f.Err.Value
	}
	if !color {
		trace = ansi.ReplaceAllString(trace, "")
	}
	fmt.Fprintf(w, "\n%s: %s\n%s\n", where, f.Err.Name, trace)
}

var ansi = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")
