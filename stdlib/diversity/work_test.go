package diversity_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"divvy/stdlib/diversity"
)

// Every measure ends with its context, before it begins and on the way, and
// tells how far it has come until all is done.
func TestMeasuresEndWithTheirContext(t *testing.T) {
	sequences := skewed(6000, 40, 3000)
	ids := newIDs(t, sequences)
	texts := make([]string, len(sequences))
	for i := range texts {
		texts[i] = strings.Repeat("word ", i%7+1)
	}
	sizes := []int{100, ids.Len()}
	type progress = func(done, total int64)
	measures := map[string]func(ctx context.Context, p progress) error{
		"Measure": func(ctx context.Context, p progress) error {
			_, err := diversity.Measure(ctx, ids, diversity.Options{Progress: p})
			return err
		},
		"Curve": func(ctx context.Context, p progress) error {
			_, err := diversity.Curve(ctx, ids, nil, diversity.Options{N: 3, Progress: p})
			return err
		},
		"CurveApproximate": func(ctx context.Context, p progress) error {
			_, err := diversity.CurveApproximate(ctx, ids, sizes, diversity.Options{Progress: p})
			return err
		},
		"PerPrompt": func(ctx context.Context, p progress) error {
			_, err := diversity.PerPrompt(ctx, ids, diversity.Options{N: 5, Progress: p})
			return err
		},
		"Counter.Add": func(ctx context.Context, p progress) error {
			c, err := diversity.NewCounter(ids.VocabSize(), diversity.Options{Progress: p})
			if err == nil {
				_, err = c.Add(ctx, ids)
			}
			return err
		},
		"Entropy": func(ctx context.Context, p progress) error {
			_, err := diversity.Entropy(ctx, ids, diversity.Options{Progress: p})
			return err
		},
		"SelfBLEU": func(ctx context.Context, p progress) error {
			_, err := diversity.SelfBLEU(ctx, ids, diversity.SampleOptions{Options: diversity.Options{Progress: p}})
			return err
		},
		"PairwiseJaccard": func(ctx context.Context, p progress) error {
			_, err := diversity.PairwiseJaccard(ctx, ids, diversity.SampleOptions{Options: diversity.Options{Progress: p}})
			return err
		},
		"NewProfile": func(ctx context.Context, p progress) error {
			_, err := diversity.NewProfile(ctx, ids, texts, diversity.SampleOptions{Options: diversity.Options{Progress: p}})
			return err
		},
		// These have no options, and so no callback.
		"DistinctN": func(ctx context.Context, _ progress) error {
			_, err := diversity.DistinctN(ctx, ids, 2)
			return err
		},
		"TypeTokenRatio": func(ctx context.Context, _ progress) error {
			_, err := diversity.TypeTokenRatio(ctx, ids)
			return err
		},
		"CompressionRatio": func(ctx context.Context, _ progress) error {
			_, err := diversity.CompressionRatio(ctx, texts)
			return err
		},
	}
	stop := errors.New("stopped by hand")
	for name, measure := range measures {
		var last, all int64
		called := 0
		err := measure(t.Context(), func(done, total int64) {
			if done < last && total == all || done > total {
				t.Errorf("%s: %d of %d after %d of %d", name, done, total, last, all)
			}
			last, all, called = done, total, called+1
		})
		if err != nil || last != all {
			t.Errorf("%s: %v, and the last that was told was %d of %d", name, err, last, all)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(stop)
		if err := measure(ctx, nil); !errors.Is(err, stop) {
			t.Errorf("%s: before it begins: %v", name, err)
		}
		if called == 0 {
			continue
		}
		ctx, cancel = context.WithCancelCause(t.Context())
		at := 0
		err = measure(ctx, func(done, total int64) {
			if at++; at == 1 && done < total {
				cancel(stop)
			}
		})
		if called > 1 && !errors.Is(err, stop) {
			t.Errorf("%s: on the way: %v", name, err)
		}
		cancel(nil)
	}
}
