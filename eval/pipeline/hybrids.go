package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/classify"
)

// mostMargin is beyond every margin of scores, cosines as well as probabilities.
// It is that of the three-stage hybrid where nothing is configured and tune cannot
// tell: the LLM is then asked wherever the rule is not sure.
const mostMargin = 2

// Where the margin of the three-stage hybrid comes from.
const (
	MarginTuned      = "tuned"      // the cheapest on tune, where that is clear
	MarginConfigured = "configured" // the configuration's
	MarginUntold     = "untold"     // tune could not tell, so the embedding never decides
)

// HybridNote is the margin of the three-stage hybrid, and what it and others
// come to.
type HybridNote struct {
	Margin  calibrate.Threshold `json:"margin"`
	Source  string              `json:"source"`   // tuned, configured or untold
	Tune    int                 `json:"tune"`     // prompts that the figures on tune are over, of known costs; 0: none are
	Test    int                 `json:"test"`     // and on test
	Untold  string              `json:"untold"`   // why there are no figures on tune; empty where there are
	AllTune int                 `json:"all_tune"` // prompts of tune

	Settings []HybridSetting `json:"settings"` // by falling margin
	// Optimism is by how much the margin saves more on tune than on test, in USD
	// per 1,000 requests, against the better on tune of never having the embedding
	// decide and always where the rule does not; NaN without figures on both.
	Optimism eval.Number `json:"optimism"`
}

// HybridSetting is what the three-stage hybrid comes to at a margin; nil where
// there are no figures.
type HybridSetting struct {
	Margin calibrate.Threshold    `json:"margin"`
	Chosen bool                   `json:"chosen"`
	Tune   *calibrate.HybridPoint `json:"tune"`
	Test   *calibrate.HybridPoint `json:"test"`
}

// hybrids combines what the others decided.
func (j *job) hybrids(ctx context.Context) error {
	for _, h := range []struct {
		name  string
		parts []string
	}{{RuleEmbedding, []string{RuleName, EmbeddingName}}, {RuleLLM, []string{RuleName, LLMName}}} {
		if err := j.derive(ctx, h.name, h.parts, func(_ int, p []eval.Classifier) []classify.Stage {
			return []classify.Stage{{Classifier: p[0], Sure: classify.RuleIsSure}, {Classifier: p[1]}}
		}); err != nil {
			return err
		}
	}
	parts, ok := j.find(threeParts())
	if !ok {
		return nil
	}
	margins, err := j.margins(ctx, parts)
	if err != nil {
		return err
	}
	if err := j.derive(ctx, ThreeStage, threeParts(), func(fold int, p []eval.Classifier) []classify.Stage {
		sure := classify.MarginAtLeast(margins[fold])
		return []classify.Stage{{Classifier: p[0], Sure: classify.RuleIsSure}, {Classifier: p[1], Sure: sure}, {Classifier: p[2]}}
	}); err != nil {
		return err
	}
	return j.noteHybrid()
}

func threeParts() []string { return []string{RuleName, EmbeddingName, LLMName} }

// derive adds the predictions of a hybrid, where its parts are there.
func (j *job) derive(ctx context.Context, name string, names []string, stages func(fold int, parts []eval.Classifier) []classify.Stage) error {
	parts, ok := j.find(names)
	if !ok {
		return nil
	}
	p, err := eval.Derive(ctx, j.Items, parts, func(fold int, c []eval.Classifier) eval.Classifier {
		return classify.NewHybrid(name, stages(fold, c)...)
	})
	if err != nil {
		return err
	}
	whole := make([]eval.Classifier, len(names))
	for k, part := range names {
		whole[k] = j.classifiers[part]
	}
	j.addPredictions(p, classify.NewHybrid(name, stages(eval.Final, whole)...))
	return nil
}

// margins returns the embedding margin of the three-stage hybrid, for good and
// for each fold. For a fold it is chosen on tune outside of it, by parts that
// were fitted without it, so that nothing in it decides how it is predicted.
func (j *job) margins(ctx context.Context, parts []*eval.Predictions) (map[int]float64, error) {
	margins := map[int]float64{eval.Final: mostMargin}
	if m := j.Config.Classifiers.Hybrid.EmbeddingMargin; m != nil {
		j.Hybrid = &HybridNote{Margin: calibrate.Threshold(*m), Source: MarginConfigured}
		margins[eval.Final] = *m
		if j.Choice != nil {
			chosen := j.Choice.Candidates
			what := "the plainest candidate"
			if len(chosen) > 0 {
				what = fmt.Sprintf("%s by %s", chosen[j.Choice.Chosen].Embedder, chosen[j.Choice.Chosen].Scorer)
			}
			j.Warnings = append(j.Warnings, fmt.Sprintf("classifiers.hybrid.embedding_margin is %g, of whatever scores the embedding has: they are those of %s now, which cross-validation chose, and may be others with other prompts; fix classifiers.embedding.structure and scorer with the margin, or leave it null to have it tuned", *m, what))
		}
		for fold := range eval.Folds {
			margins[fold] = *m
		}
		return margins, nil
	}
	j.Hybrid = &HybridNote{Margin: calibrate.Threshold(math.Inf(1)), Source: MarginUntold}
	curve, err := j.HybridCurve(datasets.Tune)
	if err != nil {
		j.Warnings = append(j.Warnings, fmt.Sprintf("in %s the embedding never decides, as tune cannot tell from which margin that would cost least: %v; set classifiers.hybrid.embedding_margin, or give what is missing", ThreeStage, err))
	} else {
		j.Hybrid.Margin, j.Hybrid.Source = curve.LeastClearly().Margin, MarginTuned
		margins[eval.Final] = float64(j.Hybrid.Margin)
	}
	guessed := 0
	for fold := range eval.Folds {
		margins[fold] = mostMargin
		rows, err := j.tuneWithoutFold(ctx, parts, fold)
		if err != nil {
			return nil, err
		}
		if rows == nil {
			continue
		}
		if curve, err := calibrate.SweepHybrid(rows, j.Costs, leastPriced); err == nil {
			margins[fold] = float64(curve.LeastClearly().Margin)
		} else {
			guessed++
		}
	}
	if guessed > 0 && j.Hybrid.Source == MarginTuned {
		j.Warnings = append(j.Warnings, fmt.Sprintf("in the out-of-fold predictions of %s the embedding never decides in %d of %d folds, outside of which tune cannot tell from which margin it should", ThreeStage, guessed, eval.Folds))
	}
	return margins, nil
}

// tuneWithoutFold is tune outside a fold as parts that were fitted without the
// fold decide it; nil where a part has no out-of-fold decisions.
func (j *job) tuneWithoutFold(ctx context.Context, parts []*eval.Predictions, fold int) (iter.Seq[calibrate.Staged], error) {
	var index []int
	for i, it := range j.Items {
		if it.Split == datasets.Tune && it.Fold != fold {
			index = append(index, i)
		}
	}
	decisions := make([]*eval.Decisions, len(parts))
	for k, p := range parts {
		if p.OutOfFold == nil {
			return nil, nil
		}
		var err error
		if decisions[k], err = p.WithoutFold(ctx, fold, j.Items, index); err != nil {
			return nil, err
		}
	}
	return func(yield func(calibrate.Staged) bool) {
		for n, i := range index {
			if !yield(staged(j.Items[i], decisions, n)) {
				return
			}
		}
	}, nil
}

// staged is a request with the decisions at a place of rule, embedding and LLM.
func staged(it eval.Item, parts []*eval.Decisions, at int) calibrate.Staged {
	return calibrate.Staged{Item: it, Rule: parts[0].At(at), Embedding: parts[1].At(at), LLM: parts[2].At(at)}
}

// Staged returns the prompts of a split as each part of the three-stage hybrid
// decides them; none where it was not run.
func (r *Run) Staged(split datasets.Split) iter.Seq[calibrate.Staged] {
	return func(yield func(calibrate.Staged) bool) {
		parts, ok := r.find(threeParts())
		if !ok {
			return
		}
		decisions := []*eval.Decisions{parts[0].Final, parts[1].Final, parts[2].Final}
		for i, it := range r.Items {
			if it.Split == split && !yield(staged(it, decisions, i)) {
				return
			}
		}
	}
}

// HybridCurve is what the three-stage hybrid costs on a split at every margin.
// The error says what keeps that from being known.
func (r *Run) HybridCurve(split datasets.Split) (*calibrate.HybridCurve, error) {
	staged, some := r.Staged(split), false
	for range staged {
		some = true
		break
	}
	if !some {
		return nil, errors.New("there are no " + split.String() + " prompts")
	}
	curve, err := calibrate.SweepHybrid(staged, r.Costs, leastPriced)
	if err != nil {
		return nil, fmt.Errorf("on %s, %w", split, err)
	}
	return curve, nil
}

// noteHybrid sets the margin beside others, on tune and on test.
func (j *job) noteHybrid() error {
	note := j.Hybrid
	note.Optimism = eval.Number(math.NaN())
	note.Settings = []HybridSetting{}
	tune, untold := j.HybridCurve(datasets.Tune)
	test, unmeasured := j.HybridCurve(datasets.Test)
	margins := []float64{math.Inf(1), float64(note.Margin), 0}
	if untold != nil {
		note.Untold = untold.Error()
	} else {
		note.Tune, note.AllTune = tune.N, tune.N+tune.Unpriced
		margins = append(margins, quarters(tune)...)
		margins = append(margins, float64(tune.Least().Margin))
	}
	if unmeasured == nil {
		note.Test = test.N
	}
	slices.Sort(margins)
	margins = slices.Compact(margins)
	slices.Reverse(margins)
	for _, m := range margins {
		s := HybridSetting{Margin: calibrate.Threshold(m), Chosen: m == float64(note.Margin)}
		if untold == nil {
			s.Tune = new(tune.At(m))
		}
		if unmeasured == nil {
			s.Test = new(test.At(m))
		}
		note.Settings = append(note.Settings, s)
	}
	if untold == nil && unmeasured == nil {
		other := math.Inf(1)
		if tune.At(0).Headline <= tune.At(other).Headline {
			other = 0
		}
		saved := func(c *calibrate.HybridCurve) eval.Number {
			return c.At(other).Headline - c.At(float64(note.Margin)).Headline
		}
		note.Optimism = saved(tune) - saved(test)
	}
	return nil
}

// quarters are the margins from which on the embedding decides a quarter, a half
// and three quarters of what it could.
func quarters(c *calibrate.HybridCurve) []float64 {
	points := c.Points()
	all := points[len(points)-1].Embedding.Decided
	var out []float64
	for _, share := range []eval.Number{0.25, 0.5, 0.75} {
		i := slices.IndexFunc(points, func(p calibrate.HybridPoint) bool { return p.Embedding.Decided >= share*all })
		out = append(out, float64(points[i].Margin))
	}
	return out
}
