package ranks

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"time"

	"divvy/gpu/program"
)

// Device is several processes that act as one device.
type Device struct {
	name  string
	procs []*process
	dir   string // where they meet

	mu   sync.Mutex
	next int   // number of the next buffer or executable
	lost error // why nothing can be done any more

	// grace is how long the others are waited for when a rank has failed: those
	// that its device joins with others' may wait for it for ever.
	grace time.Duration
}

var _ program.Ranked = (*Device)(nil)

// process is one rank.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	enc  *gob.Encoder
	dec  *gob.Decoder
	wait func() error // for its end; may be called more than once

	mu   sync.Mutex
	drop []int // to be dropped with the next request
}

// Start starts n processes, each made by command, whose program calls Serve with
// the place that Place gives it. Their standard error should go where a reader
// finds it.
func Start(n int, command func(rank int) *exec.Cmd) (*Device, error) {
	if n < 1 || n > 255 {
		return nil, fmt.Errorf("ranks: %d processes; 1 to 255 can be started", n)
	}
	dir, err := os.MkdirTemp("", "divvy-ranks")
	if err != nil {
		return nil, fmt.Errorf("ranks: %w", err)
	}
	d := &Device{dir: dir, grace: 10 * time.Second}
	for i := range n {
		p, err := begin(command(i), i, n, dir)
		if err != nil {
			d.end(err)
			return nil, fmt.Errorf("ranks: starting rank %d: %w", i, err)
		}
		d.procs = append(d.procs, p)
	}
	for i, p := range d.procs {
		var hello reply
		if err := p.dec.Decode(&hello); err != nil {
			err = p.why(i, err)
			d.end(err)
			return nil, fmt.Errorf("ranks: %w", err)
		}
		if i == 0 {
			d.name = fmt.Sprintf("%d ranks of %s", n, hello.Name)
		}
	}
	runtime.AddCleanup(d, func(procs []*process) { end(procs, dir) }, d.procs)
	return d, nil
}

func begin(cmd *exec.Cmd, rank, ranks int, dir string) (*process, error) {
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d/%d", rankSetting, rank, ranks), dirSetting+"="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, in: in, enc: gob.NewEncoder(in), dec: gob.NewDecoder(out), wait: sync.OnceValue(cmd.Wait)}, nil
}

// why says how a process ended whose pipe gave err.
func (p *process) why(rank int, err error) error {
	done := make(chan error, 1)
	go func() { done <- p.wait() }()
	select {
	case e := <-done:
		if e == nil {
			e = errors.New("it exited")
		}
		return fmt.Errorf("rank %d ended: %w; what it said is in the log", rank, e)
	case <-time.After(time.Second):
		return fmt.Errorf("rank %d does not answer: %w", rank, err)
	}
}

// end stops processes: they end by themselves when nobody tells them anything.
func end(procs []*process, dir string) {
	for _, p := range procs {
		p.in.Close()
	}
	for _, p := range procs {
		kill := time.AfterFunc(5*time.Second, func() { p.cmd.Process.Kill() })
		p.wait()
		kill.Stop()
	}
	os.RemoveAll(dir)
}

// end stops all ranks for a reason.
func (d *Device) end(why error) {
	d.lost = why
	end(d.procs, d.dir)
}

// Close ends the processes; what they hold is lost.
func (d *Device) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost == nil {
		d.end(errors.New("the ranks were ended"))
	}
}

// Name says how many ranks of what.
func (d *Device) Name() string { return d.name }

// Ranks is how many there are.
func (d *Device) Ranks() int { return len(d.procs) }

// ask tells ranks what to do, by of, and gives their answers. Ranks that it
// leaves out are told nothing. d.mu is held.
func (d *Device) ask(of func(rank int) *request) ([]reply, error) {
	if d.lost != nil {
		return nil, d.lost
	}
	answers := make([]reply, len(d.procs))
	// The first that ends, or leaves the others waiting, is the reason.
	var first error
	var once sync.Once
	ended := func(err error) { once.Do(func() { first = err; d.kill() }) }
	var stuck *time.Timer
	var failing sync.Once
	var wg sync.WaitGroup
	for i, p := range d.procs {
		r := of(i)
		if r == nil {
			continue
		}
		p.mu.Lock()
		r.Drop, p.drop = p.drop, nil
		p.mu.Unlock()
		wg.Go(func() {
			err := p.enc.Encode(r)
			if err == nil {
				err = p.dec.Decode(&answers[i])
			}
			if err != nil {
				ended(p.why(i, err))
				return
			}
			if text := answers[i].Error; text != "" {
				failing.Do(func() {
					stuck = time.AfterFunc(d.grace, func() { ended(fmt.Errorf("rank %d: %s; others did not end their part", i, text)) })
				})
			}
		})
	}
	wg.Wait()
	if stuck != nil {
		stuck.Stop()
	}
	once.Do(func() {}) // too late now
	if first != nil {
		d.end(fmt.Errorf("%w; the others were ended, and what they held is lost: start again, from a checkpoint if there is one", first))
		return nil, d.lost
	}
	return answers, failure(answers)
}

// kill ends all processes at once.
func (d *Device) kill() {
	for _, p := range d.procs {
		p.cmd.Process.Kill()
	}
}

// failure is the first answer that is an error, one of its own before one that
// another rank's brought about.
func failure(answers []reply) error {
	for _, gone := range []bool{false, true} {
		for i, a := range answers {
			if a.Error != "" && a.Gone == gone {
				return fmt.Errorf("rank %d: %s", i, a.Error)
			}
		}
	}
	return nil
}

// forget drops a buffer or an executable when nobody holds it any more.
func (d *Device) forget(id int) {
	for _, p := range d.procs {
		p.mu.Lock()
		p.drop = append(p.drop, id)
		p.mu.Unlock()
	}
}

// number is the next free number. d.mu is held.
func (d *Device) number() int {
	d.next++
	return d.next
}

// Bytes is what a tensor takes on all ranks together: one copy, as it is split or
// held by the first only.
func (d *Device) Bytes(t program.DType, shape []int) int64 {
	return int64(program.Elements(shape) * t.Size())
}

// Available is how many bytes of the ranks' devices are free, all together, if
// they have memory of their own.
func (d *Device) Available() (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	answers, err := d.ask(func(int) *request { return &request{Do: "available"} })
	var sum int64
	for _, a := range answers {
		sum += a.Available
	}
	return sum, err
}

// Upload gives the tensor to the first rank, which alone runs Programs that are
// not for all.
func (d *Device) Upload(t *program.Tensor) (program.Buffer, error) { return d.upload(t, false) }

// UploadSplit gives each rank its part.
func (d *Device) UploadSplit(t *program.Tensor) (program.Buffer, error) { return d.upload(t, true) }

func (d *Device) upload(t *program.Tensor, split bool) (program.Buffer, error) {
	b := &buffer{device: d, typ: t.Type, shape: slices.Clone(t.Shape), split: split}
	d.mu.Lock()
	defer d.mu.Unlock()
	b.id = d.number()
	if err := b.give("upload", t); err != nil {
		return nil, fmt.Errorf("uploading %s to %s: %w", program.TypeString(t.Type, t.Shape), d.name, err)
	}
	runtime.AddCleanup(b, d.forget, b.id)
	return b, nil
}

// part is a rank's part of a tensor.
func (d *Device) part(t *program.Tensor, rank int) *tensor {
	w := wire(t)
	n := len(w.Raw) / len(d.procs)
	shape := slices.Clone(t.Shape)
	shape[0] /= len(d.procs)
	return &tensor{t.Type, shape, w.Raw[rank*n : (rank+1)*n]}
}

// divides says whether a tensor has as many parts as there are ranks.
func (d *Device) divides(shape []int) error {
	if len(shape) == 0 || shape[0]%len(d.procs) != 0 {
		return fmt.Errorf("%v cannot be split over %d ranks", shape, len(d.procs))
	}
	return nil
}

// buffer is state on the ranks.
type buffer struct {
	device *Device
	id     int
	typ    program.DType
	shape  []int
	split  bool
}

func (b *buffer) Type() program.DType { return b.typ }
func (b *buffer) Shape() []int        { return slices.Clone(b.shape) }

// give sends the tensor. The device's mu is held.
func (b *buffer) give(do string, t *program.Tensor) error {
	if err := t.Check(b.typ, b.shape); err != nil {
		return fmt.Errorf("the tensor %w", err)
	}
	if b.split {
		if err := b.device.divides(b.shape); err != nil {
			return err
		}
	}
	_, err := b.device.ask(func(rank int) *request {
		switch {
		case b.split:
			return &request{Do: do, ID: b.id, Tensor: b.device.part(t, rank)}
		case rank == 0:
			return &request{Do: do, ID: b.id, Tensor: wire(t)}
		}
		return nil
	})
	return err
}

// Write replaces the contents.
func (b *buffer) Write(t *program.Tensor) error {
	b.device.mu.Lock()
	defer b.device.mu.Unlock()
	if err := b.give("write", t); err != nil {
		return fmt.Errorf("writing a buffer: %w", err)
	}
	return nil
}

// Download puts the ranks' parts behind each other.
func (b *buffer) Download() (*program.Tensor, error) {
	b.device.mu.Lock()
	defer b.device.mu.Unlock()
	answers, err := b.device.ask(func(rank int) *request {
		if b.split || rank == 0 {
			return &request{Do: "download", ID: b.id}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t := program.NewTensor(b.typ, b.shape...)
	whole := wire(t).Raw
	for _, a := range answers {
		if a.Tensor != nil {
			whole = whole[copy(whole, a.Tensor.Raw):]
		}
	}
	runtime.KeepAlive(b)
	return t, nil
}
