package evaluate

import "math"

// BLEU is the paper's measure of overlap: sentence BLEU-4 (Papineni et al.
// 2002) over characters (Unicode code points) with uniform weights and no
// smoothing, between 0 and 1. Where some order of N-gram has no match it is 0,
// so also for answers of fewer than four characters.
func BLEU(answer, reference string) float64 {
	const order = 4
	a, r := []rune(answer), []rune(reference)
	var logs float64
	for n := 1; n <= order; n++ {
		matched, total := matches(a, r, n)
		if matched == 0 {
			return 0
		}
		logs += math.Log(float64(matched)/float64(total)) / order
	}
	if len(a) < len(r) {
		logs += 1 - float64(len(r))/float64(len(a)) // brevity penalty
	}
	return math.Exp(logs)
}

// matches counts the N-grams of a that are in r, each at most as often as it
// is there, and all N-grams of a.
func matches(a, r []rune, n int) (matched, total int) {
	if len(a) < n {
		return 0, 0
	}
	left := map[string]int{}
	for i := 0; i+n <= len(r); i++ {
		left[string(r[i:i+n])]++
	}
	for i := 0; i+n <= len(a); i++ {
		total++
		if g := string(a[i : i+n]); left[g] > 0 {
			left[g]--
			matched++
		}
	}
	return matched, total
}
