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
		Short: "Simulate cascades and parallel agreement on recorded answers",
		Long: `Serve recorded requests by a policy and show how good, how dear and how fast that
would have been, beside every single model and an oracle, on the same requests.`,
		Example: `  routeproof data synth --n 500 --out made
  routeproof simulate cascade --outcomes made/outcomes.jsonl --prompts made/prompts.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	a.addVerbs(cmd, a.simulateCascadeVerb(), a.simulateParallelVerb(), a.simulateHybridVerb())
	return cmd
}

// simulateFlags are the flags of all simulations.
type simulateFlags struct {
	outcomes, ladder, prompts, prices, config, problems string
	asJSON                                              bool
	checks                                              checkFlags
	agreement                                           agreementFlags
	predictions, classifier                             string
}

func (f *simulateFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.outcomes, "outcomes", "", "recorded answers of models: JSON Lines, CSV or Parquet, plain, .gz or .zst (required)")
	flags.StringVar(&f.ladder, "ladder", "", "models, cheapest first, perhaps with their tiers: SIMPLE=gpt-4o-mini,FRONTIER=claude-opus-4 (default: those of the configuration)")
	flags.StringVar(&f.prompts, "prompts", "", "the prompts, for task types, schemas and groups (default: what the outcomes say of them)")
	flags.StringVar(&f.prices, "prices", "", "prices and speeds of models, where costs and latencies were not recorded (default: those of the configuration)")
	flags.StringVar(&f.config, "config", "", "configuration, see routeproof init (default: built-in)")
	flags.BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	addProblems(cmd, &f.problems)
	f.checks.add(cmd)
	f.agreement.add(cmd)
	flags.StringVar(&f.predictions, "predictions", "", "recorded predictions of classifiers, as run writes them, to route by (default: the rule classifier)")
	flags.StringVar(&f.classifier, "classifier", "", "which classifier of the predictions")
	required(cmd, "outcomes")
}

// checkFlags say when a cascade takes no answer.
type checkFlags struct {
	config                 policy.ChecksConfig
	phrases, schema, start string
	sweep                  string
}

func (f *checkFlags) add(cmd *cobra.Command) {
	flags, c := cmd.Flags(), policy.DefaultChecks()
	flags.IntVar(&f.config.MinChars, "min-chars", c.MinChars, "escalate answers of fewer characters, white space at the ends not counted; 0: never")
	flags.StringVar(&f.phrases, "phrases", "default", "escalate answers with one of these phrases of doubt or refusal: default, none, or a file with one a line")
	flags.BoolVar(&f.config.JSON, "require-json", c.JSON, "escalate answers that are no JSON where the prompt's task type is not general")
	flags.BoolVar(&f.config.UnwrapFences, "unwrap-fences", false, "look for JSON inside a Markdown code fence")
	flags.StringVar(&f.config.Pattern, "pattern", "", "escalate answers in which this regular expression is not found")
	flags.StringVar(&f.schema, "schema", "", "escalate answers that do not satisfy the JSON schema in this file")
	flags.Float64Var(&f.config.MinConfidence, "min-confidence", 0, "escalate answers of a lower or unknown confidence; 0: never")
	flags.Float64Var(&f.config.TimeoutMS, "timeout-ms", 0, "escalate answers that take longer; 0: never")
	flags.StringVar(&f.start, "start", "", "tier or model to ask first (default: the cheapest)")
	flags.StringVar(&f.sweep, "sweep", "", "go through every threshold of confidence or min_chars")
}

// read returns the checks of the flags.
func (f *checkFlags) read() (*policy.Checks, error) {
	switch f.phrases {
	case "none":
	case "default":
		f.config.Phrases = policy.DefaultPhrases()
	default:
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

// agreementFlags say when two answers agree.
type agreementFlags struct {
	agree, answer, words string
	threshold, price     float64
}

// The similarity from which two answers agree.
const (
	sameAnswerThreshold = 1
	cosineThreshold     = 0.92
)

func (f *agreementFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.agree, "agree", "answer", "how two answers agree: answer (the same final answer) or cosine (of the responses' vectors)")
	flags.StringVar(&f.answer, "answer", "text", "what the final answer is: text, regex:PATTERN (the last match, of it the first group) or json:FIELD")
	flags.Float64Var(&f.threshold, "threshold", 0, "similarity from which two answers agree (default 1, with cosine 0.92)")
	flags.Float64Var(&f.price, "embedding-price", 0, "USD per million tokens for embedding the responses")
	addWords(cmd, &f.words)
}

// read returns the agreement of the flags.
func (f *agreementFlags) read(cmd *cobra.Command, config pipeline.Config) (policy.Agreement, error) {
	if err := oneOf("agree", f.agree, []string{"answer", "cosine"}); err != nil {
		return nil, err
	}
	answer, err := policy.ParseAnswer(f.answer)
	if err != nil {
		return nil, fmt.Errorf("%w: --answer: %w", errUsage, err)
	}
	if !cmd.Flags().Changed("threshold") {
		f.threshold = sameAnswerThreshold
		if f.agree == "cosine" {
			f.threshold = cosineThreshold
		}
	}
	if f.agree == "answer" {
		return policy.SameAnswer{Answer: answer}, nil
	}
	var e centroids.Embedder
	if f.words != "" {
		e, err = embedder.NewStatic(f.words)
	} else {
		e, err = pipeline.NewEmbedder(config.Embedder)
	}
	if err != nil {
		return nil, err
	}
	c := policy.Cosine{Embedder: e}
	if f.price > 0 {
		counter, err := tokens.NewCounter()
		if err != nil {
			return nil, err
		}
		c.PerM, c.Count = &f.price, counter.Count
	}
	return c, nil
}
