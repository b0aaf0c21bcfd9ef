package near

import "testing"

func TestName(t *testing.T) {
	for _, c := range []struct {
		name, want string
		names      []string
	}{
		{"scor", "score", []string{"prompt", "score", "store"}},
		{"promtp", "prompt", []string{"prompt", "prompts"}},
		{"Prompt", "prompt", []string{"prompts", "prompt"}},
		{"x", "", []string{"y", "z"}},
		{"ab", "", []string{"ac"}},
		{"abc", "abd", []string{"abd"}},
		{"Mvoe", "Move", []string{"Mode", "Move"}},
		{"Mave", "Cave", []string{"Cave", "Mode"}},
		{"reward_chsoen", "reward_chosen", []string{"reward_random", "reward_chosen"}},
		{"harmless-base-tset.json", "harmless-base-test.jsonl", []string{"harmless-base-test.jsonl", "helpful-base-test.jsonl"}},
		{"ReadJSONL", "ReadJSONLines", []string{"ReadJSONLines", "ReadIPC"}},
		{"ReadParquetFile", "ReadParquet", []string{"ReadParquet"}},
		{"same", "", []string{"same"}},
		{"name", "", nil},
		{"", "", []string{"a", "abcd"}},
	} {
		if got := Name(c.name, c.names); got != c.want {
			t.Errorf("%q of %q: %q, want %q", c.name, c.names, got, c.want)
		}
	}
}
