package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
)

func (a *app) calibrateHybridVerb() *cobra.Command {
	var input inputFlags
	var level calibrate.Level
	var loss string
	var edit editFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "hybrid",
		Short: "From which margin the three-stage hybrid trusts the embedding instead of asking the LLM",
		Long: `Certify the embedding margin of the three-stage hybrid, which decides by the rule where
a pattern is sure, else by the embedding where its two best scores are at least that far
apart, and asks the LLM otherwise: of the requests that no rule decides, on at most
--risk the embedding decides and is wrong where the LLM would be right. Wrong is another
tier than the prompt's, or with --loss under a lower one. An LLM that gave no answer
counts as right.

Larger margins hand less to the embedding, so what is certified of a margin holds of all
larger ones too. Of these the one that costs least on tune is what belongs into the
configuration, as classifiers.hybrid.embedding_margin: the change of the file of
--config is shown as a patch, and made with --write. Margins are chosen on tune,
certified on calibrate and measured on test. The LLM's answers are recorded
(--llm-answers) or asked for (--live).`,
		Example: `  routeproof calibrate hybrid --risk 0.1
  routeproof init hybrid
  routeproof calibrate hybrid --risk 0.1 --config hybrid/routeproof.yaml --write`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := level.Check(); err != nil {
				return fmt.Errorf("%w: --%w", errUsage, err)
			}
			if err := oneOf("loss", loss, []string{lossWrong, lossUnder}); err != nil {
				return err
			}
			if err := edit.check(input.config, pipeline.KeyHybridMargin); err != nil {
				return err
			}
			if err := input.checkFlags(cmd); err != nil {
				return err
			}
			run, _, err := a.execute(cmd, &input, pipeline.Execute)
			defer func() { err = errors.Join(err, run.Close()) }()
			if err != nil {
				return err
			}
			d, err := certifyHybrid(run, level, loss)
			if err != nil {
				return err
			}
			if d.Edit = d.edit(edit.heuristic); d.Edit != nil {
				if err := d.Edit.propose(input.config, edit.write); err != nil {
					return err
				}
			} else if edit.write {
				d.Notes = append(d.Notes, "nothing is written into the configuration, as there is no such setting")
			}
			if asJSON {
				return a.writeJSON(d)
			}
			return a.buffered(d.print)
		},
	}
	input.add(cmd)
	flags := cmd.Flags()
	flags.Float64Var(&level.Risk, "risk", 0.02, "the most that is tolerated, over 0 and below 1")
	flags.Float64Var(&level.Confidence, "confidence", 0.95, "how sure to be that it is not more, over 0 and below 1")
	flags.StringVar(&loss, "loss", lossWrong, "what counts against the embedding: wrong (another tier than the prompt's) or under (a lower one)")
	edit.add(cmd, "the margin that run takes, by cost on tune")
	flags.BoolVar(&asJSON, "json", false, "print the result as JSON")
	hide(cmd, "outcomes", "tier-mix")
	return cmd
}

// certifiedHybrid is what was certified of the hybrid's margin, and its JSON.
type certifiedHybrid struct {
	Version  int              `json:"version"`
	Prompts  string           `json:"prompts"`
	Loss     string           `json:"loss"`
	Result   calibrate.Result `json:"result"`   // of the requests that no rule decides
	Settings []hybridMargin   `json:"settings"` // by name, as printed
	Notes    []string         `json:"notes"`
	Edit     *configEdit      `json:"config_edit"` // null where nothing is to be set
}

// Names of settings.
const (
	hybridCertified = "certified"
	hybridCheapest  = "certified, least cost on tune"
	hybridHeuristic = "heuristic: as run takes it"
)

// hybridMargin is what a margin comes to.
type hybridMargin struct {
	Name   string                 `json:"name"`
	Margin calibrate.Threshold    `json:"margin"`
	Lost   calibrate.Measured     `json:"test_regret"` // of the test requests that no rule decides, one a group: see regret
	Test   *calibrate.HybridPoint `json:"test"`        // null where costs are not known
	Tune   *calibrate.HybridPoint `json:"tune"`
}

// certifyHybrid certifies the margin of a run's three-stage hybrid.
func certifyHybrid(run *pipeline.Run, level calibrate.Level, loss string) (*certifiedHybrid, error) {
	if run.Hybrid == nil {
		return nil, fmt.Errorf("%w: calibrate hybrid compares the embedding with an LLM, and there are no answers of one: give them with --llm-answers FILE, or ask for them with --live", errUsage)
	}
	d := &certifiedHybrid{Version: calibratedVersion, Prompts: run.Data.Name, Loss: loss, Settings: []hybridMargin{}, Notes: []string{}}
	var rows splitRows[calibrate.Row]
	unanswered := 0
	for _, split := range datasets.Splits() {
		for s := range run.Staged(split) {
			if s.Ruled() {
				continue
			}
			if split != datasets.Train && s.LLM.Err != "" {
				unanswered++
			}
			rows.add(split, s.Regret(loss == lossUnder))
		}
	}
	if unanswered > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("the LLM gave no answer for %s of tune, calibrate and test: there it counts as right", wording.Plural(unanswered, "prompt")))
	}
	var err error
	if d.Result, err = calibrate.Regret(rows.tune, rows.certify, level); err != nil {
		return nil, err
	}
	words := strings.NewReplacer(
		" of all requests a cheap answer is accepted that is wrong where the dear one is right", " of the requests that no rule decides the embedding decides and "+hybridLoss(loss),
		"accepted: a score of at least", "it decides from a margin of", " of which regretted", " of which lost", "; accepted:", "; decided by the embedding:", "could be accepted", "has a vector")
	d.Result.Claim, d.Result.Sentence = words.Replace(d.Result.Claim), words.Replace(d.Result.Sentence)
	return d, d.measure(run, rows.test)
}

func hybridLoss(loss string) string {
	if loss == lossUnder {
		return "names a lower tier than the prompt's where the LLM would not"
	}
	return "names another tier than the prompt's where the LLM would not"
}

// measure sets margins beside each other.
func (d *certifiedHybrid) measure(run *pipeline.Run, test []calibrate.Row) error {
	onTune, untold := run.HybridCurve(datasets.Tune)
	onTest, unmeasured := run.HybridCurve(datasets.Test)
	for _, err := range []error{untold, unmeasured} {
		if err != nil {
			d.Notes = append(d.Notes, fmt.Sprintf("without figures of cost: %v", err))
		}
	}
	add := func(name string, margin float64) {
		m := hybridMargin{Name: name, Margin: calibrate.Threshold(margin), Lost: calibrate.Measure(test, margin)}
		if unmeasured == nil {
			m.Test = new(onTest.At(margin))
		}
		if untold == nil {
			m.Tune = new(onTune.At(margin))
		}
		d.Settings = append(d.Settings, m)
	}
	if d.Result.Certified {
		from := float64(d.Result.Setting.Thresholds[0])
		add(hybridCertified, from)
		if untold == nil {
			add(hybridCheapest, float64(onTune.LeastFrom(from).Margin))
		}
	}
	if untold == nil {
		add(hybridHeuristic, float64(onTune.LeastClearly().Margin))
	}
	add("never the embedding", math.Inf(1))
	add("always, where there is a vector", 0)
	return nil
}

func (d *certifiedHybrid) setting(name string) (hybridMargin, bool) {
	for _, m := range d.Settings {
		if m.Name == name {
			return m, true
		}
	}
	return hybridMargin{}, false
}

// mostMargin is what the configuration says instead of +Inf: no two cosines are
// further apart.
const mostMargin = 2

// edit is the change of the configuration: the cheapest margin of those that are
// certified, or without costs the lowest; or the cheapest of all.
func (d *certifiedHybrid) edit(heuristic bool) *configEdit {
	if heuristic {
		m, ok := d.setting(hybridHeuristic)
		if !ok {
			return nil
		}
		return heuristicEdit(pipeline.KeyHybridMargin, min(float64(m.Margin), mostMargin), "the margin of least cost on tune, where that is clear")
	}
	c, ok := d.Result.Certificate()
	if !ok {
		return nil
	}
	m, _ := d.setting(hybridCertified)
	cheapest, ok := d.setting(hybridCheapest)
	if ok {
		m = cheapest
	}
	e := certifiedEdit(pipeline.KeyHybridMargin, min(float64(m.Margin), mostMargin), c)
	if ok {
		e.Comment += "; of these margins the one that costs least on tune"
	}
	return e
}

func (d *certifiedHybrid) print(w io.Writer) error {
	for _, n := range d.Notes {
		fmt.Fprintf(w, "note: %s\n", safe(n, nil))
	}
	fmt.Fprintf(w, "the embedding margin of %s, on %s; lost are requests on which the embedding decides and %s\n\n%s\n\n",
		pipeline.ThreeStage, printable(d.Prompts), hybridLoss(d.Loss), d.Result.Sentence)
	t := tabbed(w)
	fmt.Fprintf(t, "on test\tmargin\trule\tembedding\tLLM\tlost\tpaid to the LLM\texpected cost\ton tune\n")
	for _, m := range d.Settings {
		nan := eval.Number(math.NaN())
		test, tune := calibrate.HybridPoint{Headline: nan}, nan
		stages := "—\t—\t—"
		paid := nan
		if m.Test != nil {
			test, paid = *m.Test, m.Test.LLM.PaidUSD
			stages = fmt.Sprintf("%s\t%s\t%s", percent(test.Rule.Decided), percent(test.Embedding.Decided), percent(test.LLM.Decided))
		}
		if m.Tune != nil {
			tune = m.Tune.Headline
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.Name, m.Margin, stages, interval(m.Lost.Regret), shown("$%.4f", paid), shown("$%.4f", test.Headline), shown("$%.4f", tune))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "Lost: of the test requests that no rule decides, one a group, with 95 %% intervals. Money is USD per 1,000 requests; expected cost counts classifying and\nrequests that are sent too low, paid again at their true tier. Heuristic: nothing is guaranteed.\n")
	d.Edit.print(w)
	return nil
}
