package logs

import (
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/internal/wording"
)

// warnings say what the figures leave out, or may have counted twice.
func (t *Tally) warnings(s *Summary, a Assumptions) (out []string) {
	add := func(n int, format string, args ...any) {
		if n > 0 {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	count := wording.Plural
	verb := func(n int, one, more string) string {
		if n == 1 {
			return one
		}
		return more
	}
	for _, u := range t.unread {
		out = append(out, fmt.Sprintf("%s: %s: the figures are of what came before", wording.Quote(u.File), u.Reason))
	}
	add(t.all.unknown, "%s of unknown cost %s in no sum: log cost_usd, or tokens and a model whose price is known (--prices)", count(t.all.unknown, "request"), verb(t.all.unknown, "is", "are"))
	add(t.computed.requests, "the cost of %s (%s) is not logged but computed from tokens and prices", count(t.computed.requests, "request"), money(t.computed.usd.usd()))
	add(t.alike, "%s repeated an earlier one, byte for byte, and %s counted (%s): a request_id in the log would say which are the same request, and leave those out", count(t.alike, "line"), verb(t.alike, "was", "were"), money(t.alikeUSD.usd()))
	add(t.clashing, "%s had the request_id of an earlier, different one, and %s counted", count(t.clashing, "line"), verb(t.clashing, "was", "were"))
	if n := t.escalated(); n > 0 {
		out = append(out, fmt.Sprintf("%s %s escalated: if your router logs the cost of the last call only, what was paid before is missing%s", count(n, "request"), verb(n, "was", "were"), t.before(n)))
	}
	add(t.timeless, "%s without a believable time: in no day's figures", count(t.timeless, "record"))
	if f := t.byFeature[MaxFeatures]; f != nil {
		out = append(out, fmt.Sprintf("only the first %s features are told apart: %s %s of others", wording.Thousands(MaxFeatures), count(f.requests, "request"), verb(f.requests, "is", "are")))
	}
	for _, name := range a.SupportFeatures {
		if !slices.ContainsFunc(s.Features, func(f Feature) bool { return f.Name == name && !f.Unnamed }) {
			out = append(out, fmt.Sprintf("no request is of the feature %s, which the configuration names under logs.support_features", wording.Quote(name)))
		}
	}
	return out
}

// money writes USD in a sentence.
func money(usd float64) string {
	if usd >= 0.01 || usd == 0 {
		cents := int(math.Round(100 * usd))
		return fmt.Sprintf("$%s.%02d", wording.Thousands(cents/100), cents%100)
	}
	return fmt.Sprintf("$%.2g", usd)
}

// escalated counts all requests that were escalated.
func (t *Tally) escalated() (n int) {
	for k := range t.byTier {
		n += t.byTier[k].escalated
	}
	return n + t.starts.lost
}

// before says what escalated requests have cost before at the least, about: one
// call, at the mean cost of requests that the cheapest tier answered.
func (t *Tally) before(n int) string {
	each := t.byTier[0].public().Per1000()
	if !each.Defined() {
		return ""
	}
	return fmt.Sprintf(": at least about %s, what one call of %s costs each", money(float64(each)*float64(n)/1000), t.reader.Tiers.Name(0))
}
