package dataset

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"divvy/arrowio/charset"
)

// produceAny reads a decompressed stream of any format.
func produceAny(ctx context.Context, o *Options, name string, in io.Reader, emit func(*block) error) error {
	peeked := bufio.NewReaderSize(in, 1<<16)
	head, err := peeked.Peek(8)
	if err != nil && err != io.EOF {
		return err
	}
	switch {
	case bytes.HasPrefix(head, parquetMagic), bytes.HasPrefix(head, arrowMagic):
		return produceIndexedStream(ctx, o, name, peeked, emit)
	case bytes.HasPrefix(head, []byte{0xff, 0xff, 0xff, 0xff}):
		return produceArrowStream(o, name, peeked, emit)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return errors.New("this is a zip archive, as spreadsheets (.xlsx) are: unpack it, or save the sheet as CSV")
	}
	text, err := charset.NewReader(peeked, o.Encoding)
	if err != nil {
		return err
	}
	lines := bufio.NewReaderSize(text, 1<<16)
	start, err := lines.Peek(1 << 16)
	if err != nil && err != io.EOF {
		return err
	}
	if name, ok := charset.LooksUTF16(start); ok && o.Encoding == "" {
		return fmt.Errorf("the text looks like UTF-16 that no byte order mark begins: name it in Options.Encoding, %q", name)
	}
	switch begin := bytes.TrimSpace(start); {
	case bytes.HasPrefix(begin, []byte("[")) && !isText(name):
		return produceArray(o, name, lines, emit)
	case isCSV(name) && !bytes.HasPrefix(begin, []byte("{")):
		return produceCSV(o, name, begin, lines, emit)
	}
	format := o.Format
	if format == Detect {
		if object := bytes.TrimSpace(start); bytes.HasPrefix(object, []byte("{")) && isFlatMessage(object) {
			format = OASSTMessages
		}
	}
	if format == OASSTMessages {
		return produceMessages(&Options{Format: format, Collect: o.Collect, MaxLine: o.MaxLine}, name, lines, emit)
	}
	return produceLines(o, name, lines, emit)
}

// isFlatMessage says whether a file that begins so is flat OASST messages.
func isFlatMessage(start []byte) bool {
	o, _ := fields(start)
	return o.has("message_id") && o.has("text") && o.has("role")
}

// fields is the keys of the first line's object, as far as it can be read, and
// the error that ended the reading.
func fields(data []byte) (*object, error) {
	line, _, _ := bytes.Cut(bytes.TrimSpace(data), []byte{'\n'})
	o := newObject()
	if err := o.open(line); err != nil {
		return o, err
	}
	return o, o.members(func() error {
		_, err := o.raw()
		return err
	})
}

// detect says which format the first lines have: that of the first line which
// has one, so that a broken line before it is met, and reported, by its reader.
func detect(data []byte) (Format, error) {
	var first error
	tried := 0
	for line := range bytes.Lines(data) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		format, err := detectLine(line)
		if err == nil {
			return format, nil
		}
		if first == nil {
			first = err
		}
		if tried++; tried == 100 {
			break
		}
	}
	return "", first
}

func detectLine(line []byte) (Format, error) {
	o, err := fields(line)
	begins := func(key string, c byte) bool {
		at, ok := o.starts[key]
		return ok && at < len(o.line) && o.line[at] == c
	}
	switch {
	// First what WriteJSONL and Table write, which may have any other fields.
	case o.has("prefix") && o.has("suffix"):
		return PRO, nil
	case o.has("prefix") && o.has("responses"):
		return own, nil
	case o.has("chosen") && o.has("rejected") && begins("chosen", '['):
		return Messages, nil
	case o.has("chosen") && o.has("rejected") && isPair(o, begins):
		return Pairs, nil
	case o.has("chosen") && o.has("rejected"):
		return HH, nil
	case o.has("completions"):
		return UltraFeedback, nil
	case begins("prompt", '{'):
		return OASST, nil
	case begins("prompt", '"') || begins("instruction", '"'):
		return Prompts, nil
	}
	if err != nil && len(o.starts) > 0 {
		return "", err // what is broken hides the fields after it
	}
	if len(o.starts) == 0 {
		return "", fmt.Errorf("cannot tell the format: the line is not a JSON object with fields%s", wayOut(line))
	}
	return "", fmt.Errorf("cannot tell the format from the fields %q; known are chosen and rejected (HH; Pairs with prompt beside them), prefix and suffix (PRO), "+
		"instruction and completions (UltraFeedback), prompt with replies or message_id, text and role (OASST), prompt or instruction alone (Prompts); Options.Format names one", slices.Sorted(maps.Keys(o.starts)))
}

// wayOut says what to do about a file whose first line is no JSON object.
func wayOut(line []byte) string {
	if bytes.ContainsAny(line, ",;\t") {
		return "; columns of text are read from files named .csv or .tsv, prompts a line from those named .txt"
	}
	return "; prompts, one a line, are read from files named .txt"
}

// counter counts the bytes that a reader gives, reports them, and ends with the
// context.
type counter struct {
	r           io.Reader
	ctx         context.Context
	report      func(done, total int64)
	done, total int64
}

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(p)
	c.done += int64(n)
	if c.report != nil && n > 0 {
		c.report(c.done, c.total)
	}
	return n, err
}
