package train

import (
	"divvy/gpu/batch"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

// StepProgram is a step's Program for batches of the shape of b: to look at, to
// compile or to plan memory with, where there are no weights.
func StepProgram(m model.Config, c Config, b *batch.Batch) (*program.Program, error) {
	c = c.withDefaults()
	if err := c.check(m); err != nil {
		return nil, err
	}
	return stepProgram(m, c, shapeOf(b), c.Micro < c.Batch)
}
