package model

import (
	"fmt"

	"divvy/gpu/program"
)

// Cache is the keys and values of all blocks, State inputs of a Program for
// generation. Each has rows of a fixed number of places.
type Cache struct {
	keys, values []cached
	rows         int
}

// cached is one of a cache's states and what it has come to.
type cached struct{ state, now *program.Value }

// CacheNames are the names of a cache's states, and their shape.
func CacheNames(c Config, rows, places int) (names []string, shape []int) {
	for i := range c.Layers {
		names = append(names, fmt.Sprintf("cache.%d.key", i), fmt.Sprintf("cache.%d.value", i))
	}
	return names, []int{rows * places, c.KVHeads * c.HeadDim()}
}

// NewCache declares the states of a cache for rows texts of up to places
// tokens.
func NewCache(b *program.Builder, c Config, t program.DType, rows, places int) *Cache {
	names, shape := CacheNames(c, rows, places)
	cache := &Cache{rows: rows}
	for i := 0; i < len(names); i += 2 {
		k, v := b.Input(program.State, names[i], t, shape...), b.Input(program.State, names[i+1], t, shape...)
		cache.keys, cache.values = append(cache.keys, cached{k, k}), append(cache.values, cached{v, v})
	}
	return cache
}

// Keep assigns to the states what they have come to. It is called once, when the
// model has been written as often as it is to run.
func (c *Cache) Keep(b *program.Builder) {
	for i := range c.keys {
		b.Assign(c.keys[i].state, c.keys[i].now)
		b.Assign(c.values[i].state, c.values[i].now)
	}
}

// update writes the tokens' keys and values of a block at their places.
func (c *Cache) update(b *program.Builder, layer int, k, v *program.Value, t Tokens) (keys, values *program.Value) {
	keys = b.UpdateRows(c.keys[layer].now, k, t.At, c.rows)
	values = b.UpdateRows(c.values[layer].now, v, t.At, c.rows)
	c.keys[layer].now, c.values[layer].now = keys, values
	return keys, values
}
