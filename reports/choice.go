package reports

import (
	"fmt"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
)

// choice shows the candidates for the embedding classifier, where there were
// several.
func (r *report) choice() {
	c := r.run.Choice
	if c == nil {
		return
	}
	r.heading(3, "How the embedding classifier was chosen")
	if c.Why != "" {
		r.text("It could not be chosen by cross-validation: %s. So it is the plainest.", escape(c.Why))
		return
	}
	chosen, best := c.Candidates[c.Chosen], c.Candidates[c.Best]
	why := fmt.Sprintf("the plainest of those whose quadratic κ is at most one standard error (%s) below the best, %s", threeDigits(float64(best.SE)), threeDigits(float64(best.Kappa)))
	switch {
	case c.Chosen == c.Best:
		why = "the best by quadratic κ, with none plainer within one standard error of it"
	case !best.SE.Defined():
		why = "the plainest, as on so few prompts no standard error is known by which a better one could be told"
	}
	r.text("The %s classifier scores %s vectors by %s, of %s, plainest scorer first and then plainest vectors: %s. The figures are of %d-fold cross-validation on %s of train and tune, in %s; test had no part in it. The best of several looks a little better than it is: what the choice is worth is said by the figures on test.",
		code(pipeline.EmbeddingName), code(chosen.Embedder), escape(chosen.Scorer), wording.Plural(len(c.Candidates), "candidate"), why,
		c.Folds, wording.Plural(c.N, "prompt"), wording.Plural(c.Groups, "independent group"))
	var rows [][]string
	for i, x := range c.Candidates {
		note := ""
		switch {
		case i == c.Chosen && i == c.Best:
			note = "**taken**, best"
		case i == c.Chosen:
			note = "**taken**"
		case i == c.Best:
			note = "best"
		}
		if x.Why != "" {
			note = "out: " + escape(x.Why)
		}
		rows = append(rows, []string{code(x.Embedder), escape(x.Scorer), numberCell(x.Kappa, threeDigits), numberCell(x.SE, threeDigits),
			numberCell(x.Accuracy, percent), numberCell(x.MacroF1, threeDigits), numberCell(x.Under, percent), note})
	}
	r.table([]string{"vectors", "scorer", "quadratic κ", "standard error", "accuracy", "macro-F1", "sent too low", ""}, rows)
}

// chosenOnce says what out-of-fold figures owe to the choice.
func (r *report) chosenOnce() string {
	if r.run.Choice == nil {
		return ""
	}
	return " Which candidate stands for the embedding classifier was chosen once, on train and tune, and not anew for each fold."
}

// heldBy says what an artifact holds besides thresholds and figures.
func heldBy(m centroids.Manifest) string {
	held := fmt.Sprintf("one centroid a tier, a unit vector of %d numbers", m.Embedder.Dims)
	switch m.Scorer {
	case centroids.ScorerLogistic:
		held += ", and the weights of the logistic model that scores"
	case centroids.ScorerNearest:
		held += fmt.Sprintf(", and the **vectors of the train prompts**, of which the nearest %d score", m.Neighbours)
	}
	return held
}

// scoreWords is what a tier's score is.
func scoreWords(m centroids.Manifest) string {
	switch m.Scorer {
	case centroids.ScorerLogistic:
		return "the logistic model's probability"
	case centroids.ScorerNearest:
		return "share of the nearest train prompts"
	}
	return "cosine to the tier's centroid"
}

// scaledWords is what the temperature multiplies.
func scaledWords(m centroids.Manifest) string {
	switch m.Scorer {
	case centroids.ScorerLogistic:
		return "the logistic model's linear predictor"
	case centroids.ScorerNearest:
		return "share"
	}
	return "cosine"
}
