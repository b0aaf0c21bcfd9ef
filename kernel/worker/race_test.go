//go:build race

package worker

// The race detector itself reports racing map writes, and runs out of memory in
// its own words.
const raceDetector = true
