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

// PlanStep is the plan of a step for batches of the shape of b, where there are
// no weights.
func PlanStep(dev program.Device, m model.Config, c Config, b *batch.Batch) (Plan, error) {
	c.RowTokens = b.RowTokens
	c, err := c.over(dev)
	if err != nil {
		return Plan{}, err
	}
	step, err := StepProgram(m, c, b)
	if err != nil {
		return Plan{}, err
	}
	params, err := model.Params(m, model.Options{LoRA: c.LoRA})
	if err != nil {
		return Plan{}, err
	}
	e, err := dev.Compile(step)
	if err != nil {
		return Plan{}, err
	}
	return planOf(e, dev, c.withDefaults(), params, b.Rows*b.RowTokens), nil
}
