package datasets

import (
	"fmt"
	"math"

	"github.com/routeproof/routeproof/internal/wording"
)

// A Score is a number that some router gave a prompt. Higher means more
// difficult.
type Score struct {
	ID    string
	Score float64
}

// Scores is the kind of file that holds scores: columns id and score, any
// finite number. id is unique.
func Scores() Kind[Score] {
	return Kind[Score]{
		noun: "scores", needs: "id and score",
		fields: []field[Score]{
			nameField("id", "the id of a prompt", func(s *Score) *string { return &s.ID }),
			requiredNumber("score", math.Inf(-1), math.Inf(1), func(s *Score) *float64 { return &s.Score }),
		},
		keys:  []string{"id"},
		key:   func(s *Score, key []byte) []byte { return appendName(key, s.ID) },
		clash: func(s *Score, first string) string { return clashOfIDs(s.ID, first) },
	}
}

// A Price is what a model costs, in USD per million tokens, and how fast it is.
type Price struct {
	Model      string
	InputPerM  float64
	OutputPerM float64
	TTFTMS     Optional[float64] // until the first token
	TokensPerS Optional[float64]
}

// Prices is the kind of file that holds prices: columns model, input_per_m,
// output_per_m, and optionally ttft_ms and tokens_per_s. model is unique.
func Prices() Kind[Price] {
	return Kind[Price]{
		noun: "prices", needs: "model, input_per_m and output_per_m",
		fields: []field[Price]{
			nameField("model", "the name of a model", func(p *Price) *string { return &p.Model }),
			requiredNumber("input_per_m", 0, maxUSD, func(p *Price) *float64 { return &p.InputPerM }),
			requiredNumber("output_per_m", 0, maxUSD, func(p *Price) *float64 { return &p.OutputPerM }),
			number("ttft_ms", 0, maxMS, func(p *Price) *Optional[float64] { return &p.TTFTMS }),
			number("tokens_per_s", 0, maxCount, func(p *Price) *Optional[float64] { return &p.TokensPerS }),
		},
		check: func(p *Price, c *checker) {
			if p.TokensPerS.Known && p.TokensPerS.Value == 0 {
				c.problem("tokens_per_s", "expected over 0, found 0: leave it out where it is unknown")
			}
		},
		keys: []string{"model"},
		key:  func(p *Price, key []byte) []byte { return appendName(key, p.Model) },
		clash: func(p *Price, first string) string {
			return fmt.Sprintf("%s stands %s already: expected each model once", wording.Quote(p.Model), first)
		},
	}
}
