package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// retests tries the certificates of an artifact on labelled prompts: on its own
// test split where it was built from these, else on all of them, one a group.
// Prompts that it was fitted on are refused.
func (a *app) retests(ctx context.Context, f *gateFlags, config pipeline.Config, log *problemLog) (retests []gate.Retest, err error) {
	artifact, err := centroids.Load(f.artifact)
	if err != nil {
		return nil, err
	}
	flags := embedderFlags{words: f.words, vectors: f.vectors}
	if err := flags.check(); err != nil {
		return nil, err
	}
	prompts, err := datasets.ReadPromptSet(f.prompts, config.TierNames(), log.add)
	defer func() { err = errors.Join(err, prompts.Close(), flags.close()) }()
	vectors, vectorsErr := flags.readVectors(log.add)
	if err = errors.Join(err, vectorsErr); err != nil {
		return nil, err
	}
	in := pipeline.Input{Prompts: prompts, Name: filepath.Base(f.prompts), Artifact: artifact, Problem: log.add}
	if err := flags.choose(config, &in, vectors, log.add); err != nil {
		return nil, err
	}
	tested, err := pipeline.TestItems(ctx, config, in)
	if err != nil {
		return nil, err
	}
	kept := make([]datasets.Text, len(tested))
	for i, it := range tested {
		kept[i] = it.Text
	}
	texts, err := datasets.ReadTexts(kept)
	if err != nil {
		return nil, err
	}
	decisions, err := artifact.Classify(ctx, in.Embedder, texts)
	if err != nil {
		return nil, err
	}
	return tried(artifact, tested, decisions), nil
}

// tried counts decisions that certificates are about, and losses among them, one
// a group.
func tried(artifact *centroids.Artifact, items []eval.Item, decisions []centroids.Decision) []gate.Retest {
	var out []gate.Retest
	for _, c := range artifact.Manifest().Certificates {
		r := gate.Retest{Certificate: c}
		if c.Accepts == nil {
			r.Untested = "it does not say which decisions it is about: build and certify the artifact anew"
			out = append(out, r)
			continue
		}
		seen := map[string]bool{}
		for i, d := range decisions {
			if seen[items[i].Group] {
				continue
			}
			seen[items[i].Group] = true
			if taken, loss := c.Accepts.Takes(d, artifact.Tiers(), items[i].Tier); taken {
				r.N++
				if loss {
					r.Errors++
				}
			}
		}
		if r.N == 0 {
			r.Untested = fmt.Sprintf("none of %d prompts is among the decisions it is about", len(seen))
		}
		out = append(out, r)
	}
	return slices.Clip(out)
}
