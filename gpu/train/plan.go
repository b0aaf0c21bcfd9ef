package train

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"divvy/gpu/model"
	"divvy/gpu/program"
)

// Plan is the memory that a run takes, in bytes, and what a step computes.
type Plan struct {
	Parameters, Moments, Gradients int64   // state
	Activations                    int64   // temporaries of the largest step looked at
	Available                      int64   // what may be used; 0 if it is not known
	FLOPs, LeastFLOPs              float64 // see program.Program
	Tokens                         int     // computed in that step
	Trained, Total                 int     // parameters trained and in all
}

// Sum is all memory of the plan.
func (p Plan) Sum() int64 { return p.Parameters + p.Moments + p.Gradients + p.Activations }

// String is the plan as a line of text.
func (p Plan) String() string {
	s := fmt.Sprintf("%s parameters (%s trained): %s weights + %s moments + %s gradient sums + %s activations = %s",
		count(p.Total), count(p.Trained), Bytes(p.Parameters), Bytes(p.Moments), Bytes(p.Gradients), Bytes(p.Activations), Bytes(p.Sum()))
	if p.Available > 0 {
		s += " of " + Bytes(p.Available)
	}
	return s
}

func count(n int) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f B", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2f M", float64(n)/1e6)
	default:
		return fmt.Sprint(n)
	}
}

// Bytes writes a number of bytes in binary units: "1.5 GiB".
func Bytes(n int64) string {
	f, unit := float64(n), 0
	for f >= 1024 && unit < 4 {
		f /= 1024
		unit++
	}
	return fmt.Sprintf("%.4g %s", f, []string{"B", "KiB", "MiB", "GiB", "TiB"}[unit])
}

// Plan compiles the step with the longest examples and adds up its memory.
func (t *Trainer) Plan() (Plan, error) {
	order := make([]int, len(t.examples))
	for i := range order {
		order[i] = i
	}
	length := func(i int) (n int) {
		for _, r := range t.examples[i].Responses {
			n += len(r) + 1
		}
		return n + len(t.examples[i].Prompt)
	}
	slices.SortStableFunc(order, func(a, b int) int { return length(b) - length(a) })
	for len(order) < t.c.Micro { // examples repeat within a step
		order = append(order, order...)
	}
	b, err := t.pack(order[:t.c.Micro])
	if err != nil {
		return Plan{}, err
	}
	sh, accumulate := shapeOf(b), t.c.Micro < t.c.Batch
	e, err := t.executable(fmt.Sprint("step", sh), func() (*program.Program, error) {
		return stepProgram(t.model, t.c, sh, accumulate)
	})
	if err != nil {
		return Plan{}, err
	}
	p := planOf(e, t.dev, t.c, t.all, b.Stats.Computed)
	// What is on the device already counts as available.
	if p.Available = t.c.MaxMemory; p.Available == 0 {
		if p.Available = available(t.dev); p.Available > 0 {
			p.Available += p.Parameters + p.Moments + p.Gradients
		}
	}
	return p, nil
}

// planOf adds up the memory of a compiled step.
func planOf(e program.Executable, dev program.Device, c Config, params []model.Param, tokens int) Plan {
	mem := e.Memory()
	p := Plan{Activations: mem.Temporary + mem.Data, Tokens: tokens, Total: model.Count(params)}
	p.FLOPs, p.LeastFLOPs = e.Program().FLOPs()*float64(max(1, c.ranks)), e.Program().LeastFLOPs()*float64(max(1, c.ranks))
	for _, x := range params {
		if !x.Frozen {
			p.Trained += program.Elements(x.Shape)
		}
	}
	p.state(c, dev, params)
	return p
}

// state adds up the states of a run.
func (p *Plan) state(c Config, dev program.Device, params []model.Param) {
	size := func(t program.DType, shape []int) int64 { return int64(program.Elements(shape) * t.Size()) }
	if d, ok := dev.(Sized); ok {
		size = d.Bytes
	}
	for _, x := range params {
		p.Parameters += size(c.Store, c.whole(c.part(x.Shape)))
		if x.Frozen {
			continue
		}
		for _, s := range c.slots(x) {
			p.Moments += size(s.typ, c.whole(s.shape))
		}
		if c.Micro < c.Batch {
			p.Gradients += size(c.Store, c.whole(c.part(x.Shape)))
		}
	}
}

// Sized is a device that says what a tensor takes in its memory, or in that of
// all devices that act as one.
type Sized interface {
	Bytes(t program.DType, shape []int) int64
}

// ErrMemory says that a run would need more memory than there is.
var ErrMemory = errors.New("training does not fit in memory")

// refuse stops a run that cannot fit before it begins.
func (t *Trainer) refuse() error {
	p, err := t.Plan()
	if err != nil {
		return err
	}
	if p.Available > 0 && p.Sum() > p.Available {
		return fmt.Errorf("%w: %s; make Micro smaller, set Recompute, keep the moments in bf16 or 8 bits, or train adapters with LoRA", ErrMemory, p)
	}
	return nil
}

// Limited is a device that has memory of its own.
type Limited interface {
	// Available is how many bytes are free.
	Available() (int64, error)
}

// available is the free memory of the device, or of the machine if the device
// has none of its own; 0 if it cannot be read.
func available(dev program.Device) int64 {
	if d, ok := dev.(Limited); ok {
		if n, err := d.Available(); err == nil {
			return n
		}
	}
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var kb int64
		if strings.HasPrefix(s.Text(), "MemAvailable:") {
			fmt.Sscanf(s.Text(), "MemAvailable: %d kB", &kb)
			return kb << 10
		}
	}
	return 0
}
