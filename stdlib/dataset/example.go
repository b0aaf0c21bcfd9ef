package dataset

import (
	"context"

	"divvy/stdlib/dataset/example"
)

// Example is the small data set that the project ships: 720 made-up prompts with
// four ranked responses each. See package example for what it is and is not.
func Example() *Dataset {
	file := example.Open()
	defer file.Close()
	d, err := Parse(context.Background(), Options{Format: PRO}, example.Name, file)
	if err != nil {
		panic(err) // the file is compiled in, and a test reads it
	}
	return d
}
