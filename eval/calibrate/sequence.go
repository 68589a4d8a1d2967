package calibrate

import "github.com/routeproof/routeproof/eval/stats"

// candidates are settings from strict to permissive, at least one, by number.
type candidates interface {
	count() int
	onTune(i int) float64                  // p-value on tune of the hypothesis that the risk is over alpha
	onCertify(i int) float64               // and on the split that certifies
	tuneRisk(i int) float64                // seen on tune
	setting(i int) *Setting                // what it came to on the split that certifies
	more(i int) (requests int, never bool) // that would certify one that failed
}

// choose tests settings in turn, from the start until one fails, and fills in
// what came of it.
func choose(c candidates, r *Result) {
	n, start := c.count(), startOf(c)
	p := func(i int) float64 {
		r.Tested++
		return c.onCertify(i)
	}
	certified := stats.CertifyFixedSequence(n, p, r.Delta, start)
	r.Settings, r.First, r.Certified = n, c.setting(start), len(certified) > 0
	if r.Certified {
		r.Setting = c.setting(certified[len(certified)-1])
	} else {
		r.More, r.Never = c.more(start)
	}
	for i := n - 1; i >= 0 && r.Heuristic == nil; i-- {
		if c.tuneRisk(i) <= r.Alpha {
			r.Heuristic = c.setting(i)
		}
	}
}

// startOf is the setting with the lowest p-value on tune, of equal ones the
// strictest. It is the one that is most likely to pass, and stricter ones would
// be of no use: only the most permissive that passes is. Where p-values rise
// along the settings, as those of a regret do, it is the first.
//
// stats.LearnedStart looks at how many rows a setting accepts alone. It is as
// good where errors become more frequent throughout, and worse elsewhere: of a
// score that tells nothing, with 3 % wrong, it certifies 5 % on 2,000 rows in
// 20 % of the draws, this start in 98 %.
func startOf(c candidates) int {
	at, least := 0, c.onTune(0)
	for i := 1; i < c.count(); i++ {
		if p := c.onTune(i); p < least {
			at, least = i, p
		}
	}
	return at
}
