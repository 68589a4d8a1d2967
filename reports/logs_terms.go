package reports

import (
	"slices"

	"github.com/routeproof/routeproof/eval/logs"
)

// terms explains the words of the page.
func (t *logTeller) terms() {
	t.folded("What the words mean", func() {
		t.bullet("**[low, high] of n**: the 95 %% interval of a rate and the number of requests it is of (Wilson); of a change from week to week, that of a ratio of sums over the pairs of days.")
		t.bullet("**≥** and **unknown**: a request whose cost is unknown is in no sum. Shares of cost and costs of 1,000 requests are over those whose cost is known.")
		t.bullet("**Whole days** are all but the log's first and last, in UTC, unless it was asked for from or until midnight. A mean cost of a day is over those that are in the log; on one of them a feature without requests cost nothing.")
		t.bullet("**Escalated**: of requests that began at a tier (for a feature: at the cheapest), the share that a dearer one had to answer. Judged is the interval: below %s good, above %s a problem of the classifier, between them to be watched; undecided where it holds one of these. "+
			"Where the log does not tell where requests began, the share is only known to lie between two bounds; log `start_tier` or `scores`.", wholePercent(logs.GoodEscalation), wholePercent(logs.ProblemEscalation))
		if marked := func(f logs.Feature) bool { return f.Mark != logs.MarkNone }; slices.ContainsFunc(t.s.Features, marked) {
			t.bullet("**Above, below, around %s**: how the share of answers of the cheapest tier stands to what is usual of support and Q&A features, above %s. Around: the interval holds it.", wholePercent(t.SupportShare), wholePercent(t.SupportShare))
		}
		t.bullet("**p50, p95, p99**: quantiles of latency from a DDSketch, right to within %s; unknown under 2, 20 and 100 requests.", wholePercent(logs.SketchAccuracy))
		t.bullet("**Saving** assumes that the dearest tier's model reads and writes as many tokens for each request as the model that answered. It is of the log itself, not a sample, and so has no interval. %s", originLegend)
		if t.s.Drift != nil {
			t.driftTerms()
		}
		t.end()
	})
}

func (t *logTeller) driftTerms() {
	t.bullet("**PSI**: the population stability index of two distributions. By convention nothing to speak of below %.2f, another population from %.2f on. Without any drift it stays below *by chance up to* in 95 %% of cases; where that is above %.2f, there is too little to tell. "+
		"**p** tests both being one distribution; **KS** is the largest distance of the two distribution functions (Kolmogorov and Smirnov); **total variation** is the share of requests that would have to move.", logs.SmallPSI, logs.LargePSI, logs.SmallPSI)
	t.bullet("**Holds**: nothing was found that speaks against the certificates. **Doubtful**: requests differ, or too few are known to tell. **Void**: requests are clearly of another kind, or their scores are not this artifact's. " +
		"None of these says whether accepted answers are still right: only labels tell.")
}
