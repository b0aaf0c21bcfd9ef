package display_test

import (
	"fmt"

	"divvy/stdlib/display"
)

// Without a notebook what is shown is text.
func ExampleShow() {
	display.Show("first", []float64{0.5, 1}, display.Markdown("**bold**"))
	// Output:
	// first
	// [0.5 1]
	// **bold**
}

// score shows itself by its methods: its package need not know this one.
type score struct{ reward float64 }

func (s score) String() string { return fmt.Sprintf("reward %.2f", s.reward) }
func (s score) HTML() string   { return fmt.Sprintf("<b>%.2f</b>", s.reward) }

// A value in every form that it has.
func ExampleOf() {
	b := display.Of(score{0.547})
	fmt.Println(b.Data[display.MIMEText], b.Data[display.MIMEHTML])
	// Output: reward 0.55 <b>0.55</b>
}
