package datasets

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/routeproof/routeproof/internal/table"
	"github.com/routeproof/routeproof/internal/wording"
)

// A Prediction is what a classifier made of a prompt. ID and Classifier are
// never empty.
type Prediction struct {
	ID           string // of the prompt
	Classifier   string
	Tier         string // the truth
	Predicted    string
	Split        string
	Fold         Optional[int] // set: the classifier was not fitted on this fold
	Repeat       int
	Scores       []float64         // one a tier, in the order of the tiers; nil where there are none
	Confidence   Optional[float64] // probability that Predicted is right
	Invalid      bool              // the answer was no tier: Predicted is the fallback
	Error        string            // why there was no answer: Predicted is the fallback
	Model        string
	InputTokens  Optional[int] // of the classification
	OutputTokens Optional[int]
	CostUSD      Optional[float64]
	LatencyMS    Optional[float64]
	Domain       string
	Group        string
	PromptTokens Optional[int] // of the prompt alone
	PromptRunes  Optional[int] // Unicode code points of it
}

// Predictions is the kind of file that holds predictions: columns id,
// classifier, tier (the truth), predicted, and optionally split, fold, repeat,
// scores, confidence, invalid, error, model, input_tokens, output_tokens,
// cost_usd, latency_ms, domain, group, prompt_tokens, prompt_runes. Unique is (id, classifier, whether fold
// is set, repeat). Scores are good only while the row is visited.
func Predictions() Kind[Prediction] {
	return Kind[Prediction]{
		noun: "predictions", needs: "id, classifier, tier and predicted",
		fields: []field[Prediction]{
			nameField("id", "the id of a prompt", func(p *Prediction) *string { return &p.ID }),
			recurringName("classifier", "the name of a classifier", func(p *Prediction) *string { return &p.Classifier }),
			recurringName("tier", "the true tier", func(p *Prediction) *string { return &p.Tier }),
			recurringName("predicted", "a tier", func(p *Prediction) *string { return &p.Predicted }),
			repeatedText("split", func(p *Prediction) *string { return &p.Split }),
			count("fold", func(p *Prediction) *Optional[int] { return &p.Fold }),
			repeatField(func(p *Prediction) *int { return &p.Repeat }),
			scoresField(),
			number("confidence", 0, 1, func(p *Prediction) *Optional[float64] { return &p.Confidence }),
			flag("invalid", func(p *Prediction) *bool { return &p.Invalid }),
			textField("error", func(p *Prediction) *string { return &p.Error }),
			repeatedText("model", func(p *Prediction) *string { return &p.Model }),
			count("input_tokens", func(p *Prediction) *Optional[int] { return &p.InputTokens }),
			count("output_tokens", func(p *Prediction) *Optional[int] { return &p.OutputTokens }),
			number("cost_usd", 0, maxUSD, func(p *Prediction) *Optional[float64] { return &p.CostUSD }),
			number("latency_ms", 0, maxMS, func(p *Prediction) *Optional[float64] { return &p.LatencyMS }),
			repeatedText("domain", func(p *Prediction) *string { return &p.Domain }),
			repeatedText("group", func(p *Prediction) *string { return &p.Group }),
			count("prompt_tokens", func(p *Prediction) *Optional[int] { return &p.PromptTokens }),
			count("prompt_runes", func(p *Prediction) *Optional[int] { return &p.PromptRunes }),
		},
		check: func(p *Prediction, c *checker) { c.oneOf("split", p.Split, splitNames()) },
		keys:  []string{"id", "classifier", "fold", "repeat"},
		key: func(p *Prediction, key []byte) []byte {
			return strconv.AppendBool(binary.AppendVarint(appendName(appendName(key, p.ID), p.Classifier), int64(p.Repeat)), p.Fold.Known)
		},
		clash: func(p *Prediction, first string) string {
			return fmt.Sprintf("%s by classifier %s (out of fold: %t, repeat %d) stands %s already: expected each once",
				wording.Quote(p.ID), wording.Quote(p.Classifier), p.Fold.Known, p.Repeat, first)
		},
	}
}

func scoresField() field[Prediction] {
	return field[Prediction]{
		Column: table.Column{Name: "scores", Type: table.Numbers},
		load:   func(p *Prediction, c *table.Cells, i int, _ *checker) { p.Scores = c.List[i] },
		store: func(p *Prediction, b *table.Batch, c int) {
			if p.Scores != nil {
				b.SetNumbers(c, p.Scores)
			}
		},
	}
}
