// Command gen writes the example data set: conversations from our own templates,
// each with four responses ranked by a made-up reward. The same program gives the
// same rows for ever; no text is taken from anywhere.
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"unicode"
)

// row is PRO's schema: the prefix stands once for each response.
type row struct {
	Prefix [][]string `json:"prefix"`
	Suffix []string   `json:"suffix"`
	Reward []float64  `json:"reward"`
	Meta   meta       `json:"meta"`
}

type meta struct {
	Source string `json:"source"`
	Domain string `json:"domain"`
	Topic  string `json:"topic"`
	ID     int    `json:"id"`
}

func main() {
	log.SetFlags(0)
	out := flag.String("o", "example.jsonl.gz", "file to write")
	n := flag.Int("n", rows, "number of prompts")
	seed := flag.Uint64("seed", 42, "seed")
	flag.Parse()
	f, err := os.Create(*out)
	if err != nil {
		log.Fatal(err)
	}
	if err := write(f, *n, *seed); err != nil {
		log.Fatalf("gen: write %s: %v", *out, err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}

// write gives n rows, compressed, without a time stamp that would differ.
func write(w io.Writer, n int, seed uint64) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(z)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	rng := random(seed)
	seen := map[string]bool{}
	for id := 0; id < n; {
		r := conversation(rng)
		if key := strings.Join(r.Prefix[0], ""); seen[key] {
			continue // each prompt once
		} else {
			seen[key] = true
		}
		r.Meta.ID = id
		id++
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return z.Close()
}

// rows is the number of prompts of the shipped file.
const rows = 720

const (
	prompter  = "<|prompter|>"
	assistant = "<|assistant|>"
)

// conversation makes one prompt of one to four questions and its responses.
func conversation(rng *rand.Rand) row {
	s := scenes[rng.IntN(len(scenes))]
	t := &teller{rng: rng, bound: map[string]string{}}
	prefix := []string{prompter + t.tell(pick(rng, s.open))}
	more, reply := shuffled(rng, s.more), shuffled(rng, s.reply)
	for i := 0; i < 3 && rng.Float64() < 0.55; i++ {
		prefix = append(prefix, assistant+t.tell(reply[i]), prompter+t.tell(more[i]))
	}
	prefix = append(prefix, assistant)

	// A reward model agrees with the quality of a response most of the time.
	type response struct {
		text   string
		reward float64
	}
	ranked := []response{
		{t.tell(pick(rng, s.best)), 2.1 + 0.8*rng.NormFloat64()},
		{t.tell(pick(rng, s.fair)), 0.6 + 0.7*rng.NormFloat64()},
		{t.tell(pick(rng, s.weak)), -0.9 + 0.7*rng.NormFloat64()},
		{t.tell(pick(rng, s.poor)), -2.2 + 0.8*rng.NormFloat64()},
	}
	slices.SortStableFunc(ranked, func(a, b response) int {
		switch {
		case a.reward > b.reward:
			return -1
		case a.reward < b.reward:
			return 1
		}
		return 0
	})
	r := row{Meta: meta{Source: "divvy example, generated", Domain: s.domain, Topic: s.topic}}
	for _, x := range ranked {
		r.Prefix = append(r.Prefix, prefix)
		r.Suffix = append(r.Suffix, x.text)
		r.Reward = append(r.Reward, math.Round(x.reward*1e4)/1e4)
	}
	return r
}

// teller fills in templates.
type teller struct {
	rng   *rand.Rand
	bound map[string]string
}

func (t *teller) tell(template string) string {
	var b strings.Builder
	for len(template) > 0 {
		i := strings.IndexAny(template, "{[")
		if i < 0 {
			b.WriteString(template)
			break
		}
		b.WriteString(template[:i])
		closing := byte('}')
		if template[i] == '[' {
			closing = ']'
		}
		j := strings.IndexByte(template[i:], closing) + i
		if j < i {
			panic(fmt.Sprintf("no %c in %q", closing, template))
		}
		inner, rest := template[i+1:j], template[j+1:]
		if closing == ']' { // a choice may have slots in it
			template = pick(t.rng, strings.Split(inner, "|")) + rest
			continue
		}
		b.WriteString(t.word(inner))
		template = rest
	}
	return polish(b.String())
}

// word fills one slot: {slot} once for the conversation, {slot+} anew.
func (t *teller) word(slot string) string {
	name, fresh := strings.CutSuffix(slot, "+")
	choices, ok := words[name]
	if !ok {
		panic(fmt.Sprintf("no words for {%s}", slot))
	}
	if !fresh {
		if _, ok := t.bound[name]; !ok {
			t.bound[name] = rare(t.rng, choices)
		}
		return t.bound[name]
	}
	w := rare(t.rng, choices)
	for w == t.bound[name] {
		w = rare(t.rng, choices)
	}
	return w
}

// rare picks one, the first four times as often as the last.
func rare(rng *rand.Rand, choices []string) string {
	u := rng.Float64()
	return choices[int(math.Pow(u, 1.4)*float64(len(choices)))]
}

func shuffled(rng *rand.Rand, s []string) []string {
	s = slices.Clone(s)
	rng.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
	return s
}

func pick(rng *rand.Rand, choices []string) string { return choices[rng.IntN(len(choices))] }

// polish puts right what templates get wrong: capitals after a full stop, and
// the article before a vowel.
func polish(s string) string {
	words := strings.Split(s, " ")
	start := true
	for i, w := range words {
		if i+1 < len(words) && (w == "a" || w == "A") && strings.ContainsRune("aeiou", rune(words[i+1][0])) {
			w += "n"
		}
		if start && w != "" {
			r := []rune(w)
			r[0] = unicode.ToUpper(r[0])
			w = string(r)
		}
		start = strings.HasSuffix(w, ".") || strings.HasSuffix(w, "?") || strings.HasSuffix(w, "!")
		words[i] = w
	}
	return strings.Join(words, " ")
}

// random is PCG, whose numbers Go promises never to change.
func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }
