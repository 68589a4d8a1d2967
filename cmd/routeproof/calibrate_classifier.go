package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
)

// Losses of a decision.
const (
	lossWrong = centroids.LossWrong
	lossUnder = centroids.LossUnder
)

func (a *app) calibrateClassifierVerb() *cobra.Command {
	var input inputFlags
	var level calibrate.Level
	var out, loss string
	var perTier, heuristic, asJSON bool
	cmd := &cobra.Command{
		Use:   "classifier",
		Short: "From which score an artifact's decisions are accepted, with a certificate in the artifact",
		Long: `Build the centroid artifact as run does, and certify the margin between the two best
scores from which its decisions are accepted: of those that are accepted at most --risk
are wrong, or with --loss under, name a lower tier than the prompt's. With --per-tier
it is the best score, with a threshold for each tier, and one promise for all tiers
together; a tier for which none can be certified is never accepted.

What is not accepted goes to the fallback tier, of which nothing is promised. Margin or
thresholds are chosen on tune, certified on calibrate and measured on test. With --out
the artifact is written with them and their certificates; where nothing can be
certified none is written.

With --heuristic nothing is certified: the margin and the thresholds of all tiers are
those that together cost least on tune, where a request that is sent too low is paid
again at its true tier. Of equally cheap settings it is one that accepts the most. The
artifact is then written without a certificate.`,
		Example: `  routeproof calibrate classifier --loss under --risk 0.2 --out certified.safetensors
  routeproof inspect certified.safetensors

  # what costs least, without a guarantee
  routeproof calibrate classifier --heuristic --out tuned.safetensors`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			for _, flag := range []string{"risk", "confidence", "loss", "per-tier"} {
				if heuristic && cmd.Flags().Changed(flag) {
					return fmt.Errorf("%w: --heuristic guarantees nothing: give it without --%s", errUsage, flag)
				}
			}
			if err := level.Check(); err != nil {
				return fmt.Errorf("%w: --%w", errUsage, err)
			}
			if err := oneOf("loss", loss, []string{lossWrong, lossUnder}); err != nil {
				return err
			}
			var outputs []string
			if out != "" {
				if !strings.HasSuffix(out, centroids.Extension) {
					return fmt.Errorf("%w: --out %s: expected a name that ends in %s", errUsage, out, centroids.Extension)
				}
				outputs = []string{out, strings.TrimSuffix(out, centroids.Extension) + ".json"}
			}
			if err := input.checkFlags(cmd, outputs...); err != nil {
				return err
			}
			if out != "" {
				if err := checkFile("--out", out); err != nil {
					return err
				}
			}
			run, _, err := a.execute(cmd, &input, pipeline.Execute)
			defer func() { err = errors.Join(err, run.Close()) }()
			if err != nil {
				return err
			}
			if heuristic {
				return a.heuristicArtifact(run, &input, out, asJSON)
			}
			d, err := certify(run, level, loss, perTier)
			if err != nil {
				return err
			}
			if out != "" && d.certified() {
				artifact, err := d.apply(run, level)
				if err != nil {
					return err
				}
				if err := artifact.Save(out); err != nil {
					return err
				}
				d.Artifact = out
				a.noteCanaries(out, &input, run)
			}
			if asJSON {
				return a.writeJSON(d)
			}
			return a.buffered(func(w io.Writer) error { return d.print(w, out) })
		},
	}
	input.add(cmd)
	flags := cmd.Flags()
	flags.Float64Var(&level.Risk, "risk", 0.05, "the most that is tolerated, over 0 and below 1")
	flags.Float64Var(&level.Confidence, "confidence", 0.95, "how sure to be that it is not more, over 0 and below 1")
	flags.StringVar(&loss, "loss", lossWrong, "what counts against an accepted decision: wrong (another tier than the prompt's) or under (a lower one)")
	flags.BoolVar(&perTier, "per-tier", false, "certify a threshold of the best score for each tier instead of one margin")
	flags.BoolVar(&heuristic, "heuristic", false, "accept what costs least on tune, with nothing guaranteed")
	flags.StringVar(&out, "out", "", "artifact to write, with what was found and its certificates")
	flags.BoolVar(&asJSON, "json", false, "print the result as JSON")
	for _, name := range []string{"llm-answers", "outcomes", "tier-mix"} {
		if err := flags.MarkHidden(name); err != nil {
			panic("routeproof: " + err.Error())
		}
	}
	return cmd
}

func lossWords(loss string) string {
	if loss == lossUnder {
		return "name a lower tier than the prompt's"
	}
	return "name another tier than the prompt's"
}

// certifiedArtifact is what was certified of an artifact, and its JSON.
type certifiedArtifact struct {
	Version  int             `json:"version"`
	Prompts  string          `json:"prompts"`
	Loss     string          `json:"loss"`
	PerTier  bool            `json:"per_tier"` // thresholds of the best score; else a margin
	Parts    []certifiedPart `json:"parts"`    // one, or one a tier
	Artifact string          `json:"artifact"` // that was written; empty: none
}

// certifiedPart is a margin, or the threshold of a tier.
type certifiedPart struct {
	Tier      string              `json:"tier,omitempty"`
	Result    calibrate.Result    `json:"result"`
	Test      *calibrate.Measured `json:"test"` // null where nothing is certified
	Heuristic *calibrate.Measured `json:"heuristic_test"`
	All       calibrate.Measured  `json:"all_test"` // where every decision is accepted
	Always    bool                `json:"always"`   // every decision is, as none can be a loss
}

// certify certifies what a run's artifact accepts.
func certify(run *pipeline.Run, level calibrate.Level, loss string, perTier bool) (*certifiedArtifact, error) {
	rows := decisionRows(run, loss, perTier)
	d := &certifiedArtifact{Version: calibratedVersion, Prompts: run.Data.Name, Loss: loss, PerTier: perTier}
	words := strings.NewReplacer(" is wrong", " "+lossWords(loss))
	if !perTier {
		words = strings.NewReplacer("of what is accepted is wrong", "of the accepted decisions "+lossWords(loss), "a score of at least", "a margin of at least")
		r, err := calibrate.Acceptance(rows.tune, rows.certify, level)
		r.Claim, r.Sentence = words.Replace(r.Claim), words.Replace(r.Sentence)
		d.Parts = []certifiedPart{measuredPart("", r, rows.test)}
		return d, err
	}
	names := run.Tiers.Names()
	last := names[len(names)-1]
	of := func(rows []calibrate.Row, is func(tier string) bool) []calibrate.Row {
		return slices.DeleteFunc(slices.Clone(rows), func(row calibrate.Row) bool { return !is(row.Tier) })
	}
	if loss == lossUnder { // of the last tier there is nothing to promise, and no δ to spend
		names = names[:len(names)-1]
		rows.tune = of(rows.tune, func(tier string) bool { return tier != last })
		rows.certify = of(rows.certify, func(tier string) bool { return tier != last })
	}
	results, err := calibrate.PerTier(names, rows.tune, rows.certify, level)
	if err != nil {
		return nil, err
	}
	for k, r := range results {
		r.Claim, r.Sentence = words.Replace(r.Claim), words.Replace(r.Sentence)
		d.Parts = append(d.Parts, measuredPart(names[k], r, of(rows.test, func(tier string) bool { return tier == names[k] })))
	}
	if loss == lossUnder {
		r := calibrate.Result{Tier: last, Alpha: level.Risk, Sentence: "No tier stands above it, so no decision for it can name a lower one than the prompt's: all are accepted, and nothing needs a certificate."}
		d.Parts = append(d.Parts, certifiedPart{Tier: last, Result: r, Always: true, All: calibrate.Measure(of(rows.test, func(tier string) bool { return tier == last }), math.Inf(-1))})
	}
	return d, nil
}

// decisionRows are the labelled prompts with the margin or the best score of
// their decision.
func decisionRows(run *pipeline.Run, loss string, best bool) (rows splitRows[calibrate.Row]) {
	decisions := decisionsOf(run, pipeline.EmbeddingName)
	for i, it := range run.Items {
		d := decisions.At(i)
		score, ok := d.Margin()
		switch {
		case !ok:
			score = math.NaN() // no vector: never accepted
		case best:
			score = slices.Max(d.Scores)
		}
		wrong := d.Tier != it.Tier
		if loss == lossUnder {
			wrong = d.Tier < it.Tier
		}
		rows.add(it.Split, calibrate.Row{ID: it.ID, Group: it.Group, Tier: run.Tiers.Name(d.Tier), Score: score, Wrong: wrong})
	}
	return rows
}

func measuredPart(tier string, r calibrate.Result, test []calibrate.Row) certifiedPart {
	p := certifiedPart{Tier: tier, Result: r, All: calibrate.Measure(test, math.Inf(-1))}
	if s := r.Setting; s != nil {
		m := calibrate.Measure(test, float64(s.Thresholds[0]))
		p.Test = &m
	}
	if s := r.Heuristic; s != nil {
		m := calibrate.Measure(test, float64(s.Thresholds[0]))
		p.Heuristic = &m
	}
	return p
}

func (d *certifiedArtifact) certified() bool {
	return slices.ContainsFunc(d.Parts, func(p certifiedPart) bool { return p.Result.Certified })
}

// neverAccepted is a threshold above every score.
const neverAccepted = 2

// alwaysAccepted is one below every score.
const alwaysAccepted = -1

// apply returns the artifact with what was certified.
func (d *certifiedArtifact) apply(run *pipeline.Run, level calibrate.Level) (*centroids.Artifact, error) {
	m := run.Artifact.Manifest()
	for i := range d.Parts {
		p := &d.Parts[i]
		from := float64(neverAccepted)
		switch {
		case p.Result.Certified:
			from = float64(p.Result.Setting.Thresholds[0])
		case p.Always:
			from = alwaysAccepted
		}
		// As in the result, what is promised is not rounded.
		claim := fmt.Sprintf("of the decisions whose two best scores are at least %v apart, at most %.12g %% %s", from, 100*level.Risk, lossWords(d.Loss))
		if d.PerTier {
			m.Thresholds[p.Tier] = from
			claim = fmt.Sprintf("of the decisions for %s with a score of at least %v, at most %.12g %% %s", p.Tier, from, 100*level.Risk, lossWords(d.Loss))
		} else {
			m.Margin = from
		}
		if c, ok := p.Result.Certificate(); ok {
			c.Claim = claim
			c.Accepts = &centroids.Accepts{Tier: p.Tier, Of: centroids.AcceptsMargin, From: from, Loss: d.Loss}
			if d.PerTier {
				c.Accepts.Of = centroids.AcceptsScore
			}
			m.Certificates = append(m.Certificates, c)
		}
	}
	m.Measured = run.Remeasured(m)
	return run.Artifact.WithManifest(m)
}

func (d *certifiedArtifact) print(w io.Writer, out string) error {
	what := "the margin between the two best scores"
	if d.PerTier {
		what = "the best score, tier by tier,"
	}
	fmt.Fprintf(w, "%s from which decisions of the %s classifier are accepted, on %s; wrong are those that %s\n", what, pipeline.EmbeddingName, printable(d.Prompts), lossWords(d.Loss))
	for _, p := range d.Parts {
		fmt.Fprintln(w)
		if p.Tier != "" {
			fmt.Fprintf(w, "%s: ", printable(p.Tier))
		}
		fmt.Fprintf(w, "%s\n", p.Result.Sentence)
		if !p.Always {
			p.printLine(w, "certified", p.Result.Setting, p.Test)
			p.printLine(w, "heuristic, no guarantee", p.Result.Heuristic, p.Heuristic)
		}
		p.printLine(w, "everything accepted", nil, &p.All)
	}
	switch {
	case d.Artifact != "":
		fmt.Fprintf(w, "\nartifact %s, which accepts what is certified; routeproof inspect shows the certificates\n", printable(filepath.Clean(d.Artifact)))
	case out != "":
		fmt.Fprintln(w, "\nno artifact is written: nothing can be certified in it")
	}
	return nil
}

func (p *certifiedPart) printLine(w io.Writer, name string, s *calibrate.Setting, m *calibrate.Measured) {
	switch {
	case m == nil:
		fmt.Fprintf(w, "  %-24s none\n", name)
	case m.N == 0:
		fmt.Fprintf(w, "  %-24s no test prompts\n", name)
	default:
		from := ""
		if s != nil {
			from = "from " + s.Thresholds[0].String()
		}
		fmt.Fprintf(w, "  %-24s %-14s accepted %s, wrong of these %s, on %s\n", name, from, interval(m.Coverage), interval(m.Risk), wording.Plural(m.N, "test prompt"))
	}
}
