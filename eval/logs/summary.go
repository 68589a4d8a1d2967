package logs

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// Version of the summary's form as JSON. A change of meaning raises it.
const Version = 1

// confidence of all intervals.
const confidence = 0.95

// Assumptions are what a log does not tell.
type Assumptions struct {
	ClassifierUSD   *float64 // what classifying a request costs where the log does not say; nil: unknown
	FixedUSDPerDay  float64  // what running the router costs besides
	FirstTierShare  float64  // the share of the cheapest tier that a support or Q&A feature should exceed
	SupportFeatures []string // the features that are held to it
}

// A Summary is what a log tells. Undefined figures are null in JSON.
type Summary struct {
	Version int      `json:"version"`
	Reading Reading  `json:"reading"`
	TierSet []string `json:"tier_names"`

	First    *time.Time `json:"first"` // nil: no record has a time
	Last     *time.Time `json:"last"`
	Days     int        `json:"days"`          // calendar days, UTC, that have records
	Complete int        `json:"complete_days"` // of them, those that lie within the log: all but the first and the last, unless it was asked for from or until midnight

	Whole      Feature   `json:"whole"`    // all requests, under no name
	Features   []Feature `json:"features"` // the dearest first
	Tiers      []Tier    `json:"tiers"`
	Models     []Model   `json:"models"`     // the dearest first
	Unanswered Spend     `json:"unanswered"` // requests whose tier is unknown
	Saving     *Saving   `json:"saving"`     // nil: nothing to compare with
	Drift      *Drift    `json:"drift"`      // nil: no artifact was given
	Warnings   []string  `json:"warnings"`
}

// Reading says what became of the lines.
type Reading struct {
	Lines    int      `json:"lines"`
	Records  int      `json:"records"` // that count
	Blank    int      `json:"blank"`
	Bad      int      `json:"bad"`      // of which nothing is used
	Outside  int      `json:"outside"`  // of another time than was asked for
	Repeated int      `json:"repeated"` // the same line with the same request id as before: left out
	Alike    int      `json:"alike"`    // the same line as before, without an id: kept
	AlikeUSD float64  `json:"alike_usd"`
	Clashing int      `json:"clashing"` // the same request id as before on another line: kept
	Timeless int      `json:"timeless"` // records without a time that is believed
	Faults   []Fault  `json:"faults"`
	Unread   []Unread `json:"unread"`
}

// A Spend is requests and their known cost.
type Spend struct {
	Requests int         `json:"requests"`
	Unknown  int         `json:"unknown_cost"` // requests whose cost is unknown, and not in USD
	USD      eval.Number `json:"usd"`          // undefined where that is all of them
}

// Per1000 is the mean cost of 1,000 requests whose cost is known.
func (s Spend) Per1000() eval.Number {
	return quotient(1000*float64(s.USD), float64(s.Requests-s.Unknown))
}

// UnknownShare is the share of requests whose cost is unknown.
func (s Spend) UnknownShare() float64 {
	if s.Requests == 0 {
		return 0
	}
	return float64(s.Unknown) / float64(s.Requests)
}

func (s *spend) public() Spend {
	out := Spend{s.requests, s.unknown, eval.Number(s.usd.usd())}
	if s.unknown > 0 && s.unknown == s.requests {
		out.USD = undefinedNumber()
	}
	return out
}

func undefinedNumber() eval.Number { return eval.Number(math.NaN()) }

func quotient(a, b float64) eval.Number {
	if b == 0 {
		return eval.Number(math.NaN())
	}
	return eval.Number(a / b)
}

// Labels of what gathers requests under no name of their own.
const (
	OtherFeatures = "(other features)"
	NoFeature     = "(no feature)"
	OtherModels   = "(other models)"
	NoModel       = "(no model)"
)

// A Feature is a part of the product that sends requests.
type Feature struct {
	Name       string        `json:"feature"`
	Unnamed    bool          `json:"unnamed"` // Name is a label of ours, whatever features there are of that name
	Spend                    // of all its requests
	Share      eval.Number   `json:"share_of_usd"`
	PerDay     eval.Number   `json:"usd_per_day"`               // mean over complete days
	PerDayGap  float64       `json:"usd_per_day_unknown_share"` // of the requests of these days, those of unknown cost
	DearestDay *DaySpend     `json:"dearest_day"`               // the earliest on a tie; nil: none has a time
	Trend      *Trend        `json:"trend"`                     // nil: too few complete days
	Tiers      []int         `json:"tiers"`                     // requests by the tier that answered
	FirstTier  eval.Estimate `json:"first_tier_share"`
	Mark       Mark          `json:"first_tier_mark"`
	Escalation Escalation    `json:"escalation"` // of requests that began at the cheapest tier

	Days     []DaySpend `json:"-"`         // those with requests, in order
	LastDays []DaySpend `json:"last_days"` // the last ones of these, at most 100
	Timeless int        `json:"timeless"`
}

const lastDays = 100

// Mark says how the share of the cheapest tier stands to what is usual for
// support and Q&A features.
type Mark string

// Marks. They are about the share's interval.
const (
	MarkAbove  Mark = "above"
	MarkBelow  Mark = "below"
	MarkAround Mark = "around" // the interval holds it
	MarkNone   Mark = ""       // the feature is not held to it
)

// A DaySpend is a feature's requests on a day, which begins at 00:00 UTC.
type DaySpend struct {
	Feature  string `json:"-"`
	Day      string `json:"day"`      // as 2026-01-31
	Complete bool   `json:"complete"` // it lies within the log
	Spend
}

// A Tier is what requests that a tier answered add up to.
type Tier struct {
	Name string `json:"tier"`
	Spend
	Share        eval.Estimate `json:"share"` // of requests that a tier answered
	InputTokens  eval.Number   `json:"mean_input_tokens"`
	OutputTokens eval.Number   `json:"mean_output_tokens"`
	Latency      Latency       `json:"latency_ms"`
	Escalation   Escalation    `json:"escalation"` // of requests that began there
}

// Latency has quantiles in milliseconds, right to within [SketchAccuracy] of the
// value; null where fewer than 2, 20 or 100 requests tell theirs.
type Latency struct {
	N   int         `json:"n"`
	P50 eval.Number `json:"p50"`
	P95 eval.Number `json:"p95"`
	P99 eval.Number `json:"p99"`
	Min eval.Number `json:"min"`
	Max eval.Number `json:"max"`
}

func (q *quantiles) latency() Latency {
	at := func(p float64) eval.Number { return eval.Number(q.at(p)) }
	out := Latency{N: q.n, P50: at(.5), P95: at(.95), P99: at(.99), Min: eval.Number(q.min), Max: eval.Number(q.max)}
	if q.n == 0 {
		out.Min, out.Max = undefinedNumber(), undefinedNumber()
	}
	return out
}

// bounds are what the exact quantile lies between where v is told.
func (l *Latency) bounds(v eval.Number) (low, high eval.Number) {
	return max(v/(1+SketchAccuracy), l.Min), min(v/(1-SketchAccuracy), l.Max)
}

// A Model is what requests that a model answered add up to.
type Model struct {
	Name    string `json:"model"`
	Unnamed bool   `json:"unnamed"`
	Spend
}

// Summary makes figures of the tally.
func (t *Tally) Summary(a Assumptions) *Summary {
	s := &Summary{
		Version: Version, Reading: t.reading(), TierSet: t.reader.Tiers.Names(), Unanswered: t.noTier.public(),
		Features: []Feature{}, Warnings: []string{},
	}
	if t.first != 0 {
		first, last := time.Unix(t.first, 0).UTC(), time.Unix(t.last, 0).UTC()
		s.First, s.Last = &first, &last
	}
	t.addFeatures(s, a)
	s.Days = len(s.Whole.Days)
	for _, d := range s.Whole.Days {
		if d.Complete {
			s.Complete++
		}
	}
	t.addTiers(s)
	t.addModels(s)
	s.Saving = t.saving(a, s)
	if t.drift != nil {
		s.Drift = t.drift.result(t.reader.Reference)
	}
	s.Warnings = append(s.Warnings, t.warnings(s, a)...)
	return s
}

func (t *Tally) reading() Reading {
	return Reading{
		Lines: t.lines, Records: t.all.requests, Blank: t.blank, Bad: t.faults.badLines(), Outside: t.outside, Repeated: t.repeated,
		Alike: t.alike, AlikeUSD: t.alikeUSD.usd(), Clashing: t.clashing, Timeless: t.timeless, Faults: t.faults.list(), Unread: append([]Unread{}, t.unread...),
	}
}

func (t *Tally) addFeatures(s *Summary, a Assumptions) {
	whole := newFeatureTally(len(t.byTier))
	for _, f := range t.byFeature {
		if f != nil {
			whole.merge(f)
		}
	}
	for k, f := range t.byFeature {
		if f == nil {
			continue
		}
		name := OtherFeatures
		switch {
		case k < MaxFeatures:
			name = t.features.list[k]
		case k > MaxFeatures:
			name = NoFeature
		}
		out := t.feature(name, f, whole, a)
		out.Unnamed = k >= MaxFeatures
		s.Features = append(s.Features, out)
	}
	s.Whole = t.feature("", whole, whole, a)
	slices.SortStableFunc(s.Features, func(a, b Feature) int {
		return cmp.Or(cmp.Compare(b.USD, a.USD), cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Name, b.Name))
	})
}

func (t *Tally) feature(name string, f, whole *featureTally, a Assumptions) Feature {
	out := Feature{
		Name: name, Spend: f.public(), Tiers: f.tiers, Timeless: f.timeless,
		Escalation: f.starts.estimate(0), Days: f.list(name, t.complete),
	}
	out.LastDays = out.Days[max(len(out.Days)-lastDays, 0):]
	out.Share = quotient(float64(out.USD), t.all.usd.usd())
	answered := 0
	for _, n := range f.tiers {
		answered += n
	}
	out.FirstTier = shareOf(f.tiers[0], answered)
	out.Mark = markOf(out.FirstTier, name, a)
	for i := range out.Days {
		if d := &out.Days[i]; d.USD.Defined() && (out.DearestDay == nil || d.USD > out.DearestDay.USD) {
			out.DearestDay = d
		}
	}
	out.PerDay, out.PerDayGap, out.Trend = t.daily(f, whole)
	return out
}

// list returns a feature's days in order.
func (f *featureTally) list(name string, complete func(day int64) bool) []DaySpend {
	out := make([]DaySpend, 0, len(f.days))
	for _, day := range slices.Sorted(maps.Keys(f.days)) {
		date := time.Unix(day*secondsPerDay, 0).UTC().Format(time.DateOnly)
		out = append(out, DaySpend{name, date, complete(day), f.days[day].public()})
	}
	return out
}

// shareOf is k of n with Wilson's interval; undefined for n = 0.
func shareOf(k, n int) eval.Estimate {
	if n == 0 {
		nan := eval.Number(math.NaN())
		return eval.Estimate{Value: nan, Low: nan, High: nan}
	}
	i := stats.Wilson(k, n, confidence)
	return eval.Estimate{Value: eval.Number(float64(k) / float64(n)), Low: eval.Number(i.Low), High: eval.Number(i.High)}
}

func markOf(share eval.Estimate, name string, a Assumptions) Mark {
	switch {
	case !share.Value.Defined() || !slices.Contains(a.SupportFeatures, name):
		return MarkNone
	case float64(share.Low) > a.FirstTierShare:
		return MarkAbove
	case float64(share.High) < a.FirstTierShare:
		return MarkBelow
	}
	return MarkAround
}

func (t *Tally) addTiers(s *Summary) {
	answered := t.all.requests - t.noTier.requests
	for k, name := range t.reader.Tiers.Names() {
		from := &t.byTier[k]
		s.Tiers = append(s.Tiers, Tier{
			Name: name, Spend: from.public(), Share: shareOf(from.requests, answered),
			InputTokens: quotient(float64(from.input), float64(from.inputN)), OutputTokens: quotient(float64(from.output), float64(from.outputN)),
			Latency: from.latency.latency(), Escalation: t.starts.estimate(k),
		})
	}
}

func (t *Tally) addModels(s *Summary) {
	s.Models = []Model{}
	for k, m := range t.byModel {
		if m == nil {
			continue
		}
		name := OtherModels
		switch {
		case k < MaxModels:
			name = t.models.list[k]
		case k > MaxModels:
			name = NoModel
		}
		s.Models = append(s.Models, Model{name, k >= MaxModels, m.public()})
	}
	slices.SortStableFunc(s.Models, func(a, b Model) int {
		return cmp.Or(cmp.Compare(b.USD, a.USD), cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Name, b.Name))
	})
}
