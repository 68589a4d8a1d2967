package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// Losses of a decision.
const (
	lossWrong = "wrong" // another tier than the prompt's
	lossUnder = "under" // a lower one
)

func (a *app) calibrateClassifierVerb() *cobra.Command {
	var input inputFlags
	var level calibrate.Level
	var out, loss string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "classifier",
		Short: "The margin from which an artifact's decisions are accepted, with a certificate in the artifact",
		Long: `Build the centroid artifact as run does, and certify the margin between the two best
scores from which its decisions are accepted: of those that are accepted at most --risk
are wrong, or with --loss under, name a lower tier than the prompt's. What is not
accepted goes to the fallback tier, of which nothing is promised. The margin is chosen
on tune, certified on calibrate and measured on test. With --out the artifact is written
with the margin and its certificate; where none can be certified none is written.`,
		Example: `  routeproof calibrate classifier --loss under --risk 0.2 --out certified.safetensors
  routeproof inspect certified.safetensors`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
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
			run, _, err := a.execute(cmd, &input)
			if err != nil {
				return err
			}
			d, err := certifyMargin(run, level, loss)
			if err != nil {
				return err
			}
			if certificate, ok := d.Result.Certificate(); ok && out != "" {
				m := run.Artifact.Manifest()
				m.Margin = float64(d.Result.Setting.Thresholds[0])
				certificate.Claim = fmt.Sprintf("of the decisions whose two best scores are at least %.6g apart, at most %.3g %% %s", m.Margin, 100*level.Risk, lossWords(loss))
				m.Certificates = append(m.Certificates, certificate)
				artifact, err := run.Artifact.WithManifest(m)
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
	flags.StringVar(&out, "out", "", "artifact to write, with the margin and its certificate")
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

// certifiedMargin is what was certified of an artifact, and its JSON.
type certifiedMargin struct {
	Version   int                 `json:"version"`
	Prompts   string              `json:"prompts"`
	Loss      string              `json:"loss"`
	Result    calibrate.Result    `json:"result"`
	Test      *calibrate.Measured `json:"test"` // null where no margin is certified
	Heuristic *calibrate.Measured `json:"heuristic_test"`
	All       calibrate.Measured  `json:"all_test"` // where every decision is accepted
	Artifact  string              `json:"artifact"` // that was written; empty: none
}

// certifyMargin certifies the margin of a run's artifact.
func certifyMargin(run *pipeline.Run, level calibrate.Level, loss string) (*certifiedMargin, error) {
	var decisions []eval.Decision
	for _, p := range run.Predictions {
		if p.Classifier == pipeline.EmbeddingName {
			decisions = p.Final
		}
	}
	var rows splitRows[calibrate.Row]
	for i, it := range run.Items {
		d := decisions[i]
		score, ok := d.Margin()
		if !ok {
			score = math.NaN() // no vector: never accepted
		}
		wrong := d.Tier != it.Tier
		if loss == lossUnder {
			wrong = d.Tier < it.Tier
		}
		rows.add(it.Split, calibrate.Row{ID: it.ID, Group: it.Group, Score: score, Wrong: wrong})
	}
	d := &certifiedMargin{Version: calibratedVersion, Prompts: run.Data.Name, Loss: loss}
	var err error
	if d.Result, err = calibrate.Acceptance(rows.tune, rows.certify, level); err != nil {
		return nil, err
	}
	d.All = calibrate.Measure(rows.test, math.Inf(-1))
	for setting, to := range map[*calibrate.Setting]**calibrate.Measured{d.Result.Setting: &d.Test, d.Result.Heuristic: &d.Heuristic} {
		if setting != nil {
			m := calibrate.Measure(rows.test, float64(setting.Thresholds[0]))
			*to = &m
		}
	}
	return d, nil
}

func (d *certifiedMargin) print(w io.Writer, out string) error {
	fmt.Fprintf(w, "margin from which decisions of the %s classifier are accepted, on %s; wrong are those that %s\n\n%s\n\n", pipeline.EmbeddingName, printable(d.Prompts), lossWords(d.Loss), d.Result.Sentence)
	line := func(name string, s *calibrate.Setting, m *calibrate.Measured) {
		if m == nil {
			fmt.Fprintf(w, "%-24s none\n", name)
			return
		}
		margin := "0"
		if s != nil {
			margin = fmt.Sprintf("%.6g", float64(s.Thresholds[0]))
		}
		fmt.Fprintf(w, "%-24s margin %-9s accepted %s, wrong of these %s, on %d test prompts\n", name, margin, interval(m.Coverage), interval(m.Risk), m.N)
	}
	line("certified", d.Result.Setting, d.Test)
	line("heuristic, no guarantee", d.Result.Heuristic, d.Heuristic)
	line("everything accepted", nil, &d.All)
	switch {
	case d.Artifact != "":
		fmt.Fprintf(w, "\nartifact %s: margin 0 → %.6g, one certificate more\n", printable(filepath.Clean(d.Artifact)), float64(d.Result.Setting.Thresholds[0]))
	case out != "":
		fmt.Fprintln(w, "\nno artifact is written: there is nothing to certify in it")
	}
	return nil
}
