package tokenize

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"divvy/arrowio/files"
)

// endOfText is GPT-2's one special token.
const endOfText = "<|endoftext|>"

// GPT2 reads GPT-2's byte-level BPE from its vocabulary (encoder.json, called
// vocab.json by Hugging Face) and merges (vocab.bpe, called merges.txt). There
// is no BOS. "<|endoftext|>" in a text is the special token.
func GPT2(vocabulary, merges string) (*Tokenizer, error) {
	v, err := readGPT2(vocabulary, merges)
	if err != nil {
		return nil, err
	}
	if id, ok := v.ids[endOfText]; ok {
		v.special = map[string]int32{endOfText: id}
	}
	model, err := newByteLevel(v)
	if err != nil {
		return nil, fmt.Errorf("tokenize: GPT-2 vocabulary %s with merges %s: %w", vocabulary, merges, err)
	}
	return newTokenizer("GPT-2 byte-level BPE", model, -1), nil
}

// OPT reads GPT-2's files and the fairseq dictionary (dict.txt) by which OPT
// numbers the same tokens: id 0 is <s>, 1 <pad>, 2 </s>, 3 <unk>, and line i of
// the dictionary, from 0, has id i+4. As in transformers </s> is put in front
// of every text; WithBOS(false) leaves it out.
func OPT(vocabulary, merges, dictionary string) (*Tokenizer, error) {
	v, err := readGPT2(vocabulary, merges)
	if err != nil {
		return nil, err
	}
	data, err := files.Read(dictionary)
	if err != nil {
		return nil, fmt.Errorf("tokenize: reading a fairseq dictionary: %w", err)
	}
	ids, err := renumber(v.ids, data)
	if err != nil {
		return nil, fmt.Errorf("tokenize: fairseq dictionary %s: %w", dictionary, err)
	}
	v.ids = ids
	v.special = map[string]int32{"<pad>": 1, "</s>": 2}
	model, err := newByteLevel(v)
	if err != nil {
		return nil, fmt.Errorf("tokenize: OPT vocabulary %s with merges %s and dictionary %s: %w", vocabulary, merges, dictionary, err)
	}
	model.define("<s>", 0)
	model.define("<unk>", 3)
	return newTokenizer("OPT byte-level BPE", model, 2), nil
}

// define names an id that no text is encoded to.
func (t *byteLevel) define(token string, id int32) {
	t.tokens[id], t.plain[id], t.ids[token] = token, token, id
}

// renumber gives GPT-2's tokens the ids of a fairseq dictionary, whose lines
// are "<GPT-2 id> <count>". A word that is no number is a filler.
func renumber(ids map[string]int32, dictionary []byte) (map[string]int32, error) {
	tokens := make(map[string]string, len(ids)) // GPT-2 id in digits -> token
	for token, id := range ids {
		tokens[strconv.Itoa(int(id))] = token
	}
	out := make(map[string]int32, len(ids))
	id := int32(4)
	lines := bufio.NewScanner(bytes.NewReader(dictionary))
	for lines.Scan() {
		word, _, _ := strings.Cut(lines.Text(), " ")
		if token, ok := tokens[word]; ok {
			out[token] = id
		}
		id++
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(out) != len(ids) {
		return nil, fmt.Errorf("it has %d of the %d tokens", len(out), len(ids))
	}
	return out, nil
}

func readGPT2(vocabularyPath, mergesPath string) (v vocabulary, err error) {
	data, err := files.Read(vocabularyPath)
	if err != nil {
		return v, fmt.Errorf("tokenize: reading a GPT-2 vocabulary: %w", err)
	}
	if err := json.Unmarshal(data, &v.ids); err != nil {
		return v, fmt.Errorf("tokenize: GPT-2 vocabulary %s: %w", vocabularyPath, err)
	}
	data, err = files.Read(mergesPath)
	if err != nil {
		return v, fmt.Errorf("tokenize: reading GPT-2 merges: %w", err)
	}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || number == 1 && strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, ok := strings.Cut(line, " ")
		if !ok {
			return v, fmt.Errorf("tokenize: %s:%d: %q is no merge", mergesPath, number, line)
		}
		v.merges = append(v.merges, [2]string{left, right})
	}
	return v, nil
}

// HuggingFace reads a tokenizer.json of byte-level BPE, such as GPT-NeoX's,
// which Pythia and the OpenAssistant reward models share. The ids are those of
// tokenizers with add_special_tokens=False: post-processing adds nothing. A file
// that asks for what is not implemented is refused with an error that says what.
// One thing differs: in a run of more than 30 combining marks, which no language
// has, golang.org/x/text normalises to the stream-safe form.
func HuggingFace(path string) (*Tokenizer, error) {
	data, err := files.Read(path)
	if err != nil {
		return nil, fmt.Errorf("tokenize: reading a tokenizer.json: %w", err)
	}
	model, err := parseHuggingFace(data)
	if err != nil {
		return nil, fmt.Errorf("tokenize: %s: %w", path, err)
	}
	return newTokenizer("Hugging Face byte-level BPE", model, -1), nil
}

// tokenizerJSON is the part of a tokenizer.json that matters here.
type tokenizerJSON struct {
	Normalizer *struct {
		Type string `json:"type"`
	} `json:"normalizer"`
	PreTokenizer *struct {
		Type           string `json:"type"`
		AddPrefixSpace bool   `json:"add_prefix_space"`
		UseRegex       *bool  `json:"use_regex"`
	} `json:"pre_tokenizer"`
	AddedTokens []struct {
		ID         int32  `json:"id"`
		Content    string `json:"content"`
		SingleWord bool   `json:"single_word"`
		LStrip     bool   `json:"lstrip"`
		RStrip     bool   `json:"rstrip"`
		Normalized bool   `json:"normalized"`
	} `json:"added_tokens"`
	Model struct {
		Type                    string            `json:"type"`
		Dropout                 *float64          `json:"dropout"`
		ContinuingSubwordPrefix *string           `json:"continuing_subword_prefix"`
		EndOfWordSuffix         *string           `json:"end_of_word_suffix"`
		ByteFallback            bool              `json:"byte_fallback"`
		IgnoreMerges            bool              `json:"ignore_merges"`
		Vocab                   map[string]int32  `json:"vocab"`
		Merges                  []json.RawMessage `json:"merges"`
	} `json:"model"`
}

func parseHuggingFace(data []byte) (*byteLevel, error) {
	var j tokenizerJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, err
	}
	if err := j.check(); err != nil {
		return nil, err
	}
	v := vocabulary{ids: j.Model.Vocab, special: map[string]int32{}, added: map[string]int32{}}
	for i, raw := range j.Model.Merges {
		var pair [2]string
		var joined string
		if json.Unmarshal(raw, &pair) != nil {
			if err := json.Unmarshal(raw, &joined); err != nil {
				return nil, fmt.Errorf("merge %d: %w", i, err)
			}
			pair[0], pair[1], _ = strings.Cut(joined, " ")
		}
		v.merges = append(v.merges, pair)
	}
	for _, a := range j.AddedTokens {
		if a.Content == "" {
			return nil, fmt.Errorf("added token %d is empty", a.ID)
		}
		if a.Normalized {
			v.added[a.Content] = a.ID
		} else {
			v.special[a.Content] = a.ID
		}
	}
	t, err := newByteLevel(v)
	if err != nil {
		return nil, err
	}
	t.nfc = j.Normalizer != nil
	t.prefixSpace = j.PreTokenizer.AddPrefixSpace
	return t, nil
}

// check names what the file asks for and this package does not do.
func (j *tokenizerJSON) check() error {
	var missing []error
	refuse := func(yes bool, what string) {
		if yes {
			missing = append(missing, errors.New("not supported: "+what))
		}
	}
	refuse(j.Model.Type != "BPE", fmt.Sprintf("model type %q (only BPE is)", j.Model.Type))
	refuse(j.Normalizer != nil && j.Normalizer.Type != "NFC", "a normalizer other than NFC")
	refuse(j.PreTokenizer == nil || j.PreTokenizer.Type != "ByteLevel", "a pre-tokenizer other than ByteLevel")
	refuse(j.PreTokenizer != nil && j.PreTokenizer.UseRegex != nil && !*j.PreTokenizer.UseRegex, "ByteLevel without its pattern")
	refuse(j.Model.Dropout != nil && *j.Model.Dropout > 0, "BPE dropout")
	refuse(j.Model.ContinuingSubwordPrefix != nil && *j.Model.ContinuingSubwordPrefix != "", "continuing_subword_prefix")
	refuse(j.Model.EndOfWordSuffix != nil && *j.Model.EndOfWordSuffix != "", "end_of_word_suffix")
	refuse(j.Model.ByteFallback, "byte_fallback")
	refuse(j.Model.IgnoreMerges, "ignore_merges")
	for _, a := range j.AddedTokens {
		refuse(a.SingleWord || a.LStrip || a.RStrip, fmt.Sprintf("single_word, lstrip or rstrip of the added token %q", a.Content))
	}
	return errors.Join(missing...)
}

// longestFirst is the keys of tokens, the longest first.
func longestFirst(tokens map[string]int32) []string {
	keys := make([]string, 0, len(tokens))
	for k := range tokens {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return keys
}
