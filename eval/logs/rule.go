package logs

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/wording"
)

// A Rule is a condition that must not hold, such as
//
//	cost_per_day.support_bot > 40
//	tier_share.FRONTIER >= 5%
//
// a metric, what it is of, a comparison and a number, which may be a percentage or
// have a dollar sign before it. docs/logs.md lists the metrics.
type Rule struct {
	Text   string
	metric *metric
	of     string // empty: all requests
	op     string
	limit  float64
}

// ErrRule is what errors of rules' texts wrap.
var ErrRule = errors.New("rule")

// ParseRule reads a rule. Tiers are checked at once; features are those of the
// log.
func ParseRule(text string, tiers []string) (Rule, error) {
	fail := func(format string, args ...any) (Rule, error) {
		return Rule{}, fmt.Errorf("%w %s: %s", ErrRule, wording.Quote(text), fmt.Sprintf(format, args...))
	}
	at, op := operator(text)
	if op == "" {
		return fail("expected METRIC > NUMBER, with one of >, >=, < and <= (as cost_per_day.support_bot > 40)")
	}
	r := Rule{Text: strings.TrimSpace(text), op: op}
	left, right := strings.TrimSpace(text[:at]), strings.TrimSpace(text[at+len(op):])
	name, of, dotted := strings.Cut(left, ".")
	if strings.HasPrefix(of, `"`) {
		if err := json.Unmarshal([]byte(of), &of); err != nil {
			return fail("behind the dot: expected a name in double quotes, found %s", wording.Quote(of))
		}
	}
	known := metrics()
	names := make([]string, len(known))
	for i := range known {
		if names[i] = known[i].name; names[i] == name {
			r.metric = &known[i]
		}
	}
	switch {
	case r.metric == nil:
		return fail("expected a metric of %s, found %s%s", wording.List(names), wording.Quote(name), wording.DidYouMean(name, names))
	case dotted && r.metric.of == "":
		return fail("%s is of the whole log: leave .%s out", name, of)
	case dotted && of == "", r.metric.of == ofTier && !dotted:
		return fail("expected %s.%s", name, strings.ToUpper(r.metric.of))
	case r.metric.of == ofTier && !slices.Contains(tiers, of):
		return fail("expected a tier of %s, found %s%s", wording.List(tiers), wording.Quote(of), wording.DidYouMean(of, tiers))
	}
	r.of = of
	var err error
	if r.limit, err = r.metric.limit(right); err != nil {
		return fail("%v", err)
	}
	return r, nil
}

// operator finds the first comparison that does not stand in quotes.
func operator(text string) (at int, op string) {
	quoted := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\\' && quoted:
			return -1, "" // no name needs it
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '<' || c == '>'):
			if i+1 < len(text) && text[i+1] == '=' {
				return i, text[i : i+2]
			}
			return i, text[i : i+1]
		}
	}
	return -1, ""
}

// mostChange is the largest limit of a weekly change that is no percentage.
const mostChange = 10

// limit reads a number in the metric's unit.
func (m *metric) limit(text string) (float64, error) {
	digits, percent := strings.CutSuffix(text, "%")
	digits, dollars := strings.CutPrefix(strings.TrimSpace(digits), "$")
	v, err := strconv.ParseFloat(digits, 64)
	switch {
	case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
		return 0, fmt.Errorf("expected a number, found %s", wording.Quote(text))
	case dollars && m.unit != unitUSD:
		return 0, fmt.Errorf("%s is not in USD: found %s", m.name, wording.Quote(text))
	case percent && m.unit != unitShare:
		return 0, fmt.Errorf("%s is not a share: found %s", m.name, wording.Quote(text))
	}
	if percent {
		v /= 100
	}
	most := 1.
	if m.name == "weekly_change" {
		most = mostChange
		if percent {
			most = math.Inf(1)
		}
	}
	if m.unit == unitShare && v > most {
		return 0, fmt.Errorf("%s is a share, 0.2 or 20%%: found %s (did you mean %s%%?)", m.name, text, text)
	}
	return v, nil
}

// An Outcome is what came of a rule.
type Outcome string

// Outcomes.
const (
	Pass         Outcome = "pass"
	Inconclusive Outcome = "inconclusive" // too much is unknown
	Broken       Outcome = "broken"       // the condition holds
	Invalid      Outcome = "invalid"      // there is nothing to decide on
)

// A Decided is a rule and what came of it.
type Decided struct {
	Rule    string      `json:"rule"`
	Unit    string      `json:"unit"` // of Found: USD, share, ms, or none
	Outcome Outcome     `json:"outcome"`
	Found   eval.Number `json:"found"` // the value nearest to breaking it, or that breaks it most
	Where   string      `json:"where"` // its day; empty: it is of no day
	Why     string      `json:"why"`
}

// Decide decides a rule. It is inconclusive where more than maxUnknown of the
// requests that it should rest on lack what it is made of, or of all lines are bad,
// and these could change the outcome; and where only bounds are known and one of
// them breaks it. A feature that the log does not have is invalid, so that a
// misspelt one does not pass for ever; so is a log that was not read to its end,
// unless what was read breaks the rule whatever comes.
func (r Rule) Decide(s *Summary, maxUnknown float64) Decided {
	d := Decided{Rule: r.Text, Unit: r.metric.unit, Outcome: Invalid, Found: undefinedNumber()}
	if s.Whole.Requests == 0 {
		d.Why = "the log has no requests"
		return d
	}
	values := r.metric.values(s, r.of)
	if r.op[0] == '<' {
		values = slices.DeleteFunc(values, func(v value) bool { return v.partial })
	}
	if len(values) == 0 {
		d.Why = r.nothing(s)
		return d
	}
	// The worst of the values decides: an outcome that is worse, or a value that is
	// nearer to breaking the rule.
	for i, v := range values {
		outcome, why := r.decide(s, v, maxUnknown)
		worse := rank(outcome) - rank(d.Outcome)
		if i == 0 || worse > 0 || worse == 0 && (r.op[0] == '>' && v.v > d.Found || r.op[0] == '<' && v.v < d.Found) {
			d.Outcome, d.Why, d.Found, d.Where = outcome, why, v.v, v.day
		}
	}
	return d
}

func rank(o Outcome) int { return slices.Index([]Outcome{Pass, Inconclusive, Invalid, Broken}, o) }

// decide decides a rule on one value.
func (r Rule) decide(s *Summary, v value, maxUnknown float64) (Outcome, string) {
	low, high := r.holds(v.low), r.holds(v.high)
	certain := v.rises && r.op[0] == '>' && low || v.rises && r.op[0] == '<' && !high && v.v.Defined()
	switch {
	case certain && low:
		return Broken, ""
	case len(s.Reading.Unread) > 0:
		return Invalid, "a part of the log could not be read"
	case certain:
		return Pass, ""
	case v.lacks > maxUnknown:
		return Inconclusive, fmt.Sprintf("%.3g %% of the requests lack %s, of more than %.3g %%", 100*v.lacks, v.what, 100*maxUnknown)
	case s.Reading.badShare() > maxUnknown && r.metric.name != "bad_line_share":
		return Inconclusive, fmt.Sprintf("%.3g %% of the lines are bad, of more than %.3g %%", 100*s.Reading.badShare(), 100*maxUnknown)
	case !v.v.Defined():
		return Invalid, r.metric.undefined(s)
	case low && high:
		return Broken, ""
	case low || high:
		return Inconclusive, fmt.Sprintf("it lies between %.4g and %.4g: %s", float64(v.low), float64(v.high), v.bound)
	}
	return Pass, ""
}

func (r Rule) holds(v eval.Number) bool {
	switch limit := eval.Number(r.limit); r.op {
	case ">":
		return v > limit
	case ">=":
		return v >= limit
	case "<":
		return v < limit
	default:
		return v <= limit
	}
}

// nothing says why there is no value.
func (r Rule) nothing(s *Summary) string {
	if r.metric.of == ofFeature && r.of != "" {
		var names []string
		for _, f := range s.Features {
			if !f.Unnamed {
				names = append(names, f.Name)
			}
		}
		if !slices.Contains(names, r.of) {
			return fmt.Sprintf("the log has no feature %s%s", wording.Quote(r.of), wording.DidYouMean(r.of, names))
		}
	}
	return "no record has a time, or no day is complete"
}
