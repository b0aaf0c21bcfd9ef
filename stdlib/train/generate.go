package train

import (
	"context"
	"fmt"
	"strings"

	"divvy/gpu/generate"
	"divvy/stdlib/display"
	"divvy/stdlib/paper"
)

// GenerateOptions say how to write; the zero value is the paper's: greedily up
// to 128 tokens, cut at the first turn of the other speaker.
type GenerateOptions struct {
	// MaxNew is the largest number of new tokens; 0 means 128.
	MaxNew int
	// Temperature, TopK and TopP of sampling; Temperature 0 is greedy.
	Temperature float64
	TopK        int
	TopP        float64
	// Seed of sampling.
	Seed uint64
	// Stops are strings that end a text, and are cut off with all behind them;
	// nil means "Human:", "human:", "Assistant:" and "assistant:".
	Stops []string
	// Batch is how many texts are written at once; 0 means 28.
	Batch int
	// MaxPrompt is the longest prompt in tokens, longer ones lose their
	// beginning; 0 means 384.
	MaxPrompt int
	// Progress, when set, is told how many texts are done. Without one a notebook
	// shows a bar when a call takes more than a second.
	Progress func(done, total int64)
	// Stream is told of each piece of text as it is written, with the prompt's
	// index; the pieces of a prompt together are its text. nil means nobody.
	Stream func(prompt int, text string)
	// Live shows the first texts in the notebook while they are written.
	Live bool
}

// unseen is the Progress of work whose caller shows how far it is.
func unseen(done, total int64) {}

// Generate continues each prompt. Prompts are texts as dataset renders them. On
// interruption it gives what was written so far with ctx's error.
func (m *Model) Generate(ctx context.Context, prompts []string, o GenerateOptions) ([]string, error) {
	if o.Stops == nil {
		o.Stops = paper.Stops()
	}
	if o.MaxPrompt == 0 {
		o.MaxPrompt = paper.MaxPromptTokens
	}
	if o.Progress == nil && !o.Live {
		o.Progress = display.AutoFunc("Writing", "texts")
	}
	g, err := generate.New(m.device, m.config, m.weights)
	if err != nil {
		return nil, err
	}
	ids := make([][]int32, len(prompts))
	for i, p := range prompts {
		ids[i] = tail(m.promptIDs(p), o.MaxPrompt)
	}
	stream := newStreams(m.tokenizer.Decode, o.Stops, o.Stream)
	if o.Live {
		stream.show(prompts)
	}
	opts := generate.Options{
		MaxNew: o.MaxNew, Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP, Seed: o.Seed, Batch: o.Batch,
		Stop:   func(_ int, tokens []int32) bool { return m.stopped(tokens, o.Stops) },
		Stream: stream.token,
	}
	if o.Progress != nil {
		opts.Progress = func(done, of int) { o.Progress(int64(done), int64(of)) }
	}
	tokens, genErr := g.Generate(ctx, ids, opts)
	if tokens == nil {
		return nil, genErr
	}
	out := make([]string, len(prompts))
	for i, t := range tokens {
		text, err := m.tokenizer.Decode(t)
		if err != nil {
			return out, fmt.Errorf("decoding text %d: %w", i, err)
		}
		if at := cutAt(text, o.Stops); at >= 0 {
			text = text[:at]
		}
		out[i] = strings.TrimSpace(text)
		stream.end(i, out[i])
	}
	stream.close()
	return out, genErr
}

// stopped says whether a text ends with tokens, the last of which is new: a stop
// is within as many tokens as it has bytes, and a few for what they share.
func (m *Model) stopped(tokens []int32, stops []string) bool {
	longest := 0
	for _, s := range stops {
		longest = max(longest, len(s))
	}
	text, err := m.tokenizer.Decode(tail(tokens, longest+4))
	return err == nil && cutAt(text, stops) >= 0
}

// cutAt is where the first of the stops begins, -1 if none is there.
func cutAt(text string, stops []string) int {
	at := -1
	for _, s := range stops {
		if i := strings.Index(text, s); i >= 0 && (at < 0 || i < at) {
			at = i
		}
	}
	return at
}
