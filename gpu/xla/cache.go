package xla

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"divvy/gpu/pjrt"
	"divvy/gpu/program"
)

// loaded is an executable of the plug-in's, held by the Programs that use it
// and by the cache. It is unloaded when none of them can be reached any more:
// program.Executable has no end of its own.
type loaded struct{ *pjrt.Executable }

func hold(x *pjrt.Executable) *loaded {
	l := &loaded{x}
	runtime.AddCleanup(l, func(x *pjrt.Executable) { x.Close() }, x)
	return l
}

// cached is how many executables are kept for Programs that are compiled again:
// a cell of a notebook that is run twice, batches of a few shapes.
const cached = 32

type cache struct {
	mu  sync.Mutex
	all []entry // the last used last
}

type entry struct {
	text [sha256.Size]byte
	x    *loaded
}

// get finds an executable by its text.
func (c *cache) get(text [sha256.Size]byte) *loaded {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.all, func(e entry) bool { return e.text == text })
	if i < 0 {
		return nil
	}
	e := c.all[i]
	c.all = append(slices.Delete(c.all, i, i+1), e)
	return e.x
}

func (c *cache) put(text [sha256.Size]byte, x *loaded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, entry{text, x})
	if len(c.all) > cached {
		c.all = slices.Delete(c.all, 0, 1)
	}
}

// drop lets go of all executables, for memory's sake.
func (c *cache) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = nil
}

// load compiles the text of p, unless it was compiled before.
func (d *Device) load(p *program.Program, text []byte) (*loaded, error) {
	key := sha256.Sum256(text)
	if x := d.cache.get(key); x != nil {
		return x, nil
	}
	start := time.Now()
	options := pjrt.CompileOptions{Replicas: p.Ranks, Partitions: d.o.Emit.Partitions, Overrides: d.o.Compile}
	if d.among > 0 && p.Ranks > 1 { // devices are numbered over all processes
		for id := range d.among {
			options.Devices = append(options.Devices, id)
		}
	} else {
		for _, dev := range d.runs(p) {
			options.Devices = append(options.Devices, dev.ID)
		}
	}
	x, err := d.client.Compile(text, options)
	if full(err) {
		d.cache.drop()
		collect()
		x, err = d.client.Compile(text, options)
	}
	if err != nil {
		return nil, err
	}
	if want := len(p.Assigns) + len(p.Outputs); x.Outputs != want {
		x.Close()
		return nil, fmt.Errorf("the executable has %d results, want %d", x.Outputs, want)
	}
	if d.o.Compiled != nil {
		d.o.Compiled(p, len(text), time.Since(start))
	}
	l := hold(x)
	d.cache.put(key, l)
	return l, nil
}
