package arrowio

import (
	"errors"
	"math"
	"time"
)

// beyond and before stand for times that nanoseconds in 64 bits do not reach, such
// as the 9999-12-31 that means "never": they compare as they should.
const beyond, before = math.MaxInt64, math.MinInt64

var errBeyond = errors.New("a time outside the years 1678 to 2262, which only SQL computes with")

func nanoseconds(n int64, unit time.Duration) int64 {
	switch limit := math.MaxInt64 / int64(unit); {
	case n > limit:
		return beyond
	case n < -limit:
		return before
	}
	return n * int64(unit)
}

// reached gives an error where a time is too far away for its value to be given.
func reached(v *vec) error {
	for i, t := range v.ints {
		if (t == beyond || t == before) && v.isValid(i) {
			return errBeyond
		}
	}
	return nil
}

// bothBeyond tells whether two times are to be compared that are both too far away,
// on the same side, for that to be known of them which is the later.
func bothBeyond(a, b *vec) bool {
	if a.kind != vecTime || b.kind != vecTime || a.scalar || b.scalar {
		return false
	}
	for i, t := range a.ints {
		if (t == beyond || t == before) && b.ints[i] == t && a.isValid(i) && b.isValid(i) {
			return true
		}
	}
	return false
}

// ofTime gives a part of each time, in its column's zone.
func ofTime(part func(time.Time) int) func([]vec, int) (vec, error) {
	return func(args []vec, n int) (vec, error) {
		a := &args[0]
		if a.kind == vecNull {
			return nullVec()
		}
		if err := reached(a); err != nil {
			return vec{}, err
		}
		zone := a.zone
		if zone == nil {
			zone = time.UTC
		}
		out := vec{kind: vecInt, ints: make([]int64, n), valid: a.valid}
		for i, ns := range spread(a.ints, a.scalar, n) {
			out.ints[i] = int64(part(time.Unix(0, ns).In(zone)))
		}
		return out, nil
	}
}

// toTime reads dates and times as text.
func toTime(args []vec, n int) (vec, error) {
	a := &args[0]
	if a.kind == vecNull {
		return nullVec()
	}
	out := vec{kind: vecTime, ints: make([]int64, n), valid: a.valid}
	for i, s := range spread(a.texts, a.scalar, n) {
		if a.isValid(i) {
			var err error
			if out.ints[i], err = parseTime([]byte(s)); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}
