package reports

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/internal/wording"
)

// firstFlips are the first flips of each classifier, by number: those for the worse, then
// those for the better.
type firstFlips [][2][]gate.Flip

// readFlips reads the first ones of so many classifiers, up to most each way.
func readFlips(classifiers, most int, each func(visit func(classifier int, f gate.Flip) error) error) (firstFlips, error) {
	out := make(firstFlips, classifiers)
	if most <= 0 {
		return out, nil
	}
	err := each(func(i int, f gate.Flip) error {
		way := &out[i][0]
		if !f.Regressed {
			way = &out[i][1]
		}
		if len(*way) < most {
			*way = append(*way, f)
		}
		return nil
	})
	return out, err
}

// flips tells the prompts that flipped, those that got worse first.
func (t *gateTeller) flips(c *gate.Classifier, first [2][]gate.Flip) {
	now := [2]string{"wrong", "right"}
	if c.Repeats > 1 {
		now = [2]string{"right less often", "right more often"}
	}
	for i, all := range []int{c.Flips.Worse, c.Flips.Better} {
		shown := first[i][:min(len(first[i]), t.room.flips)]
		if all == 0 {
			continue
		}
		title := fmt.Sprintf("%s now %s", pluralIs(all, "prompt"), now[i])
		if n := all - len(shown); n > 0 {
			title += fmt.Sprintf(" (%s shown, %s more in %s)", wording.Thousands(len(shown)), wording.Thousands(n), CheckFile)
		}
		if len(shown) == 0 {
			t.text("%s.", title)
			continue
		}
		t.folded(title, func() { t.table(t.flipTable(shown, "was", "now")) })
	}
}

func pluralIs(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return wording.Plural(n, noun) + " are"
}

func (t *gateTeller) flipTable(flips []gate.Flip, base, cand string) ([]string, [][]string) {
	rows := make([][]string, len(flips))
	for i, f := range flips {
		domain, text := "", ""
		if f.Domain != "" {
			domain = t.name(f.Domain)
		}
		if t.opt.Texts != nil {
			if full, known := t.opt.Texts(f.ID); known {
				text = t.quote(beginning(full))
			}
		}
		rows[i] = []string{t.name(f.ID), domain, t.name(f.Truth), t.answer(f.Baseline), t.scores(f.Baseline), t.answer(f.Candidate), t.scores(f.Candidate), text}
	}
	return withoutEmpty([]string{"prompt", "domain", "truth", base, "scores", cand, "scores", "text"}, rows)
}

// answer is a tier and how sure it was.
func (t *gateTeller) answer(a gate.Answer) string {
	out := t.name(a.Tier)
	if a.Right > 0 && a.Right < 1 { // of repeats
		out += ", right " + wholePercent(rounded(float64(a.Right), 2))
	}
	if a.Confidence.Defined() {
		out += fmt.Sprintf(", confidence %.3g", float64(a.Confidence))
	}
	if a.Margin.Defined() {
		out += fmt.Sprintf(", margin %.3g", rounded(float64(a.Margin), 6))
	}
	return out
}

// scores are those of an answer, in the order of the tiers.
func (t *gateTeller) scores(a gate.Answer) string {
	if !t.wide() {
		return ""
	}
	out := make([]string, len(a.Scores))
	for i, s := range a.Scores {
		out[i] = numberCell(s, threeDigits)
	}
	return strings.Join(out, " ")
}

// beginning is the first 80 code points of a text, on one line.
func beginning(s string) string {
	const longest = 80
	var out []rune
	space := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = len(out) > 0
			continue
		}
		if space {
			out = append(out, ' ')
			space = false
		}
		if len(out) >= longest {
			return string(out[:longest]) + "…"
		}
		out = append(out, r)
	}
	return string(out)
}
