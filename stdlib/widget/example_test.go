package widget_test

import (
	"fmt"
	"log"

	"divvy/arrowio"
	"divvy/stdlib/widget"
)

// A control that other cells read and set.
func ExampleFloatSlider() {
	p := &widget.FloatSlider{Label: "p", Min: 0.3, Max: 0.7, Value: 0.5}
	p.Set(0.9) // beyond its end
	fmt.Println(p.Get())
	// Output: 0.7
}

// A table of any size to page through; without a front end its first rows as text.
func ExampleTable() {
	t, err := arrowio.NewTable().Strings("prompt", []string{"a", "b"}).Floats("reward", []float64{0.5, 1}).Build()
	if err != nil {
		log.Fatal(err)
	}
	w := widget.Table(t)
	fmt.Println(w.MIMEBundle()["text/plain"] != "")
	// Output: true
}
