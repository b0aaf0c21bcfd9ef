package augment

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"divvy/arrowio"
	"divvy/stdlib/dataset"
	"divvy/stdlib/display"
)

// Source gives new prompts, one after the other. The n-th prompt of a source is
// always the same, so that what was interrupted can go on where it was.
type Source interface {
	// Name says what the source is and, where prompts are drawn, from which seed.
	Name() string
	// Next is the next prompt; io.EOF when there are no more.
	Next(ctx context.Context) (string, error)
	// Seek makes the next prompt the n-th, counted from 0.
	Seek(n int) error
}

// CollectOptions of Collect.
type CollectOptions struct {
	// Max is how many prompts to collect, 0 for all that the source has.
	Max int
	// Distinct leaves out a prompt that came before, letter by letter.
	Distinct bool
	// Path is a file of JSON lines to which prompts are written as they come. When
	// it exists the prompts in it are taken over and the source goes on behind
	// them. "" writes nothing.
	Path string
	// Progress, when set, is told how far the work has come. Without one a notebook
	// shows a bar when a call takes more than a second.
	Progress display.Reporter
}

// Collected is prompts that a source gave.
type Collected struct {
	// Source is the source's name.
	Source string
	// Texts are the prompts.
	Texts []string
	// Place is each prompt's place in the source, counted from 0.
	Place []int
	// Resumed is how many of them a file had from an earlier run.
	Resumed int
}

// The lines of a file of prompts: a header that names the source, then prompts.
type (
	fileHeader struct {
		Source string `json:"source"`
	}
	fileLine struct {
		N    int    `json:"n"`
		Text string `json:"text"`
	}
)

// Collect takes prompts from a source. When it ends early, by an error or
// because ctx ended, it gives what it has beside the error; with a Path the same
// call goes on from there.
func Collect(ctx context.Context, src Source, o CollectOptions) (*Collected, error) {
	o.Progress = orAuto(o.Progress)
	c := &Collected{Source: src.Name()}
	var out *os.File
	if o.Path != "" {
		var err error
		if out, err = c.open(o.Path); err != nil {
			return nil, err
		}
		defer out.Close()
		next := 0
		if n := len(c.Place); n > 0 {
			next = c.Place[n-1] + 1
		}
		if err := src.Seek(next); err != nil {
			return c, fmt.Errorf("augment: %s: going on at prompt %d: %w", c.Source, next, err)
		}
		c.Resumed = len(c.Texts)
		if o.Max > 0 && len(c.Texts) >= o.Max {
			c.Texts, c.Place = c.Texts[:o.Max], c.Place[:o.Max]
			return c, nil
		}
	}
	seen := map[string]bool{}
	for _, text := range c.Texts {
		seen[text] = true
	}
	start(o.Progress, int64(o.Max), c.Source)
	defer done(o.Progress)
	add(o.Progress, c.Resumed)
	place := 0
	if n := len(c.Place); n > 0 {
		place = c.Place[n-1] + 1
	}
	for ; o.Max == 0 || len(c.Texts) < o.Max; place++ {
		if ctx.Err() != nil {
			return c, fmt.Errorf("augment: %s: prompt %d: %w", c.Source, place, context.Cause(ctx))
		}
		text, err := src.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return c, fmt.Errorf("augment: %s: prompt %d: %w", c.Source, place, err)
		}
		if o.Distinct && seen[text] {
			continue
		}
		seen[text] = true
		if out != nil {
			if err := writeLine(out, fileLine{place, text}); err != nil {
				return c, fmt.Errorf("augment: writing prompt %d to %s: %w", place, o.Path, err)
			}
		}
		c.Texts, c.Place = append(c.Texts, text), append(c.Place, place)
		add(o.Progress, 1)
	}
	return c, nil
}

// writeLine writes one line at once, so that a crash can only tear the last.
func writeLine(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// open opens or makes the file and reads what is in it. A last line without an
// end is from a run that was killed while writing, and is cut off.
func (c *Collected) open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("augment: %w", err)
	}
	whole, err := c.read(f)
	if err == nil && whole == 0 {
		err = begunHere(f)
	}
	if err == nil {
		if err = f.Truncate(whole); err == nil {
			_, err = f.Seek(whole, io.SeekStart)
		}
	}
	if err == nil && whole == 0 {
		err = writeLine(f, fileHeader{c.Source})
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("augment: %s: %w", path, err)
	}
	return f, nil
}

// begunHere says that a file without a whole line is empty or begins as a first
// line does: any other is somebody's, and cutting it off would destroy it.
func begunHere(f io.ReaderAt) error {
	want := []byte(`{"source":`)
	got := make([]byte, len(want))
	n, err := f.ReadAt(got, 0)
	if err != nil && err != io.EOF {
		return err
	}
	if !bytes.HasPrefix(want, got[:n]) {
		return errors.New("line 1: this is no file of collected prompts; name another")
	}
	return nil
}

// read reads the lines of a file and gives the size of the whole ones.
func (c *Collected) read(f io.Reader) (whole int64, err error) {
	in := bufio.NewReader(f)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		whole += int64(len(line))
		if number == 1 {
			var h fileHeader
			if err := json.Unmarshal(line, &h); err != nil {
				return whole, fmt.Errorf("line 1: %w", err)
			}
			if h.Source != c.Source {
				return whole, fmt.Errorf("line 1: the prompts are of %q, not of %q", h.Source, c.Source)
			}
			continue
		}
		l := fileLine{N: -1}
		if err := json.Unmarshal(line, &l); err != nil {
			return whole, fmt.Errorf("line %d: %w", number, err)
		}
		if n := len(c.Place); l.N < 0 || n > 0 && l.N <= c.Place[n-1] {
			return whole, fmt.Errorf("line %d: prompt number %d does not follow the one before", number, l.N)
		}
		c.Texts, c.Place = append(c.Texts, l.Text), append(c.Place, l.N)
	}
}

// AsPrompts is the texts as the paper measures prompts: each the first turn of a
// dialogue, rendered ("\n\nHuman: …\n\nAssistant:").
func (c *Collected) AsPrompts() []string { return AsPrompts(c.Texts) }

// AsPrompts renders questions as the first turn of a dialogue.
func AsPrompts(questions []string) []string {
	out := make([]string, len(questions))
	for i, q := range questions {
		out[i] = dataset.Render([]string{dataset.PrompterMark + q, dataset.AssistantMark})
	}
	return out
}

// Table is the prompts with the columns place (in the source) and text.
func (c *Collected) Table() *arrowio.Table {
	return built(arrowio.NewTable().Ints("place", c.Place).Strings("text", c.Texts))
}

// String says how many prompts there are and whence.
func (c *Collected) String() string {
	return fmt.Sprintf("%d prompts from %s, %d of them from an earlier run", len(c.Texts), c.Source, c.Resumed)
}

// MIMEBundle shows the prompts as a table.
func (c *Collected) MIMEBundle() map[string]any {
	b := c.Table().MIMEBundle()
	b[display.MIMEText] = c.String() + "\n" + c.Table().String()
	return b
}
