package arrowio_test

import (
	"fmt"
	"os"
	"path/filepath"

	"divvy/arrowio"
)

func Example() {
	t, err := arrowio.NewTable().
		Strings("source", []string{"hh", "oasst", "hh", "oasst"}).
		Floats("reward", []float64{0.5, 0.75, 1.5, -1}).
		Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	good, err := t.Filter("reward > 0")
	if err != nil {
		fmt.Println(err)
		return
	}
	means, err := good.GroupBy("source").Agg(arrowio.Count(), arrowio.Mean("reward"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(means)
	// Output:
	// source  count  reward_mean
	// str       i64          f64
	// ──────  ─────  ───────────
	// hh          2         1.00
	// oasst       1         0.75
	// 2 rows × 3 columns
}

func ExampleTable_Filter() {
	type row struct {
		Prompt string
		N      int
	}
	t, err := arrowio.FromStructs([]row{{"How?", 1}, {"Why?", 2}, {"Why not?", 3}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = t.Filter("starts_with(Promt, 'Why') and N > 2")
	fmt.Println(err)
	why, err := t.Filter("starts_with(Prompt, 'Why') and N > 2")
	fmt.Println(why, err)
	// Output:
	// arrowio: no column "Promt"; did you mean "Prompt"? the columns are "Prompt", "N"
	// Prompt      N
	// str       i64
	// ────────  ───
	// Why not?    3
	// 1 row × 2 columns <nil>
}

func ExampleTable_Pivot() {
	t, err := arrowio.NewTable().
		Ints("n", []int{1500, 1500, 3000, 3000}).
		Ints("ranking", []int{2, 4, 2, 4}).
		Floats("reward", []float64{0.49, 0.52, 0.51, 0.54}).
		Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Pivot("n", "ranking", arrowio.Mean("reward")))
	// Output:
	//    n     2     4
	//  i64   f64   f64
	// ────  ────  ────
	// 1500  0.49  0.52
	// 3000  0.51  0.54
	// 2 rows × 3 columns <nil>
}

// A file of any format, written by its name's ending and read back.
func ExampleRead() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	t, err := arrowio.NewTable().Strings("prompt", []string{"How?", "Why?"}).Floats("reward", []float64{0.5, 1}).Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	path := filepath.Join(dir, "rewards.parquet")
	if err := t.Save(path); err != nil {
		fmt.Println(err)
		return
	}
	again, err := arrowio.Read(path, arrowio.ReadOptions{Columns: []string{"reward"}})
	fmt.Println(again, err)
	// Output:
	// reward
	//    f64
	// ──────
	//    0.5
	//    1.0
	// 2 rows × 1 column <nil>
}

// Rewards beside what is known of their prompts.
func ExampleTable_Join() {
	rewards, err := arrowio.NewTable().Ints("id", []int{2, 1, 3}).Floats("reward", []float64{0.5, 1, 0.75}).Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	prompts, err := arrowio.NewTable().Ints("id", []int{1, 2}).Strings("prompt", []string{"How?", "Why?"}).Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rewards.Join(prompts, "left", "id"))
	// Output:
	// id  reward  prompt
	// i64     f64  str
	// ───  ──────  ──────
	//   2    0.50  Why?
	//   1    1.00  How?
	//   3    0.75  null
	// 3 rows × 3 columns <nil>
}
