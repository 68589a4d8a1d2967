package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// Tokens of what an embedder is asked besides texts, about.
const (
	canaryTokens = 1000
	dimsTokens   = 10
)

// artifactLive are the flags of verbs that embed with an artifact's embedder,
// where that asks an endpoint.
type artifactLive struct {
	liveFlags
	config string
}

func (f *artifactLive) add(cmd *cobra.Command) {
	f.liveFlags.add(cmd)
	cmd.Flags().Lookup("live").Usage = "ask the endpoint of the artifact's embedder, where that is of kind openai"
	cmd.Flags().StringVar(&f.config, "config", "", "with --live: the configuration that has the endpoint (default: built-in)")
}

// local returns the embedder of an artifact, verified; nil where it is remote, and
// may be asked for.
func (f *artifactLive) local(ctx context.Context, artifact *centroids.Artifact, words string) (centroids.Embedder, error) {
	id := artifact.Manifest().Embedder
	switch isRemote := id.Kind == remote.Kind; {
	case !isRemote && f.on:
		return nil, fmt.Errorf("%w: --live goes with an artifact of kind %q, this one is of kind %q: leave the flag out", errUsage, remote.Kind, id.Kind)
	case !isRemote:
		e, err := artifactEmbedder(id, words)
		if err != nil {
			return nil, err
		}
		return e, artifact.Verify(ctx, e)
	case words != "":
		return nil, fmt.Errorf("%w: --word-vectors goes with an artifact of kind %q, this one is of kind %q: leave the flag out", errUsage, embedder.KindStatic, id.Kind)
	case !f.on:
		return nil, fmt.Errorf("%w: the artifact's embedder, model %q, is asked over an endpoint: add --live, with --config for an endpoint of your own", errUsage, id.Model)
	}
	return nil, nil
}

// open opens the journal for an artifact's embedder.
func (f *artifactLive) open(ctx context.Context) (*session, error) {
	config, err := awaited(ctx, func() (pipeline.Config, error) { return readConfig(f.config) })
	if err != nil {
		return nil, err
	}
	s, err := f.spend.openSession(config, f.config)
	if err == nil {
		s.keyless = f.spend.estimates()
	}
	return s, err
}

// embedLive embeds texts with the embedder of an artifact at its endpoint, verified,
// once the cost of that was shown and allowed.
func (a *app) embedLive(ctx context.Context, s *session, artifact *centroids.Artifact, texts []string) (centroids.Embedder, error) {
	c, err := s.embeddingCosts(ctx, artifact, texts)
	if err == nil {
		err = a.consent(s, c)
	}
	if err != nil {
		return nil, err
	}
	stop := a.waiting(ctx)
	e, err := s.embedded(ctx, artifact, texts)
	stop()
	a.say("%s", s.spendLine())
	return e, err
}

// embeddingCosts says about what it costs to embed texts and canaries, unless the
// journal holds their vectors. The canaries of an artifact that there is are asked
// for in any case.
func (s *session) embeddingCosts(ctx context.Context, artifact *centroids.Artifact, texts []string) (cost, error) {
	_, err := s.replay().embedded(ctx, artifact, texts)
	if err != nil && !errors.Is(err, openaiapi.ErrNotHeld) && openaiapi.AsError(err) == nil {
		return cost{}, err
	}
	held, dims := err == nil, false
	if held {
		texts = nil
	}
	y := s.config.Embedder
	c, err := s.embeddingCost(texts, cmp.Or(y.MaxInputs, remote.DefaultInputs))
	if err == nil && artifact == nil {
		dims, err = s.learnsDims(ctx)
	}
	c.prepare(y, artifact != nil || !held, dims)
	return c, err
}

// learnsDims tells whether the configuration's embedder is asked for its dims
// before it embeds anything.
func (s *session) learnsDims(ctx context.Context) (bool, error) {
	e, err := s.replay().embedder(ctx)
	_, unknown := e.(unasked)
	return unknown, err
}

// prepare adds what an embedder is asked before anything rests on it: for an
// artifact's canaries, and for its dims.
func (c *cost) prepare(y pipeline.EmbedderConfig, canaries, dims bool) {
	for k := range c.calls {
		if canaries {
			c.embed(y, k, 1, canaryTokens)
		}
		if dims {
			c.embed(y, k, 1, dimsTokens)
		}
	}
}

// embeddingCost says about what it costs to embed texts, so many a request.
func (s *session) embeddingCost(texts []string, inputs int) (cost, error) {
	y := s.config.Embedder
	c := cost{what: "embeddings"}
	sum := 0
	for _, text := range texts {
		n, err := s.counter.Count(y.Prefix + text)
		if err != nil {
			return c, err
		}
		sum += n
	}
	n := (len(texts) + inputs - 1) / inputs
	c.calls = [3]int{n, n, n}
	if y.InputPerM == nil {
		c.unpriced = []string{cmp.Or(y.Model, "the embedder")}
		return c, nil
	}
	usd := float64(sum) * *y.InputPerM / 1e6
	c.usd = [3]float64{usd, usd, usd}
	return c, nil
}
