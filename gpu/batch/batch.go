// Package batch lays out ranked responses for a model: the K responses to one
// prompt share a single copy of it, and groups are packed behind each other
// instead of padded to the longest.
//
// A group's tokens are its prompt without the last token, and then one branch
// for each response: the prompt's last token again and the response. The reach
// of the prompt's tokens ends with the group, that of a branch's with the
// branch, so that attention sees exactly what it would see if every response
// stood in a row of its own; positions go on from the prompt in each branch.
// Repeating the prompt's last token lets each branch predict its own first
// token. Loss and gradients are those of K separate rows.
//
// The package knows tokens, not text, models or devices.
package batch

import (
	"fmt"
	"slices"
)

// Example is a prompt with its ranked responses, as token ids.
type Example struct {
	// ID is the example's place in its data set, for messages.
	ID        int
	Prompt    []int32
	Responses [][]int32
	// Rewards, one a response; the responses are in the order of the ranking.
	Rewards []float64
	// Best is the index of the response to imitate.
	Best int
	// Reference is a reference model's log-probability of each response, for
	// losses that need it.
	Reference []float64
}

// Check says what is wrong with an example.
func (e Example) Check() error {
	bad := func(format string, a ...any) error {
		return fmt.Errorf("example %d: "+format, append([]any{e.ID}, a...)...)
	}
	if len(e.Prompt) == 0 {
		return bad("the prompt has no token; begin texts with one")
	}
	if len(e.Responses) == 0 || len(e.Rewards) != len(e.Responses) || e.Best < 0 || e.Best >= len(e.Responses) {
		return bad("%d responses, %d rewards, best %d", len(e.Responses), len(e.Rewards), e.Best)
	}
	for i, r := range e.Responses {
		if len(r) == 0 {
			return bad("response %d has no token; end texts with one", i)
		}
	}
	return nil
}

// Limits cut examples to what a model can read.
type Limits struct {
	// Prompt is the longest prompt; longer ones lose their beginning. 0 means 384.
	Prompt int
	// Total is the longest prompt and response together; longer responses lose
	// their end. 0 means 512.
	Total int
}

// Cut shortens an example as the paper's code does.
func (l Limits) Cut(e Example) Example {
	if l.Prompt == 0 {
		l.Prompt = 384
	}
	if l.Total == 0 {
		l.Total = 512
	}
	if n := len(e.Prompt) - min(l.Prompt, l.Total-1); n > 0 {
		e.Prompt = e.Prompt[n:]
	}
	e.Responses = slices.Clone(e.Responses)
	for i, r := range e.Responses {
		e.Responses[i] = r[:min(len(r), l.Total-len(e.Prompt))]
	}
	return e
}

// OnlyBest keeps only the response to imitate.
func OnlyBest(e Example) Example {
	e.Responses, e.Rewards = [][]int32{e.Responses[e.Best]}, []float64{e.Rewards[e.Best]}
	if e.Reference != nil {
		e.Reference = []float64{e.Reference[e.Best]}
	}
	e.Best = 0
	return e
}

// Options say how groups are laid out.
type Options struct {
	// RowTokens is the length of a row; 0 puts all groups into a single row, as
	// long as needed and rounded up to a multiple of 64.
	RowTokens int
	// RowMultiple adds empty rows to make their number a multiple of it; 0 means
	// 1. Devices that compile slowly want few numbers of rows.
	RowMultiple int
	// Separate gives each response a copy of its prompt: no sharing.
	Separate bool
	// WholeResponses keeps each response's last token as an input, as a reward
	// model reads its score there; a language model has nothing to predict from
	// it.
	WholeResponses bool
}

// Batch is a packed batch of G groups with up to K responses. N = Rows *
// RowTokens. Slices of length G*K are row-major; absent responses have Valid 0.
type Batch struct {
	Rows, RowTokens, G, K int

	IDs, Position, Reach []int32 // [N]
	Target               []int32 // [N] the id that follows in the branch; -1 where none is asked for
	Segment              []int32 // [N] g*K+k of the response whose token is the target; -1
	Last                 []int32 // [G*K] the place of each response's last token; -1

	Count                        []float32 // [G*K] tokens of each response, at least 1
	Reward, Valid, Best, RefLogP []float32 // [G*K]

	Examples []int // the examples' IDs
	Stats    Stats
}

// Causal says whether each row is one text, and perhaps unused tokens behind it:
// then every token of a text sees all tokens before it.
func (b *Batch) Causal() bool {
	if len(b.Reach) == 0 {
		return false
	}
	for row := range slices.Chunk(b.Reach, b.RowTokens) {
		used := slices.Index(row, -1)
		if used < 0 {
			used = len(row)
		}
		for i, reach := range row {
			if i < used && int(reach) < used-1 || i >= used && reach >= 0 {
				return false
			}
		}
	}
	return true
}

// Stats counts the tokens of a batch.
type Stats struct {
	Used     int // tokens that belong to a text
	Computed int // with the unused ends of rows
	Targets  int // tokens of responses, on which the loss is taken
	// Padded is what a batch of one row for each response takes, padded to the
	// longest: the official code's layout.
	Padded int
}

// Add adds up statistics.
func (s *Stats) Add(t Stats) {
	s.Used += t.Used
	s.Computed += t.Computed
	s.Targets += t.Targets
	s.Padded += t.Padded
}

// Saving is how many times fewer tokens are computed than in padded rows.
func (s Stats) Saving() float64 { return float64(s.Padded) / float64(max(1, s.Computed)) }

// size is how many tokens a group takes in the batch.
func (o Options) size(e Example) int {
	drop := 1
	if o.WholeResponses {
		drop = 0
	}
	n := 0
	for _, r := range e.Responses {
		n += 1 + len(r) - drop
		if o.Separate {
			n += len(e.Prompt) - 1
		}
	}
	if !o.Separate {
		n += len(e.Prompt) - 1
	}
	return n
}

// Pack lays out examples. k is the number of responses to reserve for each;
// examples may have fewer.
func Pack(examples []Example, k int, o Options) (*Batch, error) {
	rows, err := o.fit(examples)
	if err != nil {
		return nil, err
	}
	if o.RowTokens == 0 {
		n := 0
		for _, e := range examples {
			n += o.size(e)
		}
		o.RowTokens = max(1, (n+63)/64) * 64
	}
	for len(rows)%max(1, o.RowMultiple) != 0 {
		rows = append(rows, nil)
	}
	g := len(examples)
	n := len(rows) * o.RowTokens
	b := &Batch{
		Rows: len(rows), RowTokens: o.RowTokens, G: g, K: k,
		IDs: make([]int32, n), Position: make([]int32, n), Reach: fill(n, -1), Target: fill(n, -1), Segment: fill(n, -1),
		Last: fill(g*k, -1), Count: make([]float32, g*k),
		Reward: make([]float32, g*k), Valid: make([]float32, g*k), Best: make([]float32, g*k), RefLogP: make([]float32, g*k),
		Examples: make([]int, g),
	}
	for i := range b.Count {
		b.Count[i] = 1
	}
	longest, responses := 0, 0
	for r, members := range rows {
		at := 0
		for _, i := range members {
			e := examples[i]
			if err := e.Check(); err != nil {
				return nil, fmt.Errorf("packing: %w", err)
			}
			if len(e.Responses) > k {
				return nil, fmt.Errorf("packing: example %d has %d responses, room for %d", e.ID, len(e.Responses), k)
			}
			at = b.place(r, at, i, e, o)
			for _, resp := range e.Responses {
				longest = max(longest, len(e.Prompt)+len(resp))
				responses++
			}
		}
		b.Stats.Used += at
	}
	b.Stats.Computed, b.Stats.Padded = n, longest*responses
	return b, nil
}

func fill(n int, v int32) []int32 {
	x := make([]int32, n)
	for i := range x {
		x[i] = v
	}
	return x
}

// fit distributes the examples over rows, largest first, each into the first
// row with room. Within a row they keep their order.
func (o Options) fit(examples []Example) ([][]int, error) {
	order := make([]int, len(examples))
	for i := range order {
		order[i] = i
	}
	if o.RowTokens == 0 {
		return [][]int{order}, nil
	}
	slices.SortStableFunc(order, func(a, b int) int { return o.size(examples[b]) - o.size(examples[a]) })
	var rows [][]int
	var room []int
	for _, i := range order {
		n := o.size(examples[i])
		if n > o.RowTokens {
			return nil, fmt.Errorf("packing: example %d takes %d tokens, a row has %d", examples[i].ID, n, o.RowTokens)
		}
		r := slices.IndexFunc(room, func(left int) bool { return left >= n })
		if r < 0 {
			rows, room = append(rows, nil), append(room, o.RowTokens)
			r = len(rows) - 1
		}
		rows[r] = append(rows[r], i)
		room[r] -= n
	}
	for _, r := range rows {
		slices.Sort(r)
	}
	return rows, nil
}

// place writes group i at a row's token at and returns where the next may begin.
func (b *Batch) place(row, at, i int, e Example, o Options) int {
	base := row * b.RowTokens
	put := func(id int32, position int, reach int) {
		b.IDs[base+at], b.Position[base+at], b.Reach[base+at] = id, int32(position), int32(reach)
		at++
	}
	b.Examples[i] = e.ID
	shared := e.Prompt[:len(e.Prompt)-1]
	if !o.Separate {
		end := at + o.size(e) - 1
		for p, id := range shared {
			put(id, p, end)
		}
	}
	for j, resp := range e.Responses {
		slot := i*b.K + j
		inputs := resp
		if !o.WholeResponses {
			inputs = resp[:len(resp)-1]
		}
		end := at + len(inputs)
		if o.Separate {
			end += len(shared)
			for p, id := range shared {
				put(id, p, end)
			}
		}
		first := base + at
		put(e.Prompt[len(shared)], len(shared), end)
		for p, id := range inputs {
			put(id, len(e.Prompt)+p, end)
		}
		for p, id := range resp {
			b.Target[first+p], b.Segment[first+p] = id, int32(slot)
		}
		b.Last[slot] = int32(base + at - 1)
		b.Count[slot] = float32(len(resp))
		b.Reward[slot], b.Valid[slot] = float32(e.Rewards[j]), 1
		if j == e.Best {
			b.Best[slot] = 1
		}
		if e.Reference != nil {
			b.RefLogP[slot] = float32(e.Reference[j])
		}
		b.Stats.Targets += len(resp)
	}
	return at
}
