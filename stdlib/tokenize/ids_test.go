package tokenize

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// White-space ids are numbered by first occurrence, whatever the workers.
func TestWhiteSpace(t *testing.T) {
	texts := make([]string, 3000)
	for i := range texts {
		texts[i] = fmt.Sprintf("a  b\u00a0w%d\u001cw%d\n", i, i/7)
	}
	var first *IDs
	for _, workers := range []int{1, 4} {
		ids, err := WhiteSpace().EncodeAll(context.Background(), texts, Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if got := ids.At(1); !slices.Equal(got, []int32{0, 1, 3, 2}) {
			t.Errorf("%d workers: the second text is %v, want [0 1 3 2]", workers, got)
		}
		if first == nil {
			first = ids
		} else if digestOf(first) != digestOf(ids) {
			t.Error("ids depend on the number of workers")
		}
	}
	tok := WhiteSpace()
	if got := tok.Tokens(tok.Encode("x y x")); !slices.Equal(got, []string{"x", "y", "x"}) {
		t.Errorf("tokens %q", got)
	}
}

func TestIDs(t *testing.T) {
	ids, err := NewIDs([][]int32{{1, 2}, {}, {3}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if ids.Len() != 3 || ids.Tokens() != 3 || ids.VocabSize() != 4 || !slices.Equal(ids.At(2), []int32{3}) {
		t.Errorf("%v: %v", ids, ids.Sequences())
	}
	if got := ids.Take([]int{2, 0, 2}); fmt.Sprint(got.Sequences()) != "[[3] [1 2] [3]]" {
		t.Errorf("take %v", got.Sequences())
	}
	rec := ids.Slice(1, 3).Record()
	defer rec.Release()
	back, err := IDsFromArrow(rec.Column(0), 0)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(back.Sequences()) != "[[] [3]]" {
		t.Errorf("through Arrow: %v", back.Sequences())
	}
	for _, bad := range [][][]int32{{{-1}}, {{7}}} {
		if _, err := NewIDs(bad, 5); err == nil {
			t.Errorf("%v in a vocabulary of 5: want an error", bad)
		}
	}
}

func TestIDsShowThemselves(t *testing.T) {
	ids, err := NewIDs([][]int32{{1, 2}, {}, {3, 4, 5}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []*IDs{ids, ids.Slice(1, 3)} {
		tokens, err := part.Table().Ints("tokens")
		if err != nil || tokens[len(tokens)-1] != 3 {
			t.Errorf("tokens %v, %v", tokens, err)
		}
		page, _ := part.MIMEBundle()["text/html"].(string)
		if !strings.Contains(page, "<img") || !strings.Contains(page, "[3, 4, 5]") {
			t.Errorf("shown as %.2000s", page)
		}
	}
	if b := ids.Prefix(0).MIMEBundle(); b["text/plain"] != "0 texts, 0 ids, vocabulary 6" {
		t.Errorf("no texts are shown as %v", b)
	}
}
