package datasets

import (
	"fmt"

	"github.com/routeproof/routeproof/internal/table"
	"github.com/routeproof/routeproof/internal/wording"
)

// An Outcome is one recorded answer of one model to one prompt. ID and Model
// are never empty. An empty text is absent; what can be absent in another
// sense is [Optional].
type Outcome struct {
	ID           string // of the prompt
	Model        string
	Prompt       string
	Domain       string
	Response     Optional[string]
	Score        Optional[float64] // quality, 0..1
	Confidence   Optional[float64] // any signal, 0..1
	InputTokens  Optional[int]
	OutputTokens Optional[int]
	CostUSD      Optional[float64]
	LatencyMS    Optional[float64] // until the whole answer was there
	TTFTMS       Optional[float64] // until its first token was
	FinishReason string
	Error        string
	Judge        string // who gave the score, and how
}

// Right is the lowest score of an answer that counts as right.
const Right = 0.5

// Outcomes is the kind of file that holds outcomes, a row for each prompt and
// model: columns id and model, and optionally prompt, domain, response, score,
// correct (true or false, in place of score), confidence, input_tokens,
// output_tokens, cost_usd, latency_ms, ttft_ms, finish_reason, error, judge. (id,
// model) is unique; not every model needs to have answered every prompt.
func Outcomes() Kind[Outcome] {
	return Kind[Outcome]{
		noun: "outcomes", needs: "id, model and score",
		fields: []field[Outcome]{
			nameField("id", "the id of a prompt", func(o *Outcome) *string { return &o.ID }),
			recurringName("model", "the name of a model", func(o *Outcome) *string { return &o.Model }),
			textField("prompt", func(o *Outcome) *string { return &o.Prompt }),
			repeatedText("domain", func(o *Outcome) *string { return &o.Domain }),
			optionalText("response", func(o *Outcome) *Optional[string] { return &o.Response }),
			number("score", 0, 1, func(o *Outcome) *Optional[float64] { return &o.Score }),
			correctField(),
			number("confidence", 0, 1, func(o *Outcome) *Optional[float64] { return &o.Confidence }),
			count("input_tokens", func(o *Outcome) *Optional[int] { return &o.InputTokens }),
			count("output_tokens", func(o *Outcome) *Optional[int] { return &o.OutputTokens }),
			number("cost_usd", 0, maxUSD, func(o *Outcome) *Optional[float64] { return &o.CostUSD }),
			number("latency_ms", 0, maxMS, func(o *Outcome) *Optional[float64] { return &o.LatencyMS }),
			number("ttft_ms", 0, maxMS, func(o *Outcome) *Optional[float64] { return &o.TTFTMS }),
			repeatedText("finish_reason", func(o *Outcome) *string { return &o.FinishReason }),
			textField("error", func(o *Outcome) *string { return &o.Error }),
			repeatedText("judge", func(o *Outcome) *string { return &o.Judge }),
		},
		check: checkOutcome,
		keys:  []string{"id", "model"},
		key:   func(o *Outcome, key []byte) []byte { return appendName(appendName(key, o.ID), o.Model) },
		clash: func(o *Outcome, first string) string {
			return fmt.Sprintf("%s of model %s stands %s already: expected each prompt once a model", wording.Quote(o.ID), wording.Quote(o.Model), first)
		},
	}
}

// correctField reads right and wrong as a score of 1 and 0. It stands behind
// score.
func correctField() field[Outcome] {
	return field[Outcome]{
		Column: table.Column{Name: "correct", Type: table.Boolean},
		load: func(o *Outcome, cells *table.Cells, i int, c *checker) {
			right := cells.Bool[i]
			switch {
			case !o.Score.Known && right:
				o.Score = Known(1.0)
			case !o.Score.Known:
				o.Score = Known(0.0)
			case right != (o.Score.Value >= Right):
				c.problem("correct", "is %t, but score is %g: expected one of them, or both to agree", right, o.Score.Value)
			}
		},
	}
}

func checkOutcome(o *Outcome, c *checker) {
	if o.LatencyMS.Known && o.TTFTMS.Known && o.TTFTMS.Value > o.LatencyMS.Value {
		c.problem("ttft_ms", "expected at most latency_ms (%g), found %g", o.LatencyMS.Value, o.TTFTMS.Value)
	}
	if o.Error != "" && o.Score.Known && o.Score.Value > 0 {
		c.problem("score", "is %g beside an error: expected 0 or none, as there was no answer, or no error where there was one", o.Score.Value)
	}
}
