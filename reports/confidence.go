package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/svgplot"
	"github.com/routeproof/routeproof/internal/wording"
)

// confidence says how far the classifiers' probabilities can be trusted.
func (r *report) confidence() {
	r.heading(2, "Can its confidence be trusted?")
	r.text("A confidence is the probability that a classifier gives to its own decision. Whoever lets only sure decisions stand, and sends the others to a dearer model, relies on two things: that it is right as often as it says, and that it is surer where it is right.")
	var rows [][]string
	var silent []string
	for _, s := range r.result.Classifiers {
		c := s.Calibration
		if c == nil {
			silent = append(silent, code(s.Name))
			continue
		}
		brier, reference := missing, missing
		if c.Brier != nil {
			brier, reference = pointCell(c.Brier.Score), numberCell(c.Brier.Reference, threeDigits)
		}
		rows = append(rows, []string{code(s.Name), wording.Thousands(c.N), numberCell(c.Mean, percent), shareCell(c.Accuracy), numberCell(c.ECE, threeDigits), pointCell(c.Null),
			brier, reference, pointCell(c.Risk.AURC), numberCell(c.Risk.Random, threeDigits), numberCell(c.Risk.Perfect, threeDigits)})
	}
	if len(rows) > 0 {
		r.table([]string{"", "prompts", "says", "is right", "ECE", "ECE if calibrated", "Brier", "of train's tier mix", "AURC", "at random", "if perfect"}, rows)
		r.text("Test prompts with a confidence, one a group. **ECE**: how far confidence and share right lie apart; chance alone keeps it above 0, so beside it stands what it would be if every confidence were exact. " +
			"**Brier**: squared error of the probabilities of all tiers, 0 to 2; beside it that of always stating the tiers' shares in train. " +
			"**AURC**: the share that is wrong, averaged over letting only the surest 1, 2, 3, … decisions stand; beside it what sorting at random has, and sorting all right decisions before all wrong ones. Of all three less is better.")
		for _, line := range r.trust() {
			r.bullet("%s", line)
		}
	}
	if len(silent) > 0 {
		r.bullet("No confidence is stated by %s.", strings.Join(silent, ", "))
	}
	if line := r.logprobs(); line != "" {
		r.bullet("%s", line)
	}
	r.end()
	for _, s := range plotted(r.result) {
		r.image(reliabilityFile(s.Name), "How often "+s.Name+" is right, by how sure it is")
	}
	if len(plotted(r.result)) > 0 {
		r.image(plotRisk, "Share of wrong decisions among the surest")
	}
}

// logprobs says where the LLM's probabilities come from.
func (r *report) logprobs() string {
	l := r.run.LLM
	if l == nil {
		return ""
	}
	of := wording.Plural(len(r.run.Items), "labelled prompt")
	switch {
	case l.Logprobs == 0:
		return fmt.Sprintf("No answer of the LLM to the %s came with log-probabilities: %s has no probabilities.", of, code(pipeline.LLMName))
	case l.InverseTemperature == nil:
		return fmt.Sprintf("The LLM's answers came with log-probabilities on %s of %s, none of them in tune: its probabilities are as the model stated them.", wording.Thousands(l.Logprobs), of)
	}
	return fmt.Sprintf("The LLM's answers came with log-probabilities on %s of %s. What the model stated as p counts as softmax(β · ln p), where β = %.4g was fitted on %s, one a group: below 1 it is less sure than it stated, above 1 surer.",
		wording.Thousands(l.Logprobs), of, *l.InverseTemperature, wording.Plural(l.TunedOn, "tune prompt"))
}

// trust is a line for each classifier with a confidence; those of whom the same
// is to be said share it.
func (r *report) trust() []string {
	var names [][]string
	var said []string
	for _, s := range r.result.Classifiers {
		if s.Calibration == nil {
			continue
		}
		line := trustworthy(s.Calibration)
		i := slices.Index(said, line)
		if i < 0 {
			i = len(said)
			said, names = append(said, line), append(names, nil)
		}
		names[i] = append(names[i], code(s.Name))
	}
	for i, line := range said {
		said[i] = strings.Join(names[i], ", ") + ": " + line
	}
	return said
}

// trustworthy says what may be concluded of a calibration, and nothing that its
// intervals and tests do not bear.
func trustworthy(c *eval.Calibration) string {
	if c.N < tooFew {
		return fmt.Sprintf("%s with a confidence: too few to tell.", wording.Plural(c.N, "prompt"))
	}
	line := calibrated(c)
	if b := c.Brier; b != nil && b.Gain.Low.Defined() {
		switch {
		case b.Gain.Low > 0:
			line += fmt.Sprintf(" Its probabilities say more than the tiers' shares in train: the Brier score is %s lower (%s).", threeDigits(float64(b.Gain.Value)), span(b.Gain, threeDigits))
		case b.Gain.High < 0:
			line += fmt.Sprintf(" **Its probabilities say less than the tiers' shares in train**: the Brier score is %s higher.", threeDigits(-float64(b.Gain.Value)))
		default:
			line += " That its probabilities say more than the tiers' shares in train is not shown."
		}
	}
	return line + sorted(c)
}

// calibrated compares what is stated with what is right.
func calibrated(c *eval.Calibration) string {
	gap := float64(c.Mean - c.Accuracy.Value)
	off := strings.TrimPrefix(points(math.Abs(gap)), "+")
	switch {
	case c.ECE <= c.Null.High:
		return fmt.Sprintf("its confidence is **not distinguishable from calibrated** on %s, where an ECE above %s would be.", wording.Plural(c.N, "prompt"), numberCell(c.Null.High, threeDigits))
	case c.Mean > c.Accuracy.High:
		return fmt.Sprintf("it is **over-confident, by about %s**: it says %s and is right for %s.", off, percent(float64(c.Mean)), shareCell(c.Accuracy))
	case c.Mean < c.Accuracy.Low:
		return fmt.Sprintf("it is **under-confident, by about %s**: it says %s and is right for %s.", off, percent(float64(c.Mean)), shareCell(c.Accuracy))
	}
	return "its confidence is **not calibrated**: too high in some places and too low in others, though not shown to be either on average."
}

// sorted says whether surer decisions are more often right.
func sorted(c *eval.Calibration) string {
	if c.Risk.Random == 0 {
		return " None of its decisions is wrong, so there is nothing to sort out."
	}
	if c.Risk.P > 0.05 {
		return " That surer decisions are more often right is not shown."
	}
	line := fmt.Sprintf(" Surer decisions are more often right (%s)", pPhrase(c.Risk.P))
	i := slices.IndexFunc(c.Risk.Curve, func(p eval.RiskPoint) bool { return p.Coverage >= 0.5 })
	half := c.Risk.Curve[i]
	if half.Coverage > 0.75 {
		return line + "." // ties: there is no such half
	}
	at := riskInterval(c, half)
	return line + fmt.Sprintf(": %s of the surest %s are wrong, %s of all.",
		shareCell(eval.Estimate{Value: half.Risk, Low: eval.Number(at.Low), High: eval.Number(at.High)}), percent(float64(half.Coverage)), percent(float64(c.Risk.Random)))
}

// riskInterval is Wilson's for the risk at one point of a curve.
func riskInterval(c *eval.Calibration, p eval.RiskPoint) stats.Interval {
	return stats.WilsonShare(float64(p.Risk), math.Round(float64(p.Coverage)*float64(c.N)), 0.95)
}

// plotted are the classifiers whose confidence is drawn: those that state
// one themselves, in the order in which they run.
func plotted(r *eval.Result) []eval.Score {
	var out []eval.Score
	for _, name := range []string{pipeline.EmbeddingName, pipeline.LLMName} {
		for _, s := range r.Classifiers {
			if s.Name == name && s.Calibration != nil {
				out = append(out, s)
			}
		}
	}
	return out
}

func reliabilityFile(name string) string { return "plots/reliability-" + name + ".svg" }

// confidencePlots draws reliability and risk; none where nobody states a
// confidence.
func confidencePlots(r *eval.Result) []plot {
	var out []plot
	for _, s := range plotted(r) {
		out = append(out, plot{reliabilityFile(s.Name), "how often " + s.Name + " is right, by how sure it is", reliabilityPlot(s)})
	}
	if len(out) > 0 {
		out = append(out, plot{plotRisk, "share of wrong decisions among the surest", riskPlot(plotted(r))})
	}
	return out
}

func reliabilityPlot(s eval.Score) []byte {
	var bins []svgplot.Bin
	for _, b := range s.Calibration.Bins {
		bins = append(bins, svgplot.Bin{Confidence: float64(b.Mean), Accuracy: float64(b.Accuracy.Value),
			Low: float64(b.Accuracy.Low), High: float64(b.Accuracy.High), N: b.N})
	}
	return svgplot.Reliability("How often "+s.Name+" is right, by how sure it is", "confidence", "share that is right, 95 % Wilson interval", bins, percent)
}

// riskPlot draws risk–coverage curves as the steps whose area the AURC is.
func riskPlot(scores []eval.Score) []byte {
	var lines []svgplot.Line
	for _, s := range scores {
		c := s.Calibration
		l := svgplot.Line{Label: s.Name}
		before, banded := 0.0, 0.0
		for _, p := range c.Risk.Curve {
			at, risk := float64(p.Coverage), float64(p.Risk)
			l.X, l.Y = append(l.X, before, at), append(l.Y, risk, risk)
			before = at
			if at >= banded+bandStep || at == 1 {
				i := riskInterval(c, p)
				l.Bands = append(l.Bands, svgplot.Band{X: at, Low: i.Low, High: i.High})
				banded = at
			}
		}
		lines = append(lines, l,
			svgplot.Line{Label: s.Name + " sorted at random", Reference: true, X: []float64{0, 1}, Y: []float64{float64(c.Risk.Random), float64(c.Risk.Random)}},
			perfectLine(s.Name+" sorted perfectly", float64(c.Risk.Random)))
	}
	return svgplot.Lines("Wrong decisions among the surest", "share of prompts that are decided, surest first", "share of these that is wrong",
		svgplot.LineSigns{Line: "sorted by confidence", Band: "95 % Wilson interval at each place", Less: true}, lines, nil, nil, percent, percent)
}

// bandStep is the coverage between places at which intervals are drawn.
const bandStep = 0.05

// perfectLine is the risk where all right decisions come before the wrong share.
func perfectLine(label string, wrong float64) svgplot.Line {
	l := svgplot.Line{Label: label, Reference: true, X: []float64{0}, Y: []float64{0}}
	const places = 60
	for k := range places + 1 {
		x := 1 - wrong + wrong*float64(k)/places
		if x > 0 {
			l.X, l.Y = append(l.X, x), append(l.Y, max(0, 1-(1-wrong)/x))
		}
	}
	return l
}
