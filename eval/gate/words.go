package gate

import (
	"fmt"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/wording"
)

func tooFewGroups(n int) string {
	return fmt.Sprintf("%s are too few for a bootstrap, which needs %d", wording.Plural(n, "independent prompt"), fewestGroups)
}

func whyInvalid(faults []Fault) string {
	if len(faults) == 0 {
		return "Invalid."
	}
	first := faults[0]
	of := ""
	if first.Classifier != "" {
		of = "classifier " + quote(first.Classifier) + ": "
	}
	more := ""
	if n := len(faults) - 1; n > 0 {
		more = fmt.Sprintf(" (and %s)", wording.Plural(n, "other fault"))
	}
	return "Invalid: " + of + first.Why + more + "."
}

// finish fills in the words of a classifier's gates and its own outcome.
func (v *Verdict) finish(c *Classifier, rules Rules) {
	if c.Outcome == Invalid {
		var own []Fault
		for _, f := range v.Faults {
			if f.Classifier == c.Name {
				own = append(own, Fault{Why: f.Why})
			}
		}
		c.Why = whyInvalid(own)
		return
	}
	c.Outcome = outcomeOf(c.Gates)
	for i := range c.Gates {
		g := &c.Gates[i]
		g.Why = g.words(v)
		if g.Outcome == Pass && float64(g.HolmP) <= rules.alpha() {
			v.Warnings = append(v.Warnings, fmt.Sprintf("Classifier %s, %s: it got worse, by less than the margin.", quote(c.Name), g.title()))
		}
	}
	c.Improved = c.Gates[0].Improved
	c.Why = c.words()
}

// words say what decided: the first gate with the classifier's outcome.
func (c *Classifier) words() string {
	if c.Identical && c.Outcome == Pass {
		return "All predictions are the same."
	}
	if c.Outcome == Pass {
		return c.Gates[0].Why
	}
	var same []string
	first := ""
	for _, g := range c.Gates {
		if g.Outcome == c.Outcome && (g.Decides || g.Outcome == Regressed) {
			if first == "" {
				first = g.Why
			}
			same = append(same, g.title())
		}
	}
	if n := len(same) - 1; n > 0 {
		return fmt.Sprintf("%s Likewise: %s.", first, strings.Join(same[1:], ", "))
	}
	return first
}

// title names a gate in messages.
func (g *Gate) title() string {
	name := g.Name
	floor := strings.HasPrefix(name, floorPrefix)
	switch name = strings.TrimPrefix(name, floorPrefix); name {
	case "macro_f1":
		name = "macro-F1"
	case "tier_recall":
		name = "recall"
	case UnderRouting:
		name = "under-routing"
	case InvalidRate:
		name = "invalid answers"
	case "ece":
		name = "ECE"
	}
	if floor {
		name = "floor of " + name
	}
	if g.Slice != nil {
		name += " of " + g.Slice.Kind + " " + quote(g.Slice.Name)
	}
	return name
}

// words say what a gate found, and why its outcome is what it is.
func (g *Gate) words(v *Verdict) string {
	title := capital(g.title())
	if g.unknown != "" {
		return fmt.Sprintf("%s: not decided, as %s.", title, g.unknown)
	}
	if strings.HasPrefix(g.Name, floorPrefix) {
		return g.floorWords(title, v)
	}
	if g.Identical {
		return fmt.Sprintf("%s: nothing changed on %s.", title, wording.Plural(g.N, "prompt"))
	}
	said := g.seen(title)
	switch g.Outcome {
	case Pass:
		said += fmt.Sprintf(" A %s of %s is ruled out: the bound is %s.", g.harm(), g.amount(g.Margin), g.amount(g.Bound))
		if float64(g.HolmP) <= float64(v.Alpha) {
			said += fmt.Sprintf(" It did get worse, but by less (%s).", pValue(g.HolmP))
		}
	case Regressed:
		said += fmt.Sprintf(" That is worse by more than chance explains (%s).", v.adjusted(g.HolmP))
	default:
		said += fmt.Sprintf(" A %s of %s is neither ruled out (the bound is %s) nor shown (%s).", g.harm(), g.amount(g.Margin), g.amount(g.Bound), pValue(g.HolmP))
		said += g.more(v)
	}
	if g.Improved {
		said += fmt.Sprintf(" It improved (%s).", pValue(g.BetterHP))
	}
	return said
}

// seen is what stands in the data.
func (g *Gate) seen(title string) string {
	on := wording.Plural(g.N, "prompt")
	if g.Groups < g.N {
		on += " in " + wording.Plural(g.Groups, "group")
	}
	if g.psi == 0 {
		return fmt.Sprintf("%s: %s, was %s, on %s.", title, g.level(g.Candidate), g.level(g.Baseline), on)
	}
	unit := "prompt"
	if g.Groups < g.N {
		unit = "group"
	}
	return fmt.Sprintf("%s: %s, was %s, on %s; %s changed for the worse, %s for the better.", title, g.level(g.Candidate), g.level(g.Baseline), on,
		wording.Plural(g.Worse, unit), wording.Thousands(g.Better))
}

// more says what would do where nothing is decided.
func (g *Gate) more(v *Verdict) string {
	said := ""
	if least := g.leastUnchanged(float64(v.Alpha)); g.weight > 1 && least > float64(g.Groups) {
		said += fmt.Sprintf(" Groups are so large that it would be open without any change as well: about %s of such sizes are needed, and there are %s.",
			wording.Thousands(int(least)), wording.Thousands(g.Groups))
	}
	if g.Untestable {
		said += fmt.Sprintf(" Untestable: with so few changes not even all of them for the worse would be significant%s.", v.among())
	}
	if !g.Needed.Defined() {
		return said
	}
	if g.Detectable.Defined() {
		said += fmt.Sprintf(" Found with a chance of %s: a %s of %s or more.", percentWhole(v.Power), g.harm(), g.amount(g.Detectable))
	}
	if float64(g.Needed) > float64(g.Groups) && g.Needed < 1e9 {
		said += fmt.Sprintf(" For one of %s about %s independent prompts are needed, if as large a share changes; there are %s.",
			g.amount(g.Margin), wording.Thousands(int(g.Needed)), wording.Thousands(g.Groups))
	}
	return said
}

// adjusted writes a p-value that was adjusted over all claims.
func (v *Verdict) adjusted(p eval.Number) string {
	if v.Claims == 1 {
		return pValue(p)
	}
	return fmt.Sprintf("%s, adjusted over %s", pValue(p), wording.Plural(v.Claims, "claim"))
}

func (v *Verdict) among() string {
	if v.Claims == 1 {
		return ""
	}
	return " among " + wording.Plural(v.Claims, "claim")
}

func (g *Gate) floorWords(title string, v *Verdict) string {
	side := "at least"
	if !g.moreIsBetter {
		side = "at most"
	}
	said := fmt.Sprintf("%s: %s on %s, must be %s %s.", title, percent(g.Candidate), wording.Plural(g.N, "prompt"), side, percent(g.Margin))
	switch g.Outcome {
	case Pass:
		return said + fmt.Sprintf(" It is: %s %s with %s confidence.", side, percent(g.Bound), percentWhole(1-v.Alpha))
	case Regressed:
		return said + fmt.Sprintf(" It is not (%s).", v.adjusted(g.HolmP))
	}
	return said + fmt.Sprintf(" Neither that nor the contrary is shown: %s %s with %s confidence, and %s that it is met.", side, percent(g.Bound), percentWhole(1-v.Alpha), pValue(g.HolmP))
}

// harm is what a change for the worse is called.
func (g *Gate) harm() string {
	if g.moreIsBetter {
		return "fall"
	}
	return "rise"
}

// level writes the figure that a gate is about, amount a difference of such.
func (g *Gate) level(v eval.Number) string {
	switch g.Name {
	case "cost":
		return dollars(v) + " per 1,000"
	case "macro_f1", "ece":
		return fmt.Sprintf("%.3f", float64(v))
	}
	return percent(v)
}

func (g *Gate) amount(v eval.Number) string {
	switch g.Name {
	case "cost":
		return dollars(v)
	case "macro_f1", "ece":
		return signed(fmt.Sprintf("%.3g", unsigned(float64(v), 5e-7)))
	}
	return points(v)
}

func percentWhole(v eval.Number) string { return fmt.Sprintf("%.4g %%", 100*float64(v)) }

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// words say what became of a certificate.
func (t *CertificateTest) words() string {
	seen := fmt.Sprintf("%s of %s", wording.Thousands(t.Errors), wording.Plural(t.N, "request"))
	switch t.Fate {
	case Holds:
		return fmt.Sprintf("Shown again on new data: %s are errors (%s that the risk is over %s).", seen, pValue(t.P), percent(eval.Number(t.Alpha)))
	case Broken:
		return fmt.Sprintf("Broken on new data: %s are errors, which a risk of at most %s does not explain (%s).", seen, percent(eval.Number(t.Alpha)), pValue(t.Breaks))
	}
	return fmt.Sprintf("Neither shown again nor broken: %s are errors; the promise is of at most %s.", seen, percent(eval.Number(t.Alpha)))
}

// conclude is the outcome of everything.
func (v *Verdict) conclude(rules Rules) {
	v.Outcome = Pass
	for _, c := range v.Classifiers {
		v.Outcome = worst(v.Outcome, c.Outcome)
	}
	broken := 0
	for _, t := range v.Certificates {
		if t.Fate == Broken {
			broken++
		}
	}
	if broken > 0 && rules.Certificates {
		v.Outcome = worst(v.Outcome, Regressed)
	} else if broken > 0 {
		v.Warnings = append(v.Warnings, fmt.Sprintf("%s broken on the new data.", isOrAre(broken, "certificate")))
	}
	if len(v.Faults) > 0 {
		v.Outcome = Invalid
		v.Why = whyInvalid(v.Faults)
		return
	}
	var names, improved []string
	for _, c := range v.Classifiers {
		if c.Outcome == v.Outcome {
			names = append(names, c.Name)
		}
		if c.Improved {
			improved = append(improved, c.Name)
		}
	}
	switch {
	case v.Outcome == Pass:
		v.Why = fmt.Sprintf("Pass: a fall by the margin is ruled out for %s.", wording.List(names))
	case len(names) == 0:
		v.Why = fmt.Sprintf("Regressed: %s broken on the new data.", isOrAre(broken, "certificate"))
	case v.Outcome == Regressed:
		v.Why = fmt.Sprintf("Regressed: %s.", wording.List(names))
	default:
		v.Why = fmt.Sprintf("Inconclusive: for %s a fall by the margin is neither ruled out nor shown.", wording.List(names))
	}
	if len(improved) > 0 {
		v.Why += fmt.Sprintf(" Improved: %s.", wording.List(improved))
	}
}

func isOrAre(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return wording.Plural(n, noun) + " are"
}
