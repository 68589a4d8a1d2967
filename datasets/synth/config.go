package synth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/routeproof/routeproof/datasets"
)

// A Config says what is generated. Nothing is filled in: a zero is a zero.
// Start from [Default] and change what differs; [Config.Validate] has what may
// stand where. Shares and rates are probabilities, 0 to 1.
type Config struct {
	Seed   uint64  `json:"seed"`
	Models []Model `json:"models"` // the ladder with its tiers, cheapest first, 2 to 8

	// How models answer.
	Slope            float64 `json:"slope"`             // s, over 0: how sharply P(right) falls with difficulty; default 3
	ErrorCorrelation float64 `json:"error_correlation"` // ρ, 0 to 1, of two models given the difficulty; default .3
	Fractional       bool    `json:"fractional"`        // scores in hundredths rather than 1 and 0
	ConfidenceAUROC  float64 `json:"confidence_auroc"`  // A, .5 to .9999; default .75
	Forms            Forms   `json:"forms"`
	Distractors      int     `json:"distractors"`    // D, 1 to 1000: two wrong answers agree with probability 1/D; default 4
	Timeouts         float64 `json:"timeouts"`       // share of outcomes that are an error; default .005
	TimeoutMS        float64 `json:"timeout_ms"`     // what they took; default 30,000
	OutputSpread     float64 `json:"output_spread"`  // σ of ln(output tokens), 0 to 3; default .5
	LatencySpread    float64 `json:"latency_spread"` // σ of ln(ttft) and of ln(time for the tokens), 0 to 3; default .25

	// How prompts are written.
	WordSignal     float64 `json:"word_signal"`     // S, 0 to 1: what words tell of the tier; default .6
	LengthSpread   float64 `json:"length_spread"`   // σ of ln(words), 0 to 3; default .5
	ZipfExponent   float64 `json:"zipf_exponent"`   // 0 to 5; default 1
	NearDuplicates float64 `json:"near_duplicates"` // share of prompts that are a changed copy of an earlier one, below 1; default .05
	Domains        []Share `json:"domains"`         // 1 to 32; default six, equally frequent
	Languages      []Share `json:"languages"`       // 1 to 32; default en .8, de .1, es .1
	TaskTypes      []Share `json:"task_types"`      // of datasets.TaskTypes; default general .55, the others .15 each

	Classifier Classifier `json:"classifier"`
	Logs       Logs       `json:"logs"`
}

// A Model is a rung of the ladder: a tier and the model that serves it. Share,
// Words and OutputTokens are about the tier's prompts, whichever model answers.
type Model struct {
	Tier         string   `json:"tier"`
	Name         string   `json:"model"`
	Share        float64  `json:"share"`         // of prompts whose tier it is, at least .001; they sum to 1
	Words        float64  `json:"words"`         // median length of its prompts, 1 to 2000
	OutputTokens float64  `json:"output_tokens"` // mean length of answers to its prompts before MaxTokens, whichever model answers; 1 to 1e6
	Ability      *float64 `json:"ability"`       // a; nil: the tier's upper threshold + .25
	MaxTokens    int      `json:"max_tokens"`    // at which answers are cut, at least 1
	Speed
}

// A Speed is what a model costs, in USD per million tokens, and how fast it is.
type Speed struct {
	InputPerM  float64 `json:"input_per_m"`
	OutputPerM float64 `json:"output_per_m"`
	TTFTMS     float64 `json:"ttft_ms"` // median time to the first token
	TokensPerS float64 `json:"tokens_per_s"`
}

// A Rate is how often something happens to right and to wrong answers. As a
// sign of a wrong answer its true-positive rate is Wrong, its false-positive
// rate Right.
type Rate struct {
	Right float64 `json:"right"`
	Wrong float64 `json:"wrong"`
}

// Forms say how often an answer has a form that a router would escalate on. An
// answer has one form at most.
type Forms struct {
	Short     Rate `json:"short"`     // under 20 characters; default .02, .12
	Uncertain Rate `json:"uncertain"` // says that it is not sure; default .02, .25
	Malformed Rate `json:"malformed"` // no JSON where the task type requires it, never elsewhere; default .02, .25

	// Only wrong answers refuse or are empty.
	Refusing float64 `json:"refusing"` // share of wrong answers; default .05
	Empty    float64 `json:"empty"`    // share of wrong answers; default .02
}

// A Share is a name and how often it occurs, in proportion to the others of
// its list.
type Share struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"` // over 0
}

// A Classifier is the language model whose recorded answers name tiers.
type Classifier struct {
	Model    string  `json:"model"`
	Accuracy float64 `json:"accuracy"` // of valid answers; default .7
	Invalid  float64 `json:"invalid"`  // share of answers that name no tier; default .02
	Speed
}

// Logs say how a router's request log looks.
type Logs struct {
	Start          int64     `json:"start"`           // Unix time in seconds; default 2025-01-06 00:00 UTC
	PerDay         float64   `json:"per_day"`         // requests, on average over a week, over 0; default 50,000
	DailySwing     float64   `json:"daily_swing"`     // 0 to 1: requests an hour ∝ 1 + swing · cos(2π(hour − 13.5)/24), UTC; default .8
	Weekend        float64   `json:"weekend"`         // rate on Saturdays and Sundays against other days, over 0; default .55
	Features       []Feature `json:"features"`        // 1 to 1000
	Messages       int       `json:"messages"`        // requests repeat this many of the first prompts; 1 to 10 million, default 20,000
	RouterAccuracy float64   `json:"router_accuracy"` // of the router's first choice; default .85
	Scores         bool      `json:"scores"`          // write score and scores
	Drift          Drift     `json:"drift"`
}

// A Feature is a part of the product that sends requests.
type Feature struct {
	Name   string    `json:"name"`
	Weight float64   `json:"weight"` // over 0, in proportion to the others
	Mix    []float64 `json:"mix"`    // weights of the tiers; nil: as among prompts
}

// Drift is a change of traffic from a day on.
type Drift struct {
	Day       int     `json:"day"`        // the first day it holds, the log's first being 0; 0: never
	Harder    float64 `json:"harder"`     // share of requests that move up a tier, where there is one
	ScoreDrop float64 `json:"score_drop"` // by how much the router's scores fall, 0 to 1
}

// Default returns the configuration of four tiers: prices, latencies and token
// budgets that are usual for such models, and rates that are assumed.
func Default() Config {
	mini := Speed{InputPerM: .15, OutputPerM: .60, TTFTMS: 300, TokensPerS: 110}
	return Config{
		Models: []Model{
			{Tier: "SIMPLE", Name: "openai/gpt-4o-mini", Share: .45, Words: 8, OutputTokens: 60, MaxTokens: 256, Speed: mini},
			{Tier: "MEDIUM", Name: "anthropic/claude-haiku-3-5", Share: .30, Words: 25, OutputTokens: 300, MaxTokens: 1024,
				Speed: Speed{InputPerM: .80, OutputPerM: 4, TTFTMS: 400, TokensPerS: 120}},
			{Tier: "COMPLEX", Name: "anthropic/claude-sonnet-4", Share: .18, Words: 60, OutputTokens: 900, MaxTokens: 4096,
				Speed: Speed{InputPerM: 3, OutputPerM: 15, TTFTMS: 800, TokensPerS: 85}},
			{Tier: "FRONTIER", Name: "anthropic/claude-opus-4", Share: .07, Words: 120, OutputTokens: 2500, MaxTokens: 16384,
				Speed: Speed{InputPerM: 15, OutputPerM: 75, TTFTMS: 2000, TokensPerS: 40}},
		},
		Slope: 3, ErrorCorrelation: .3, ConfidenceAUROC: .75,
		Forms: Forms{Short: Rate{.02, .12}, Uncertain: Rate{.02, .25}, Malformed: Rate{.02, .25}, Refusing: .05, Empty: .02},

		Distractors: 4, Timeouts: .005, TimeoutMS: 30_000, OutputSpread: .5, LatencySpread: .25,
		WordSignal: .6, LengthSpread: .5, ZipfExponent: 1, NearDuplicates: .05,
		Domains:    []Share{{"support", 1}, {"code", 1}, {"finance", 1}, {"health", 1}, {"travel", 1}, {"law", 1}},
		Languages:  []Share{{"en", .8}, {"de", .1}, {"es", .1}},
		TaskTypes:  []Share{{"general", .55}, {"extraction", .15}, {"classification", .15}, {"structured_output", .15}},
		Classifier: Classifier{Model: "openai/gpt-4o-mini", Accuracy: .7, Invalid: .02, Speed: mini},
		Logs: Logs{
			Start: 1736121600, PerDay: 50_000, DailySwing: .8, Weekend: .55, Messages: 20_000, RouterAccuracy: .85,
			Features: []Feature{
				{"support_bot", .55, []float64{.65, .25, .08, .02}},
				{"search", .25, nil},
				{"code_review", .15, []float64{.10, .30, .45, .15}},
				{"research", .05, []float64{.05, .20, .40, .35}},
			},
		},
	}
}

// Ladder returns the ladder of the models.
func (c Config) Ladder() datasets.Ladder {
	l := make(datasets.Ladder, len(c.Models))
	for i, m := range c.Models {
		l[i] = datasets.Rung{Tier: m.Tier, Model: m.Name}
	}
	return l
}

// ReadConfig reads a configuration as JSON over another one: what it leaves out
// stays as there. A list, though, is taken whole, so that nothing of the other's
// first model becomes part of its own. Of an object with the key parameters,
// such as a truth.json, only those are read. Unknown keys are errors, and so is
// anything behind the JSON. It does not validate.
func ReadConfig(r io.Reader, over Config) (Config, error) {
	c := over
	lists := []interface{ orElse() }{
		emptied(&c.Models), emptied(&c.Domains), emptied(&c.Languages), emptied(&c.TaskTypes), emptied(&c.Logs.Features),
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return over, err
	}
	var whole struct{ Parameters json.RawMessage }
	if json.Unmarshal(text, &whole) == nil && whole.Parameters != nil {
		text = whole.Parameters
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return over, fmt.Errorf("expected the parameters that truth.json shows: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return over, errors.New("expected one JSON object, found more behind it")
	}
	for _, list := range lists {
		list.orElse()
	}
	return c, nil
}

// replaced is a list that may be read anew.
type replaced[T any] struct {
	at     *[]T
	before []T
}

func emptied[T any](at *[]T) replaced[T] {
	r := replaced[T]{at, *at}
	*at = nil
	return r
}

func (r replaced[T]) orElse() {
	if *r.at == nil {
		*r.at = r.before
	}
}
