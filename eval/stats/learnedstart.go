package stats

// LearnedStart returns where a fixed sequence over settings from strict to
// permissive should start: at the first that accepts at least
// 2·LeastErrorFree(alpha, delta) rows, accepted[i] being how many setting i
// accepts. Stricter settings accept so few that one error, or too few rows,
// would stop the sequence at once. Where none accepts that many it is the last,
// which has the best chance; of no settings it is −1.
//
// accepted must come from other rows than those that certify (the tune split),
// scaled to the size of the split that certifies where sizes differ. delta is
// the level at which the sequence tests. It panics where accepted falls or is
// negative, and as LeastErrorFree does. The factor 2 leaves room for about one
// error: at delta = 0.1, one error needs 1.7 times the rows of none.
func LearnedStart(accepted []int, alpha, delta float64) int {
	least := 2 * LeastErrorFree(alpha, delta)
	start := len(accepted) - 1
	previous := 0
	for i, n := range accepted {
		if n < previous {
			panic("stats: accepted counts fall")
		}
		previous = n
		if n >= least {
			start = min(start, i)
		}
	}
	return start
}
