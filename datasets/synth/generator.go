package synth

import (
	"strconv"
	"sync"

	"github.com/routeproof/routeproof/datasets"
)

// A Generator makes rows of a configuration. Rows are numbered from 0; each is
// a function of the configuration and its number alone, so that the first n
// rows are the same whatever follows them. Methods are safe for concurrent use.
type Generator struct {
	config  Config
	ability []float64

	// Running sums of shares.
	tiers, domains, languages, taskTypes []float64
	features                             []float64
	mixes                                [][]float64 // of each feature

	lexicons            []lexicon
	commonLaw, topicLaw law

	accuracy   [][]float64 // of a model over the prompts of a tier
	overall    []float64   // of a model over all prompts
	separation float64     // δ of confidence

	clock  clock
	quoted quoted
	pool   func() *pool
}

// New returns the generator of a configuration, whose lists must not change
// afterwards. It takes some milliseconds; the first record of the log takes as
// long as the prompts that it repeats.
func New(c Config) (*Generator, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	weights := func(list []Share) []float64 {
		return running(len(list), func(i int) float64 { return list[i].Weight })
	}
	g := &Generator{
		config:    c,
		tiers:     running(len(c.Models), func(i int) float64 { return c.Models[i].Share }),
		domains:   weights(c.Domains),
		languages: weights(c.Languages),
		taskTypes: weights(c.TaskTypes),
		features:  running(len(c.Logs.Features), func(i int) float64 { return c.Logs.Features[i].Weight }),
		lexicons:  newLexicons(len(c.Languages), len(c.Models), len(c.Domains)),
		commonLaw: newLaw(commonWords, c.ZipfExponent),
		topicLaw:  newLaw(topicWords, c.ZipfExponent),
		clock:     newClock(c.Logs),
		quoted:    newQuoted(c),
	}
	for _, f := range c.Logs.Features {
		mix := g.tiers
		if f.Mix != nil {
			mix = running(len(f.Mix), func(i int) float64 { return f.Mix[i] })
		}
		g.mixes = append(g.mixes, mix)
	}
	g.ability = abilities(c.Models, g.tiers)
	g.integrate()
	g.separation = separationOf(c.ConfidenceAUROC)
	g.pool = sync.OnceValue(g.newPool)
	return g, nil
}

// Config returns the configuration.
func (g *Generator) Config() Config { return g.config }

// The methods below return the first rows of a kind of file, as
// [datasets.Kind.Write] and [datasets.Kind.WriteFile] want them.

// Prompts returns n prompts.
func (g *Generator) Prompts(n int) func(put func(datasets.Prompt) error) error {
	return rows(n, g.Prompt)
}

// Outcomes returns the outcomes of every model for each of n prompts, prompt by
// prompt and model by model.
func (g *Generator) Outcomes(n int) func(put func(datasets.Outcome) error) error {
	return func(put func(datasets.Outcome) error) error {
		for i := range n {
			l := g.Latent(i)
			text := g.text(i, &l)
			for m := range g.config.Models {
				if err := put(g.outcome(i, m, &l, text)); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// Answers returns the classifier's answers to n prompts.
func (g *Generator) Answers(n int) func(put func(datasets.RecordedAnswer) error) error {
	return rows(n, g.Answer)
}

// Difficulties returns the difficulties of n prompts: the score of a router
// that knows the truth.
func (g *Generator) Difficulties(n int) func(put func(datasets.Score) error) error {
	return rows(n, func(i int) datasets.Score { return datasets.Score{ID: idOf(i), Score: g.Latent(i).Difficulty} })
}

// Prices returns the price of each model.
func (g *Generator) Prices() func(put func(datasets.Price) error) error {
	return rows(len(g.config.Models), func(i int) datasets.Price {
		m := g.config.Models[i]
		return datasets.Price{
			Model: m.Name, InputPerM: m.InputPerM, OutputPerM: m.OutputPerM,
			TTFTMS: datasets.Known(m.TTFTMS), TokensPerS: datasets.Known(m.TokensPerS),
		}
	})
}

func rows[T any](n int, row func(int) T) func(put func(T) error) error {
	return func(put func(T) error) error {
		for i := range n {
			if err := put(row(i)); err != nil {
				return err
			}
		}
		return nil
	}
}

func appendWhole(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
