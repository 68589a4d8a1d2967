package logs

import (
	"fmt"
	"strings"

	"github.com/routeproof/routeproof/eval"
)

// A metric is what rules are about. Of its values a rule must hold for none.
type metric struct {
	name   string
	of     string // what may stand behind its dot: ofFeature, ofTier, or nothing
	unit   string
	is     string
	values func(s *Summary, of string) []value
}

const (
	ofFeature = "feature" // may be left out
	ofTier    = "tier"
)

// A value is what a rule is decided on.
type value struct {
	v     eval.Number // as it is told
	low   eval.Number // where only bounds are known, these; else v
	high  eval.Number
	bound string // what the bounds rest on

	lacks   float64 // share of the requests that it should rest on and does not
	what    string  // what these lack
	rises   bool    // it is a sum, to which they can only add
	day     string  // empty: it is of no day
	partial bool    // the day may be longer than the log has it
}

// exactly is a value that is known, of requests of which a share lacks what it is
// made of.
func exactly(v eval.Number, lacks float64, what string) value {
	return value{v: v, low: v, high: v, lacks: lacks, what: what}
}

// sumOf is a value to which what is lacking can only add.
func sumOf(v eval.Number, lacks float64, what string) value {
	out := exactly(v, lacks, what)
	out.rises = true
	return out
}

// metrics are all that rules know. docs/logs.md lists them.
func metrics() []metric {
	feature := func(name, unit, is string, of func(s *Summary, f *Feature) []value) metric {
		return metric{name, ofFeature, unit, is, func(s *Summary, name string) []value {
			f, ok := s.feature(name)
			if !ok {
				return nil
			}
			return of(s, f)
		}}
	}
	tier := func(name, unit, is string, of func(s *Summary, t *Tier) value) metric {
		return metric{name, ofTier, unit, is, func(s *Summary, name string) []value {
			for i := range s.Tiers {
				if s.Tiers[i].Name == name {
					return []value{of(s, &s.Tiers[i])}
				}
			}
			return nil
		}}
	}
	whole := func(name, unit, is string, of func(s *Summary) value) metric {
		return metric{name, "", unit, is, func(s *Summary, _ string) []value { return []value{of(s)} }}
	}
	return []metric{
		feature("cost", unitUSD, "known cost of all requests", func(_ *Summary, f *Feature) []value {
			return []value{sumOf(f.USD, f.UnknownShare(), lacksCost)}
		}),
		feature("cost_per_day", unitUSD, "known cost of each day, of which one suffices (below a limit: of each complete day)", (*Summary).daily),
		feature("mean_cost_per_day", unitUSD, "known cost of a complete day, on average", func(_ *Summary, f *Feature) []value {
			return []value{sumOf(f.PerDay, max(f.PerDayGap, f.timelessShare()), lacksCostOrTime)}
		}),
		feature("cost_per_1000", unitUSD, "mean known cost of 1,000 requests", func(_ *Summary, f *Feature) []value {
			return []value{exactly(f.Per1000(), f.UnknownShare(), lacksCost)}
		}),
		feature("requests", "", "requests", func(_ *Summary, f *Feature) []value { return []value{sumOf(eval.Number(f.Requests), 0, "")} }),
		feature("weekly_change", unitShare, "cost of the last seven complete days against the seven before, less 1", func(_ *Summary, f *Feature) []value {
			if f.Trend == nil {
				return []value{exactly(undefinedNumber(), 0, "")}
			}
			return []value{exactly(f.Trend.Weekly.Value, max(f.Trend.Unknown, f.timelessShare()), lacksCostOrTime)}
		}),
		feature("first_tier_share", unitShare, "share of answers that the cheapest tier gave", func(_ *Summary, f *Feature) []value {
			return []value{exactly(f.FirstTier.Value, f.tierlessShare(), lacksTier)}
		}),
		feature("escalation_rate", unitShare, "share of requests begun at the cheapest tier that were escalated", func(_ *Summary, f *Feature) []value {
			e := f.Escalation
			return []value{{v: e.Least, low: e.Least, high: e.Most, bound: "log escalated, and start_tier or scores, by which it is known"}}
		}),
		tier("tier_share", unitShare, "share of answers that the tier gave", func(s *Summary, t *Tier) value {
			return exactly(t.Share.Value, s.Whole.tierlessShare(), lacksTier)
		}),
		tier("tier_cost", unitUSD, "known cost of the tier's answers", func(s *Summary, t *Tier) value {
			return sumOf(t.USD, max(t.UnknownShare(), s.Whole.tierlessShare()), "a cost or a tier")
		}),
		tier("latency_p50", unitMS, "median latency of the tier's answers", func(s *Summary, t *Tier) value { return t.latency(s, t.Latency.P50) }),
		tier("latency_p95", unitMS, "95th percentile of it", func(s *Summary, t *Tier) value { return t.latency(s, t.Latency.P95) }),
		tier("latency_p99", unitMS, "99th percentile of it", func(s *Summary, t *Tier) value { return t.latency(s, t.Latency.P99) }),
		whole("unknown_cost_share", unitShare, "share of requests whose cost is unknown", func(s *Summary) value {
			return exactly(quotient(float64(s.Whole.Unknown), float64(s.Whole.Requests)), 0, "")
		}),
		whole("unanswered_share", unitShare, "share of requests without a tier that answered", func(s *Summary) value {
			return exactly(quotient(float64(s.Unanswered.Requests), float64(s.Whole.Requests)), 0, "")
		}),
		whole("bad_line_share", unitShare, "share of lines that are no record", func(s *Summary) value {
			return exactly(eval.Number(s.Reading.badShare()), 0, "")
		}),
		whole("net_saving", unitShare, "share saved against the last tier, classifying included", func(s *Summary) value {
			if s.Saving == nil {
				return exactly(undefinedNumber(), 0, "")
			}
			return exactly(s.Saving.Net, 1-float64(s.Saving.Requests)/float64(s.Whole.Requests), "a cost or tokens")
		}),
		whole("psi_scores", "", "population stability index of scores (--artifact)", func(s *Summary) value {
			return s.psi(func(d *Drift) *Shift { return d.Score })
		}),
		whole("psi_tiers", "", "population stability index of tiers (--artifact)", func(s *Summary) value {
			return s.psi(func(d *Drift) *Shift { return d.Mix })
		}),
	}
}

// Units of metrics.
const (
	unitUSD   = "USD"
	unitShare = "share"
	unitMS    = "ms"
)

// What requests lack.
const (
	lacksCost       = "a cost"
	lacksTier       = "a tier"
	lacksCostOrTime = "a cost or a time"
)

func (f *Feature) timelessShare() float64 { return share(f.Timeless, f.Requests) }

func (f *Feature) tierlessShare() float64 {
	n := f.Requests
	for _, k := range f.Tiers {
		n -= k
	}
	return share(n, f.Requests)
}

func share(k, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}

// badShare is the share of lines that are no record, of those that are not blank.
func (r *Reading) badShare() float64 { return share(r.Bad, r.Lines-r.Blank) }

// latency is a quantile with the bounds that the sketch leaves.
func (t *Tier) latency(s *Summary, v eval.Number) value {
	out := exactly(v, max(1-share(t.Latency.N, t.Requests), s.Whole.tierlessShare()), "a latency or a tier")
	if v.Defined() {
		out.low, out.high = t.Latency.bounds(v)
		out.bound = "quantiles are known to within 1 %"
	}
	return out
}

// psi is an index. Where no difference is shown and chance reaches more than a
// little, it is only known not to be much above.
func (s *Summary) psi(of func(*Drift) *Shift) value {
	if s.Drift == nil || of(s.Drift) == nil {
		return exactly(undefinedNumber(), 0, "")
	}
	shift := of(s.Drift)
	v := eval.Number(shift.PSI)
	if shift.Null <= SmallPSI || shift.shown() {
		return exactly(v, 0, "")
	}
	return value{v: v, low: 0, high: v + eval.Number(shift.Null), bound: fmt.Sprintf("with so few requests or calibrate prompts it reaches %.3g by chance", shift.Null)}
}

// feature returns that of a name; all requests, for none.
func (s *Summary) feature(name string) (*Feature, bool) {
	if name == "" {
		return &s.Whole, true
	}
	for i := range s.Features {
		if s.Features[i].Name == name && !s.Features[i].Unnamed {
			return &s.Features[i], true
		}
	}
	return nil, false
}

// daily returns the costs of a feature on the days of the log: nothing, on one that
// it has no requests on.
func (s *Summary) daily(f *Feature) []value {
	own := map[string]Spend{}
	for _, d := range f.Days {
		own[d.Day] = d.Spend
	}
	var out []value
	for _, d := range s.Whole.Days {
		spend := own[d.Day]
		v := sumOf(spend.USD, max(spend.UnknownShare(), f.timelessShare()), lacksCostOrTime)
		v.day, v.partial = d.Day, !d.Complete
		out = append(out, v)
	}
	return out
}

// undefined says why a metric has no value.
func (m *metric) undefined(s *Summary) string {
	switch {
	case m.name == "weekly_change":
		return "the log has too few complete days, or the week before cost nothing"
	case strings.HasPrefix(m.name, "psi_") && s.Drift == nil:
		return "there is no artifact to compare with: give one with --artifact"
	case m.name == "net_saving":
		return "no request has a cost and tokens, or the last tier's price or the cost of classifying is unknown"
	}
	return "the log is too short, or says too little, for this figure"
}
