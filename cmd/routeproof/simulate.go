package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/tokens"
)

func (a *app) simulateVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Simulate routes, cascades and parallel agreement on recorded answers",
		Long: `Serve recorded requests by a policy and show how good, how dear and how fast that
would have been, beside every single model and an oracle, on the same requests.`,
		Example: `  routeproof data synth --n 200 --out made
  routeproof simulate cascade --outcomes made/outcomes.jsonl --prompts made/prompts.jsonl`,
		Args: knownVerb,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	a.addVerbs(cmd, a.simulateRouteVerb(), a.simulateCascadeVerb(), a.simulateParallelVerb(), a.simulateHybridVerb())
	return cmd
}

// simulateFlags are the flags of all simulations.
type simulateFlags struct {
	outcomes, ladder, prompts, prices, config, problems string
	taskType, log, curves, plots                        string
	asJSON                                              bool
	checks                                              checkFlags
	agreement                                           agreementFlags
	predictions, classifier                             string
	byScore                                             bool // no answer is looked into, only scores
	split                                               bool // requests are split by their groups
	scores                                              []string
}

// add adds the flags of policies that look into answers.
func (f *simulateFlags) add(cmd *cobra.Command) {
	f.addInput(cmd)
	cmd.Flags().StringVar(&f.taskType, "task-type", "general", "task type of requests of which the prompts say none")
	f.checks.add(cmd)
	f.agreement.add(cmd)
}

// addInput adds the flags that say what is served, by which models and by which
// classifier.
func (f *simulateFlags) addInput(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.outcomes, "outcomes", "", "recorded answers of models: JSON Lines, CSV or Parquet, plain, .gz or .zst (required)")
	flags.StringVar(&f.ladder, "ladder", "", "models, cheapest first, perhaps with their tiers: SIMPLE=gpt-4o-mini,FRONTIER=claude-opus-4 (default: those of the configuration)")
	flags.StringVar(&f.prompts, "prompts", "", "the prompts, for task types, schemas and groups (default: what the outcomes say of them)")
	flags.StringVar(&f.prices, "prices", "", "prices and speeds of models, where costs and latencies were not recorded (default: those of the configuration)")
	flags.StringVar(&f.config, "config", "", "configuration, see routeproof init (default: built-in)")
	flags.BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	addProblems(cmd, &f.problems)
	flags.StringVar(&f.predictions, "predictions", "", "recorded predictions of classifiers, as run writes them, to route by (default: the rule classifier)")
	flags.StringVar(&f.classifier, "classifier", "", "which classifier of the predictions")
	required(cmd, "outcomes")
}

// checkFlags say when a cascade takes no answer. Those that are not given are
// as the configuration has them.
type checkFlags struct {
	config                 policy.ChecksConfig
	phrases, schema, start string
	sweep                  string
}

func (f *checkFlags) add(cmd *cobra.Command) {
	flags, c := cmd.Flags(), policy.DefaultChecks()
	flags.IntVar(&f.config.MinChars, "min-chars", c.MinChars, "escalate answers of fewer characters, white space at the ends not counted; 0: never")
	flags.StringVar(&f.phrases, "phrases", "", "escalate answers with a phrase of doubt or refusal: none, or a file with one a line (default: those of the configuration)")
	flags.BoolVar(&f.config.JSON, "require-json", c.JSON, "escalate answers that are no JSON where the prompt's task type is not general")
	flags.BoolVar(&f.config.OwnSchemas, "own-schemas", c.OwnSchemas, "escalate answers that do not satisfy the schema in their prompt's row")
	flags.BoolVar(&f.config.UnwrapFences, "unwrap-fences", false, "look for JSON inside a Markdown code fence")
	flags.StringVar(&f.config.Pattern, "pattern", "", "escalate answers in which this regular expression is not found")
	flags.StringVar(&f.schema, "schema", "", "escalate answers that do not satisfy the JSON schema in this file")
	flags.Float64Var(&f.config.MinConfidence, "min-confidence", 0, "escalate answers of a lower or unknown confidence; 0: never")
	flags.Float64Var(&f.config.TimeoutMS, "timeout-ms", 0, "escalate answers that take longer; 0: never")
	flags.StringVar(&f.start, "start", "", "tier or model to ask first (default: the cheapest)")
	flags.StringVar(&f.sweep, "sweep", "", "go through every threshold of confidence, min_chars or timeout_ms")
}

// read returns the checks of the configuration and the flags.
func (f *checkFlags) read(cmd *cobra.Command, config pipeline.Config) (*policy.Checks, error) {
	given, c := f.config, config.Policies.Checks.Policy()
	for name, set := range map[string]func(){
		"min-chars":      func() { c.MinChars = given.MinChars },
		"require-json":   func() { c.JSON = given.JSON },
		"own-schemas":    func() { c.OwnSchemas = given.OwnSchemas },
		"unwrap-fences":  func() { c.UnwrapFences = given.UnwrapFences },
		"pattern":        func() { c.Pattern = given.Pattern },
		"min-confidence": func() { c.MinConfidence = given.MinConfidence },
		"timeout-ms":     func() { c.TimeoutMS = given.TimeoutMS },
	} {
		if cmd.Flags().Changed(name) {
			set()
		}
	}
	f.config = c
	if f.phrases != "" {
		f.config.Phrases = nil
	}
	if f.phrases != "" && f.phrases != "none" {
		text, err := os.ReadFile(f.phrases)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" {
				f.config.Phrases = append(f.config.Phrases, line)
			}
		}
	}
	if f.schema != "" {
		text, err := os.ReadFile(f.schema)
		if err != nil {
			return nil, err
		}
		if f.config.Schema, err = policy.ParseSchema(string(text)); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", errUsage, f.schema, err)
		}
	}
	if f.sweep != "" {
		names := []string{}
		for _, k := range simulate.Knobs() {
			names = append(names, string(k))
		}
		if err := oneOf("sweep", f.sweep, names); err != nil {
			return nil, err
		}
	}
	checks, err := policy.NewChecks(f.config)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	return checks, nil
}

// agreementFlags say when two answers agree. Those that are not given are as
// the configuration has them.
type agreementFlags struct {
	by, answer, words string
	threshold, price  float64
}

func (f *agreementFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.by, "agree", pipeline.ByAnswer, "how two answers agree: answer (the same final answer) or cosine (of the responses' vectors)")
	flags.StringVar(&f.answer, "answer", "text", "what the final answer is: text, regex:PATTERN (the last match, of it the first group) or json:FIELD")
	flags.Float64Var(&f.threshold, "threshold", 0, "similarity from which two answers agree (default 1, with cosine 0.92)")
	flags.Float64Var(&f.price, "embedding-price", 0, "USD per million tokens for embedding the responses")
	addWords(cmd, &f.words)
}

// read returns the agreement of the configuration and the flags.
func (f *agreementFlags) read(cmd *cobra.Command, config pipeline.Config) (policy.Agreement, error) {
	c := config.Policies.Agreement
	if cmd.Flags().Changed("agree") {
		c.By, c.Threshold = f.by, nil
	}
	if cmd.Flags().Changed("answer") {
		c.Answer = f.answer
	}
	if cmd.Flags().Changed("threshold") {
		c.Threshold = &f.threshold
	}
	if err := oneOf("agree", c.By, []string{pipeline.ByAnswer, pipeline.ByCosine}); err != nil {
		return nil, err
	}
	if t := c.SimilarityFrom(); !(t >= -1 && t <= 1) {
		return nil, fmt.Errorf("%w: --threshold: expected -1 to 1, found %g", errUsage, t)
	}
	if !(f.price >= 0 && f.price <= 1e6) {
		return nil, fmt.Errorf("%w: --embedding-price: expected 0 to 1,000,000 USD per million tokens, found %g", errUsage, f.price)
	}
	f.by, f.answer, f.threshold = c.By, c.Answer, c.SimilarityFrom()
	var e centroids.Embedder
	var err error
	switch {
	case c.By == pipeline.ByAnswer:
	case f.words != "":
		e, err = embedder.NewStatic(f.words)
	default:
		e, err = pipeline.NewEmbedder(config.Embedder)
	}
	if err != nil {
		return nil, err
	}
	agreement, err := pipeline.NewAgreement(c, e)
	if err != nil {
		return nil, fmt.Errorf("%w: --answer: %w", errUsage, err)
	}
	cosine, ok := agreement.(policy.Cosine)
	if !ok || f.price == 0 {
		return agreement, nil
	}
	counter, err := tokens.NewCounter()
	if err != nil {
		return nil, err
	}
	cosine.PerM, cosine.Count = &f.price, counter.Count
	return cosine, nil
}
