package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/classify"
	"github.com/routeproof/routeproof/eval/classify/llm"
	"github.com/routeproof/routeproof/internal/tokens"
)

// Names of the classifiers.
const (
	RuleName      = "rule"
	EmbeddingName = "embedding"
	LLMName       = "llm"
	RuleEmbedding = "rule+embedding"
	RuleLLM       = "rule+llm"
	ThreeStage    = "rule+embedding+llm"
)

// Input is what the job works on.
type Input struct {
	Prompts     *datasets.PromptSet // which is sorted by id
	Name        string              // of the prompts, in messages and the report
	Note        string              // what every reader of the report must know of them; may be empty
	Answers     map[string]datasets.Answer
	AnswersName string // empty: no recorded LLM answers
	AnswersNote string
	LiveLLM     *LiveLLM            // nil: the recorded answers
	Outcomes    *Outcomes           // nil: none, no policy is simulated
	Artifact    *centroids.Artifact // nil: build one; else evaluate this one
	Embedder    centroids.Embedder  // nil: the artifact's or, without one, the configuration's
	Bill        classify.Bill       // of the embedder; nil: it is local and costs nothing
	Nested      bool                // evaluate the whole procedure too, choices and tuning included
	Warnings    []string            // from reading
	Problem     func(datasets.Problem)
}

// LiveLLM is a language model that is asked for tiers now.
type LiveLLM struct {
	Name        string // of model and endpoint, in messages and the report
	Ask         func(repeat int) llm.Source
	Concurrency int // requests at a time
}

// A Run is everything the job found out. It is a function of configuration and
// input, but for Timings. It is closed when it is not needed any more.
type Run struct {
	Config      Config
	Tiers       centroids.Tiers
	Data        Data
	Items       []eval.Item // labelled prompts, by id
	Predictions []*eval.Predictions
	Costs       eval.Costs
	Hybrid      *HybridNote // nil where the three-stage hybrid was not run
	Result      *eval.Result
	Policies    *Policies // nil where no outcomes were given
	Artifact    *centroids.Artifact
	Embedder    EmbedderNote
	Choice      *classify.Choice // of the embedding classifier; nil where there was none
	Nested      *Nested          // nil where it was not asked for
	NotRun      []NotRun
	LLM         *LLMNote // nil where no LLM answers were given
	Warnings    []string
	Timings     []Timing
}

// Close removes the temporary files of policies, if there are any: their sweeps and pairs
// cannot be read any more. A nil run may be closed.
func (r *Run) Close() error {
	if r == nil {
		return nil
	}
	return r.Policies.close()
}

// Data describes the prompts.
type Data struct {
	Name       string                    `json:"name"`
	Note       string                    `json:"note"`
	Prompts    int                       `json:"prompts"`
	Unlabelled int                       `json:"unlabelled"`
	SHA256     string                    `json:"sha256"`
	LabelSHA   string                    `json:"label_sha256"`
	SplitSHA   string                    `json:"split_sha256"`
	Salt       string                    `json:"salt"`
	SplitBy    string                    `json:"split_by"` // hash, column, or artifact: its own test split, or all
	Counts     map[string]map[string]int `json:"counts"`   // split → tier → prompts
}

// NotRun is a classifier that was left out.
type NotRun struct {
	Classifier string `json:"classifier"`
	Why        string `json:"why"`
	How        string `json:"how"` // to have it run
}

// LLMNote says where the LLM classifier's answers and costs come from.
type LLMNote struct {
	Source   string  `json:"source"`
	Note     string  `json:"note"`
	Live     bool    `json:"live"`     // a model was asked, now or before
	Recorded int     `json:"recorded"` // answers used
	Unused   int     `json:"unused"`   // answers to no labelled prompt
	Steady   *Steady `json:"steady"`   // null where each prompt was asked once

	// Of its probabilities, see [classify.ScaleTemperature].
	Logprobs           int      `json:"logprobs"`            // labelled prompts with a tier named and log-probabilities
	TunedOn            int      `json:"temperature_n"`       // tune prompts that the temperature was fitted on
	InverseTemperature *float64 `json:"inverse_temperature"` // null where there was none to fit it on
}

// Steady says how often repeated questions got the same tier.
type Steady struct {
	Times   int `json:"times"`   // each prompt was asked
	Prompts int `json:"prompts"` // that were answered with a tier each time
	Same    int `json:"same"`    // of these, with the same tier
}

// Timing is the wall time of one step. It is measured, so it varies.
type Timing struct {
	Step    string  `json:"step"`
	Seconds float64 `json:"seconds"`
	Prompts int     `json:"prompts"` // that the step worked on
}

// An Observer is told that a step begins after done of total.
type Observer func(step string, done, total int)

// job is a run under way.
type job struct {
	Run
	in       Input
	counter  *tokens.Counter
	fallback int
	unused   []string           // of the outcomes, for the notes
	base     centroids.Embedder // of prompts, before anything was chosen; nil until it is made
	scorer   classify.Scorer    // of the embedding classifier
	counted  *counted           // what the artifact that is built decides; nil until then

	classifiers map[string]eval.Classifier // that are fitted for good, and hybrids of these
	unlabelled  []eval.Item                // test prompts without a tier that policies serve, by id
	answered    int                        // prompts without a tier that the LLM was asked for one

	buildOnly bool    // nothing is wanted but the artifact
	examples  bySplit // then, in the place of Items
}

// step is a part of the job.
type step struct {
	name string
	do   func(context.Context) error
}

// Execute does the main job. observe may be nil.
func Execute(ctx context.Context, config Config, in Input, observe Observer) (*Run, error) {
	j := &job{in: in}
	j.Config = config
	steps := []step{
		{"prepare", j.prepare},
		{"rule", j.rule},
		{"embedding", j.embedding},
		{"llm", j.llm},
		{"hybrids", j.hybrids},
		{"benchmark", j.benchmark},
		{"policies", j.policies},
		{"artifact", j.finish},
	}
	if in.Nested {
		at := slices.IndexFunc(steps, func(s step) bool { return s.name == "benchmark" })
		steps = slices.Insert(steps, at+1, step{"nested", j.nest})
	}
	return j.do(ctx, steps, observe)
}

// Build does what the artifact of [Execute] comes of, and no more: no classifier
// but the embedding is asked, and only the decisions of the one that is fitted for
// good are counted, none kept. The artifact is the same to the byte. The run has no
// Items, Predictions, Result and Policies. The input must have no artifact.
func Build(ctx context.Context, config Config, in Input, observe Observer) (*Run, error) {
	j := &job{in: in, buildOnly: true}
	j.Config = config
	return j.do(ctx, []step{{"prepare", j.assign}, {"embedding", j.embedding}, {"artifact", j.finish}}, observe)
}

func (j *job) do(ctx context.Context, steps []step, observe Observer) (*Run, error) {
	for i, step := range steps {
		if observe != nil {
			observe(step.name, i, len(steps))
		}
		begin := time.Now()
		if err := step.do(ctx); err != nil {
			return nil, errors.Join(err, j.Close())
		}
		j.Timings = append(j.Timings, Timing{step.name, time.Since(begin).Seconds(), j.labelled()})
	}
	if observe != nil {
		observe("done", len(steps), len(steps))
	}
	return &j.Run, nil
}

// labelled is how many prompts have a tier.
func (j *job) labelled() int { return len(j.Items) + len(j.examples.all) }

// NewRule returns the rule classifier of the configuration.
func (c Config) NewRule() (*classify.Rule, error) {
	tiers, err := c.tierList()
	if err != nil {
		return nil, err
	}
	config, err := c.rule(tiers)
	if err != nil {
		return nil, err
	}
	return classify.NewRule(RuleName, config)
}

func (j *job) rule(ctx context.Context) error {
	rule, err := j.Config.NewRule()
	if err != nil {
		return err
	}
	_, err = j.predict(ctx, eval.Fixed{Classifier: rule})
	return err
}

func (j *job) llm(ctx context.Context) error {
	if j.in.LiveLLM != nil {
		return j.askLLM(ctx)
	}
	if j.in.AnswersName == "" {
		how := "give its recorded answers with --llm-answers FILE (JSON Lines: id, answer), or ask it with --live"
		for _, name := range []string{LLMName, RuleLLM, ThreeStage} {
			j.NotRun = append(j.NotRun, NotRun{name, "no answers of a language model were given", how})
		}
		return nil
	}
	c, err := j.Config.NewLLM(llm.Recorded(j.in.Answers), 1, j.counter.Count)
	if err != nil {
		return err
	}
	if _, err = j.predict(ctx, eval.Fixed{Classifier: c}); err != nil {
		return err
	}
	j.LLM = &LLMNote{Source: j.in.AnswersName, Note: j.in.AnswersNote}
	j.scaleLLM()
	for _, it := range j.Items {
		if _, ok := j.in.Answers[it.ID]; ok {
			j.LLM.Recorded++
		}
	}
	j.LLM.Unused = len(j.in.Answers) - j.LLM.Recorded
	if stray := j.LLM.Unused - j.answered; stray > 0 && j.LLM.Recorded > 0 {
		j.Warnings = append(j.Warnings, fmt.Sprintf("LLM answers that belong to no prompt: %d of %d", stray, len(j.in.Answers)))
	}
	if j.LLM.Recorded == 0 {
		return &datasets.ContentError{File: j.in.AnswersName, Total: 1, First: []datasets.Problem{{
			File: j.in.AnswersName, Field: "id", Reason: fmt.Sprintf("none of %d answers belongs to a labelled prompt of %s: expected the same ids", len(j.in.Answers), j.in.Name)}}}
	}
	return nil
}

// NewLLM returns the LLM classifier of the configuration over a source of
// answers. count counts tokens.
func (c Config) NewLLM(source llm.Source, concurrency int, count func(string) (int, error)) (*llm.Classifier, error) {
	tiers, err := c.tierList()
	if err != nil {
		return nil, err
	}
	fallback, err := c.fallback(tiers)
	if err != nil {
		return nil, err
	}
	y := c.Classifiers.LLM
	return llm.New(LLMName, source, llm.Config{
		Tiers: tiers, Fallback: fallback, Prompt: y.Prompt, MaxChars: y.MaxChars, Concurrency: concurrency,
		InputPerM: y.InputPerM, OutputPerM: y.OutputPerM, TTFTMS: y.TTFTMS, TokensPerS: y.TokensPerS, Count: count,
	})
}

// askLLM asks the language model about every prompt, as often as configured.
// The first answers count.
func (j *job) askLLM(ctx context.Context) error {
	live := j.in.LiveLLM
	c, err := j.Config.NewLLM(live.Ask(0), live.Concurrency, j.counter.Count)
	if err != nil {
		return err
	}
	if _, err = j.predict(ctx, eval.Fixed{Classifier: c}); err != nil {
		return err
	}
	j.LLM = &LLMNote{Source: live.Name, Live: true, Recorded: len(j.Items)}
	j.scaleLLM()
	times := j.Config.Classifiers.LLM.Repeats
	if times < 2 {
		return nil
	}
	first := j.Predictions[len(j.Predictions)-1].Final
	answered, same := make([]bool, first.Len()), make([]bool, first.Len())
	for i, d := range first.All() {
		answered[i], same[i] = !d.Invalid && d.Err == "", true
	}
	for repeat := 1; repeat < times; repeat++ {
		if c, err = j.Config.NewLLM(live.Ask(repeat), live.Concurrency, j.counter.Count); err != nil {
			return err
		}
		if err := eval.Ask(ctx, c, j.Items, func(i int, d *eval.Decision) {
			answered[i] = answered[i] && !d.Invalid && d.Err == ""
			same[i] = same[i] && d.Tier == first.Tier(i)
		}); err != nil {
			return err
		}
	}
	j.LLM.Steady = &Steady{Times: times}
	for i := range answered {
		if answered[i] {
			j.LLM.Steady.Prompts++
			if same[i] {
				j.LLM.Steady.Same++
			}
		}
	}
	return nil
}

func (j *job) predict(ctx context.Context, trainer eval.Trainer) (eval.Classifier, error) {
	c, p, err := eval.Predict(ctx, trainer, j.Items)
	if err != nil {
		return nil, err
	}
	j.addPredictions(p, c)
	j.Timings = append(j.Timings, Timing{"classify with " + p.Classifier, p.Elapsed.Seconds(), len(j.Items)})
	return c, nil
}

// addPredictions adds those of a classifier.
func (j *job) addPredictions(p *eval.Predictions, c eval.Classifier) {
	if j.classifiers == nil {
		j.classifiers = map[string]eval.Classifier{}
	}
	j.classifiers[p.Classifier] = c
	j.Predictions = append(j.Predictions, p)
}

func (r *Run) find(names []string) ([]*eval.Predictions, bool) {
	var out []*eval.Predictions
	for _, name := range names {
		i := slices.IndexFunc(r.Predictions, func(p *eval.Predictions) bool { return p.Classifier == name })
		if i < 0 {
			return nil, false
		}
		out = append(out, r.Predictions[i])
	}
	return out, true
}

// leastPriced is the share of test prompts on which an LLM's cost must be known
// for it to be ranked by cost.
const leastPriced = 0.95

// Costs prices the tiers. count counts the tokens of their system prompts.
func (c Config) Costs(count func(string) (int, error)) (eval.Costs, error) {
	models, err := c.Models(count)
	if err != nil {
		return eval.Costs{}, err
	}
	costs := eval.Costs{OutputScale: 1}
	for i, m := range models {
		costs.Tiers = append(costs.Tiers, eval.TierModel{
			Tier: m.Tier, Model: m.Name, InputPerM: m.InputPerM, OutputPerM: m.OutputPerM,
			SystemTokens: m.SystemTokens, ExpectedOutput: c.Tiers[i].ExpectedOutput,
		})
	}
	return costs, nil
}

func (j *job) benchmark(ctx context.Context) error {
	var err error
	j.Result, err = eval.Evaluate(ctx, j.Items, j.Predictions, eval.Options{
		Tiers: j.Tiers, Costs: j.Costs, Replicates: j.Config.Bootstrap.Replicates, Seed: j.Config.Bootstrap.Seed,
		LeastPriced: leastPriced, Mix: j.Config.TierMix.shares(j.Config.TierNames()),
	})
	if errors.Is(err, eval.ErrNoTest) {
		return j.noTest()
	}
	return err
}

// noTest says that there is nothing to report on.
func (j *job) noTest() error {
	return &datasets.ContentError{File: j.in.Name, Total: 1, First: []datasets.Problem{{File: j.in.Name, Field: "split", Reason: eval.ErrNoTest.Error()}}}
}
