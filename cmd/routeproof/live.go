package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/eval/classify/llm"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy/live"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/tokens"
	"github.com/routeproof/routeproof/internal/wording"
)

const defaultJournal = "routeproof-journal.db"

// spendFlags say what asking endpoints may cost, and where answers are kept.
type spendFlags struct {
	yes         bool
	budget      float64
	limited     bool // a budget was given
	journal     string
	retryErrors bool
}

func (f *spendFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.yes, "yes", false, "ask, whatever it costs, once the expected cost has been shown")
	flags.Float64Var(&f.budget, "budget", 0, "ask, and stop before more than so many USD can have been spent by this journal in all, earlier commands included")
	flags.StringVar(&f.journal, "journal", defaultJournal, "where answers and what they cost are kept, so that none is paid for twice; made if need be")
	flags.BoolVar(&f.retryErrors, "retry-errors", false, "ask again what failed before, which may be billed again")
}

func (f *spendFlags) check(cmd *cobra.Command) error {
	f.limited = cmd.Flags().Changed("budget")
	if f.limited && !(f.budget >= 0 && f.budget <= 1e9) {
		return fmt.Errorf("%w: --budget: expected 0 or more USD, found %g", errUsage, f.budget)
	}
	return nil
}

// session is what a verb asks endpoints by: one journal, one ledger, and a
// client for each endpoint.
type session struct {
	flags   *spendFlags
	config  pipeline.Config
	store   *openaiapi.Store
	ledger  *openaiapi.Ledger
	before  openaiapi.Spend // of the journal
	counter *tokens.Counter
	clients map[string]*openaiapi.Client
	used    map[string]error // endpoints that had a client: ErrNoKey where the key is missing
	builtIn bool             // no configuration was given
	keyless bool             // nothing was allowed: endpoints need no key, as they are not asked
	passing string           // the folder of a journal that nobody keeps
	offline bool
	silent  bool     // nothing is sent: embedders of unknown dims are [unasked]
	again   bool     // also what the journal holds
	judged  bool     // by a model
	asking  *session // of a replay: what that would ask again, its judge does not hold
	judging *judging
}

// estimates tells whether nothing may be sent, only its cost shown.
func (f *spendFlags) estimates() bool { return !f.yes && !f.limited }

// openSession opens the journal. It sends nothing, and makes no journal for an
// estimate.
func (f *spendFlags) openSession(config pipeline.Config, path string) (s *session, err error) {
	s = &session{
		flags: f, config: config, builtIn: path == "", ledger: &openaiapi.Ledger{},
		clients: map[string]*openaiapi.Client{}, used: map[string]error{}, judging: &judging{},
	}
	if s.counter, err = tokens.NewCounter(); err != nil {
		return nil, err
	}
	journal := f.journal
	if _, err := os.Stat(journal); f.estimates() && errors.Is(err, fs.ErrNotExist) {
		if s.passing, err = os.MkdirTemp("", "routeproof-"); err != nil {
			return nil, err
		}
		journal = filepath.Join(s.passing, defaultJournal)
	}
	if s.store, err = openaiapi.OpenStore(journal); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: --journal: %w", errUsage, err), os.RemoveAll(s.passing))
	}
	if s.before, err = s.store.Spent(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if f.limited {
		s.ledger = openaiapi.NewLedger(f.budget, s.before.WorstUSD())
	}
	return s, nil
}

// close closes the journal.
func (s *session) close() error {
	return errors.Join(s.store.Close(), os.RemoveAll(s.passing))
}

// fresh is the session that asks again what the journal holds: to find out
// whether an endpoint still answers as it did.
func (s *session) fresh() *session {
	f := *s
	f.again, f.clients = true, map[string]*openaiapi.Client{}
	return &f
}

// planning is the session that counts what would be asked, and sends nothing.
func (s *session) planning() *session {
	p := *s
	p.silent = true
	return &p
}

// replay is the session that asks its journal only, as the other left it.
func (s *session) replay() *session {
	r := *s
	r.offline, r.silent, r.ledger, r.clients = true, false, &openaiapi.Ledger{}, map[string]*openaiapi.Client{}
	return &r
}

// allowed is the session that asks once consent was given for costs: of its
// journal only, where nothing is to be asked.
func (s *session) allowed(costs []cost) *session {
	if asks(costs) {
		return s
	}
	r := s.replay()
	r.ledger = s.ledger
	return r
}

// client returns the client of an endpoint; of the first where name is empty.
func (s *session) client(name string) (*openaiapi.Client, pipeline.EndpointConfig, error) {
	e, err := s.config.Endpoint(name)
	if err != nil {
		return nil, e, err
	}
	if c, ok := s.clients[e.Name]; ok {
		return c, e, nil
	}
	config, err := e.Client(os.Getenv)
	if err != nil && !(s.keyless && errors.Is(err, pipeline.ErrNoKey)) {
		return nil, e, fmt.Errorf("%w: %w", errUsage, err)
	}
	s.used[e.Name] = err
	config.Store, config.Ledger, config.Offline, config.Fresh = s.store, s.ledger, s.offline, s.again
	config.RetryFailures = s.flags.retryErrors && !s.offline
	c, err := openaiapi.New(config)
	if err != nil {
		return nil, e, fmt.Errorf("%w: endpoint %s: %w", errUsage, e.Name, err)
	}
	s.clients[e.Name] = c
	return c, e, nil
}

// workers is how many requests are kept going: twice as many as may be under
// way, so that answers are written while others are asked.
func (s *session) workers() int {
	n := 0
	for _, c := range s.clients {
		n += 2 * c.Concurrency()
	}
	return n
}

// llmSource returns the language model that is asked for tiers, and its name.
func (s *session) llmSource() (ask func(repeat int) llm.Live, name string, err error) {
	y := s.config.Classifiers.LLM
	client, e, err := s.client(y.Endpoint)
	if err != nil {
		return nil, "", err
	}
	return func(repeat int) llm.Live {
		return llm.Live{
			Asker: client, Model: y.Model, MaxTokens: y.MaxTokens, TopLogprobs: y.TopLogprobs, Repeat: repeat,
			Price: openaiapi.Price{InputPerM: y.InputPerM, OutputPerM: y.OutputPerM},
		}
	}, fmt.Sprintf("%s at endpoint %s", y.Model, e.Name), nil
}

// embedder returns the embedder of the configuration, wherever it is.
func (s *session) embedder(ctx context.Context) (centroids.Embedder, error) {
	y := s.config.Embedder
	if y.Kind != remote.Kind {
		return pipeline.NewEmbedder(y)
	}
	return s.remote(ctx, y.Remote(s.counter.Count))
}

// remote returns the embedder that asks the endpoint of the configuration.
func (s *session) remote(ctx context.Context, config remote.Config) (centroids.Embedder, error) {
	client, _, err := s.client(s.config.Embedder.Endpoint)
	if err != nil {
		return nil, err
	}
	known := config
	known.Dims = max(1, config.Dims)
	e, err := remote.New(ctx, client, known) // which then asks nothing
	if err != nil {
		return nil, fmt.Errorf("%w: embedder: %w", errUsage, err)
	}
	switch {
	case config.Dims > 0:
		return e, nil
	case s.silent:
		return unasked{e}, nil
	}
	own, err := remote.New(ctx, client, config)
	if s.offline && (errors.Is(err, openaiapi.ErrNotHeld) || openaiapi.AsError(err) != nil) {
		return unasked{e}, nil
	}
	return own, err
}

// unasked stands for an embedder whose model was not asked for its dims yet.
type unasked struct{ centroids.Embedder }

// Embed implements [centroids.Embedder].
func (u unasked) Embed(context.Context, []float32, []string) error {
	return fmt.Errorf("%w of %s", openaiapi.ErrNotHeld, u.Identity().Model)
}

// artifactEmbedder returns the embedder that an artifact names. words is the file
// of word vectors, or empty.
func (s *session) artifactEmbedder(ctx context.Context, id centroids.Identity, words string) (centroids.Embedder, error) {
	if id.Kind != remote.Kind {
		return artifactEmbedder(id, words)
	}
	config, err := remote.ConfigOf(id)
	if err != nil {
		return nil, err
	}
	y := s.config.Embedder
	config.MaxInputs, config.Count, config.Price.InputPerM = y.MaxInputs, s.counter.Count, y.InputPerM
	return s.remote(ctx, config)
}

// verified returns the embedder of an artifact, verified: a remote model is asked
// for the canaries anew, unless nothing may be sent.
func (s *session) verified(ctx context.Context, artifact *centroids.Artifact, words string) (centroids.Embedder, error) {
	id := artifact.Manifest().Embedder
	e, err := s.artifactEmbedder(ctx, id, words)
	if err != nil || id.Kind == remote.Kind && (s.silent || s.offline) {
		return e, err
	}
	asked := e
	if id.Kind == remote.Kind {
		if asked, err = s.fresh().artifactEmbedder(ctx, id, words); err != nil {
			return nil, err
		}
	}
	return e, artifact.Verify(ctx, asked)
}

// ladder returns the backend of the configuration's tiers, or of some.
func (s *session) ladder(names []string, judge live.Judge) (*live.Backend, error) {
	models, err := s.config.Models(s.counter.Count)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	var rungs []live.Rung
	for i, m := range models {
		if names != nil && !wanted[m.Tier] {
			continue
		}
		delete(wanted, m.Tier)
		if m.Name == "" {
			return nil, fmt.Errorf("%w: tiers, %s: expected the model that serves it", errUsage, m.Tier)
		}
		client, e, err := s.client(s.config.Tiers[i].Endpoint)
		if err != nil {
			return nil, err
		}
		rungs = append(rungs, live.Rung{Model: m, Asker: client, Temperature: s.config.Tiers[i].Temperature, Stream: !e.NoStream, Logprobs: s.config.Tiers[i].Logprobs})
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		return nil, fmt.Errorf("%w: --tiers: %q is no tier: expected some of %s%s", errUsage, name, wording.List(s.config.TierNames()), wording.DidYouMean(name, s.config.TierNames()))
	}
	b, err := live.NewBackend(rungs, judge, s.counter.Count)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	return b, nil
}
