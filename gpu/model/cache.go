package model

import (
	"fmt"

	"divvy/gpu/program"
)

// Cache is the keys and values of all blocks, State inputs of a Program for
// generation. Each has rows of a fixed number of places.
type Cache struct {
	keys, values []*program.Value
	rows         int
}

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
		cache.keys = append(cache.keys, b.Input(program.State, names[i], t, shape...))
		cache.values = append(cache.values, b.Input(program.State, names[i+1], t, shape...))
	}
	return cache
}

// update writes the tokens' keys and values of a block at their places.
func (c *Cache) update(b *program.Builder, layer int, k, v *program.Value, t Tokens) (keys, values *program.Value) {
	keys = b.UpdateRows(c.keys[layer], k, t.At, c.rows)
	values = b.UpdateRows(c.values[layer], v, t.At, c.rows)
	b.Assign(c.keys[layer], keys)
	b.Assign(c.values[layer], values)
	return keys, values
}
