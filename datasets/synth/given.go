package synth

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
)

// OutcomesOf returns made-up outcomes of all models to labelled prompts that
// exist already. A prompt's difficulty is drawn from its tier's; everything
// else comes about as for generated prompts, from the configuration's seed and
// the prompt's id. Responses are of made-up words. Unlabelled prompts have no
// outcomes. It is an error if a tier is not among the configuration's.
func (g *Generator) OutcomesOf(prompts []datasets.Prompt) (func(put func(datasets.Outcome) error) error, error) {
	tiers := g.config.Ladder().Tiers()
	for _, p := range prompts {
		if p.Tier != "" && !slices.Contains(tiers, p.Tier) {
			return nil, fmt.Errorf("outcomes of prompt %q: expected one of the tiers %s, found %q", p.ID, strings.Join(tiers, ", "), p.Tier)
		}
	}
	return func(put func(datasets.Outcome) error) error {
		for i := range prompts {
			p := &prompts[i]
			if p.Tier == "" {
				continue
			}
			sum := sha256.Sum256([]byte(p.ID))
			row := int(binary.BigEndian.Uint64(sum[:]) >> 1)
			l := g.latentOf(row, slices.Index(tiers, p.Tier), p.TaskType)
			for model := range g.config.Models {
				o := g.outcome(row, model, &l, p.Text)
				o.ID, o.Domain = p.ID, p.Domain
				if err := put(o); err != nil {
					return err
				}
			}
		}
		return nil
	}, nil
}

// latentOf draws the truth behind a prompt of a tier.
func (g *Generator) latentOf(row, tier int, taskType string) Latent {
	r := newRandom(g.config.Seed, streamLatent, row, 0)
	low, width := g.tierRange(tier)
	l := Latent{Root: row, Tier: tier, WordTier: tier, Difficulty: quantile(low + width*r.uniform()), Shared: r.normal()}
	is := func(name string) func(Share) bool { return func(s Share) bool { return s.Name == name } }
	if taskType == "" {
		taskType = "general"
	}
	l.TaskType = slices.IndexFunc(g.config.TaskTypes, is(taskType))
	if l.TaskType < 0 {
		l.TaskType = max(slices.IndexFunc(g.config.TaskTypes, is("general")), 0)
	}
	return l
}
