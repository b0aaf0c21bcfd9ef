// This file is empty: it lets the package declare functions without a body,
// which go:linkname binds to the runtime's.
