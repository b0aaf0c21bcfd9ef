package diversity

// buckets are lists of entries, one a partition, to which N-grams are dealt out.
// A list is made of chunks of one piece of memory, so nobody needs to count
// beforehand how long it will be, and what is not used is not touched.
type buckets[E uint32 | uint64] struct {
	memory     []E
	used       uint32 // of memory, given out as chunks
	chunk      uint32 // entries of a chunk, a power of 2
	partitions int
	next       [maxPartitions]uint32 // where the next entry of a partition goes
	chunks     [][]uint32            // where the chunks of a partition begin
	// marks has the places where each partition ends after each group of prompts:
	// marks[group*partitions + partition].
	marks []uint32
}

const (
	maxPartitions = 1 << 11
	// Chunks of 4 KB: each run has one open for each partition, and half of it is
	// not used.
	narrowChunk = 1 << 10
	wideChunk   = 1 << 9
)

// begin empties the lists and makes room for about so many entries.
func (b *buckets[E]) begin(partitions, entries int, chunk uint32) {
	b.partitions, b.chunk, b.used, b.marks = partitions, chunk, 0, b.marks[:0]
	room := entries + entries/16 + (partitions+2)*int(chunk)
	if cap(b.memory) < room {
		b.memory = hugeSlice[E](room)
	}
	b.memory = b.memory[:cap(b.memory)]
	b.chunks = resize(b.chunks, partitions)
	for p := range b.chunks {
		b.chunks[p] = b.chunks[p][:0]
		b.next[p] = b.turn(p)
	}
}

// turn gives a partition whose chunk is full the next one. Whoever holds memory
// must take it anew: it may have moved.
func (b *buckets[E]) turn(partition int) uint32 {
	if int(b.used+b.chunk) > len(b.memory) {
		// More than was expected, as of a text that repeats one N-gram for ever.
		b.memory = append(hugeSlice[E](2*len(b.memory) + int(b.chunk))[:0], b.memory...)
		b.memory = b.memory[:cap(b.memory)]
	}
	at := b.used
	b.used += b.chunk
	b.chunks[partition] = append(b.chunks[partition], at)
	return at
}

// endGroup notes where the group of prompts ends.
func (b *buckets[E]) endGroup() { b.marks = append(b.marks, b.next[:b.partitions]...) }

// each calls visit for the entries of one partition in the order in which they
// came, a piece of one group at a time: prompt is the group's first, counted from
// first on.
func (b *buckets[E]) each(partition, first, group int, visit func(prompt int, entries []E)) {
	if len(b.marks) == 0 {
		return
	}
	chunks := b.chunks[partition]
	at, prompt, mask := chunks[0], first, b.chunk-1
	b.touch(chunks)
	for m := partition; m < len(b.marks); m += b.partitions {
		end := b.marks[m]
		for at&^mask != end&^mask {
			visit(prompt, b.memory[at:(at|mask)+1])
			chunks = chunks[1:]
			at = chunks[0]
			b.touch(chunks)
		}
		if at < end {
			visit(prompt, b.memory[at:end])
			at = end
		}
		prompt += group
	}
}

// entries is how many entries a partition has.
func (b *buckets[E]) entries(partition int) int {
	if len(b.marks) == 0 {
		return 0
	}
	n := len(b.chunks[partition])
	return (n-1)*int(b.chunk) + int(b.next[partition]-b.chunks[partition][n-1])
}

// resize gives a slice of length n, the same memory where that is large enough.
// What is in it is not defined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/8)
	}
	return s[:n]
}

// touch reads the beginning of the chunk after the first, so that it is in the
// cache when its turn comes: the processor fetches ahead within a chunk, and
// cannot know where the next one is.
//
//go:noinline
func (b *buckets[E]) touch(chunks []uint32) (t E) {
	const line = 8 // entries of 8 bytes in a line of the cache
	if len(chunks) > 1 {
		for i := chunks[1]; i < chunks[1]+b.chunk/4; i += line {
			t += b.memory[i]
		}
	}
	return t
}
