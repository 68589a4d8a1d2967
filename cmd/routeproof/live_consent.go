package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/wording"
)

// consent shows what is to be spent, and refuses to go on unless that was
// allowed.
func (a *app) consent(s *session, costs ...cost) error {
	var all cost
	asked := 0
	for _, c := range costs {
		if !asks([]cost{c}) {
			continue
		}
		a.say("%s", c)
		asked++
		for k := range c.usd {
			all.usd[k] += c.usd[k]
		}
		all.unpriced, all.unbounded = append(all.unpriced, c.unpriced...), append(all.unbounded, c.unbounded...)
	}
	if asked > 1 {
		a.say("together%s", all.price())
	}
	if asked > 0 {
		a.say("asked %s", s.where())
		for _, e := range s.config.Endpoints {
			if err := s.used[e.Name]; err != nil {
				a.say("warning: %s: nothing can be asked there", err)
			}
		}
	}
	if n := s.store.Lost(); n > 0 {
		a.say("%s %s under way when the last command died: what they cost is not known, and is counted at its most", wording.Plural(n, "request"), was(n))
	}
	switch {
	case asked == 0:
		a.say("every answer is in %s already: nothing is sent", s.flags.journal)
		return nil
	case s.flags.limited && len(all.unpriced) > 0:
		return fmt.Errorf("%w: --budget needs the prices of all models, and has none of %s: set input_per_m and output_per_m of a model, input_per_m of the embedder, 0 where it is free", errUsage, wording.List(all.unpriced))
	case s.flags.limited && len(all.unbounded) > 0:
		return fmt.Errorf("%w: --budget needs to know how dear an answer can be, and that of %s has no end: set max_tokens", errUsage, wording.List(all.unbounded))
	case s.flags.limited && s.before.Unbounded > 0:
		return fmt.Errorf("%w: --budget cannot be kept: %s has %s of which nothing says what they cost at most, as there was no price: take another --journal, or go on with --yes and no --budget",
			errUsage, s.flags.journal, wording.Plural(s.before.Unbounded, "request"))
	case s.flags.estimates():
		return fmt.Errorf("%w: nothing was sent: to go on, allow it with --yes, or with --budget and the most it may cost in USD", errUsage)
	case s.flags.limited && s.flags.budget-s.before.WorstUSD() < all.usd[1]:
		a.say("the budget of %s has %s left, less than is expected: what is answered before it is used up is kept, and a larger one goes on from there",
			dollars(s.flags.budget), dollars(max(0, s.flags.budget-s.before.WorstUSD())))
	}
	return nil
}

// where names the endpoints that are asked.
func (s *session) where() string {
	var places []string
	for _, e := range s.config.Endpoints {
		if _, used := s.used[e.Name]; used {
			places = append(places, fmt.Sprintf("%s (%s)", e.Name, e.BaseURL))
		}
	}
	from := "of the configuration"
	if s.builtIn {
		from = "of the built-in configuration, as no --config is given"
	}
	return fmt.Sprintf("at %s, models %s", strings.Join(places, " and "), from)
}

// asks tells whether anything of costs is to be sent.
func asks(costs []cost) bool {
	return slices.ContainsFunc(costs, func(c cost) bool { return max(c.calls[0], c.calls[1], c.calls[2]) > 0 })
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// cost is what some requests are expected to cost: low, expected and high.
type cost struct {
	what  string
	calls [3]int
	usd   [3]float64
	held  int

	unpriced, unbounded []string // models without a price, and without a limit of tokens
}

func (c cost) String() string {
	text := fmt.Sprintf("%s: %s expected (%s to %s)", c.what, wording.Plural(c.calls[1], "request"), wording.Thousands(c.calls[0]), wording.Thousands(c.calls[2]))
	if c.calls[0] == c.calls[2] {
		text = fmt.Sprintf("%s: %s", c.what, wording.Plural(c.calls[1], "request"))
	}
	if c.held > 0 {
		text += fmt.Sprintf(", %s in the journal already", wording.Plural(c.held, "answer"))
	}
	return text + c.price()
}

func (c cost) price() string {
	if len(c.unpriced) > 0 {
		return ", cost unknown: no price of " + wording.List(c.unpriced)
	}
	if c.usd[0] == c.usd[2] {
		return ", about " + dollars(c.usd[1])
	}
	return fmt.Sprintf(", about %s (low %s, high %s)", dollars(c.usd[1]), dollars(c.usd[0]), dollars(c.usd[2]))
}

// dollars shows an amount to three digits, and never a small one as nothing.
func dollars(usd float64) string {
	switch {
	case usd == 0:
		return "$0"
	case usd >= 100:
		return fmt.Sprintf("$%.0f", usd)
	case usd >= 1:
		return fmt.Sprintf("$%.2f", usd)
	}
	const digits = 3
	return "$" + strconv.FormatFloat(usd, 'f', min(15, digits-1-int(math.Floor(math.Log10(usd)))), 64)
}

// bound says how dear requests of unknown cost can be.
func bound(s openaiapi.Spend) string {
	switch s.Unbounded {
	case 0:
		return "at most " + dollars(s.AtMostUSD)
	case s.Unknown:
		return "and there is no price to bound it"
	}
	return fmt.Sprintf("at most %s for %d, and there is no price to bound the other %d", dollars(s.AtMostUSD), s.Unknown-s.Unbounded, s.Unbounded)
}

// spendLine says what was paid now, and what was not as it was paid once.
func (s *session) spendLine() string {
	fresh, stored := s.ledger.Fresh(), s.ledger.Stored()
	text := fmt.Sprintf("sent %s, %s spent", wording.Plural(fresh.Requests, "request"), dollars(fresh.KnownUSD()))
	if fresh.Unknown > 0 {
		text += fmt.Sprintf(", and the cost of %d of them is unknown, %s", fresh.Unknown, bound(fresh))
	}
	if stored.Answers > 0 {
		text += fmt.Sprintf("; %s came out of the journal and cost nothing again, %s when first asked", wording.Plural(stored.Answers, "answer"), dollars(stored.KnownUSD()))
	}
	return text
}
