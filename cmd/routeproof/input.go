package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/builtin"
	"github.com/routeproof/routeproof/datasets/synth"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// inputFlags are the flags of verbs that work on labelled prompts.
type inputFlags struct {
	prompts, answers, config, problems string
	outcomes, tierMix                  string
	artifactOnly                       bool   // policies are not simulated
	artifact                           string // to evaluate; empty: build one
	embedder                           embedderFlags
	outputs                            []string // of the verb
	live                               liveFlags
	nested                             bool // evaluate the whole procedure too
}

func (f *inputFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.prompts, "prompts", "", "labelled prompts, JSON Lines, CSV or Parquet, plain, .gz or .zst (default: the built-in set)")
	cmd.Flags().StringVar(&f.answers, "llm-answers", "", "recorded answers of an LLM classifier to these prompts")
	cmd.Flags().StringVar(&f.outcomes, "outcomes", "", "recorded outcomes of the tiers' models on these prompts, to simulate policies on")
	cmd.Flags().StringVar(&f.config, "config", "", "configuration, see routeproof init (default: built-in)")
	cmd.Flags().StringVar(&f.tierMix, "tier-mix", "", "also weight the figures for traffic of these shares: SIMPLE=.6,MEDIUM=.25,COMPLEX=.12,FRONTIER=.03")
	f.embedder.add(cmd)
	f.live.add(cmd)
	addProblems(cmd, &f.problems)
}

// addNested adds the flag of verbs that show what nested evaluation finds.
func (f *inputFlags) addNested(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.nested, "nested", false, "also repeat fitting, choosing and tuning without each of five folds: what the whole procedure gives, and how far tuned figures flatter; takes about five times as long")
}

// read loads configuration and input before any work starts.
func (f *inputFlags) read(log *problemLog) (pipeline.Config, pipeline.Input, error) {
	config, err := f.readConfig()
	if err != nil {
		return config, pipeline.Input{}, err
	}
	artifact, err := loadArtifact(f.artifact)
	if err != nil {
		return config, pipeline.Input{}, err
	}
	f.embedder.live = f.live.on
	in, err := f.readPrompts(config, log)
	vectors, vectorsErr := f.embedder.readVectors(log.add)
	if err = errors.Join(err, vectorsErr); err == nil {
		in.Artifact, in.Nested = artifact, f.nested
		err = f.embedder.choose(config, &in, vectors, log.add)
	}
	if err != nil {
		err = errors.Join(err, in.Prompts.Close(), f.embedder.close())
	}
	return config, in, err
}

// readConfig reads the configuration; flags win over it.
func (f *inputFlags) readConfig() (pipeline.Config, error) {
	config, err := readConfig(f.config)
	if err != nil {
		return config, err
	}
	if err := checkOverwrite([]string{config.Embedder.Path}, f.outputs...); err != nil {
		return config, err
	}
	if f.tierMix != "" {
		if config.TierMix, err = pipeline.ParseTierMix(f.tierMix); err == nil {
			err = config.TierMix.Check(config.TierNames())
		}
		if err != nil {
			return config, fmt.Errorf("%w: --tier-mix: %w", errUsage, err)
		}
	}
	if f.embedder.words != "" {
		config.Embedder = pipeline.EmbedderConfig{Kind: embedder.KindStatic, Path: f.embedder.words}
	}
	return config, nil
}

func (f *inputFlags) readPrompts(config pipeline.Config, log *problemLog) (pipeline.Input, error) {
	names := config.TierNames()
	if f.prompts == "" {
		return builtinInput(names, f.answers, f.outcomes)
	}
	in := pipeline.Input{Name: filepath.Base(f.prompts)}
	if f.outcomes != "" {
		in.Outcomes = &pipeline.Outcomes{Name: filepath.Base(f.outcomes), Scan: func(visit func(*datasets.Outcome) error) error {
			_, err := datasets.Outcomes().ScanFile(f.outcomes, log.add, visit)
			return err
		}}
	}
	if f.answers != "" {
		in.AnswersName = filepath.Base(f.answers)
	}
	prompts, promptsErr := datasets.ReadPromptSet(f.prompts, names, log.add)
	var answersErr error
	if f.answers != "" {
		var answers *datasets.AnswerFile
		if answers, answersErr = datasets.ReadAnswers(f.answers, log.add); answersErr == nil {
			in.Answers = answers.Answers
			for _, w := range answers.Warnings {
				in.Warnings = append(in.Warnings, "LLM answers: "+w)
			}
		}
	}
	in.Prompts = prompts
	if err := errors.Join(promptsErr, answersErr); err != nil {
		return in, err
	}
	in.Warnings = append(prompts.Warnings, in.Warnings...)
	return in, noteBuiltin(&in)
}

// noteBuiltin has the report say so where the prompts are the built-in ones
// under another name.
func noteBuiltin(in *pipeline.Input) error {
	own, err := builtin.Prompts(nil)
	if err != nil {
		return err
	}
	if in.Prompts.Len() != len(own.Prompts) {
		return nil
	}
	content, err := in.Prompts.ContentHash()
	if err != nil || content != datasets.ContentHash(own.Prompts) {
		return err
	}
	in.Note = builtin.Note
	answers, err := builtin.Answers()
	if err != nil {
		return err
	}
	if maps.Equal(in.Answers, answers.Answers) {
		in.AnswersNote = builtin.AnswersNote
	}
	return nil
}

// checkFlags refuses, before any work, flags that do not go together and
// outputs that would be written over what is read.
func (f *inputFlags) checkFlags(cmd *cobra.Command, outputs ...string) error {
	if err := f.live.check(cmd); err != nil {
		return err
	}
	if err := f.embedder.check(); err != nil {
		return err
	}
	f.outputs = append(outputs, f.problems, f.live.spend.journal)
	return checkOverwrite([]string{f.prompts, f.answers, f.outcomes, f.config, f.artifact, f.embedder.words, f.embedder.vectors}, f.outputs...)
}

func builtinInput(tiers []string, answers, outcomes string) (pipeline.Input, error) {
	for flag, file := range map[string]string{"--llm-answers": answers, "--outcomes": outcomes} {
		if file != "" {
			return pipeline.Input{}, fmt.Errorf("%w: %s goes with --prompts: the built-in set brings its own answers", errUsage, flag)
		}
	}
	prompts, err := builtin.Prompts(tiers)
	if err != nil {
		return pipeline.Input{}, fmt.Errorf("%w: the built-in set has the default tiers, the configuration has others: give your own prompts with --prompts", errUsage)
	}
	recorded, err := builtin.Answers()
	if err != nil {
		return pipeline.Input{}, err
	}
	made, err := madeOutcomes(prompts.Prompts)
	if err != nil {
		return pipeline.Input{}, err
	}
	set, err := datasets.PromptSetOf(prompts.Prompts)
	return pipeline.Input{
		Prompts: set, Name: builtin.Name, Note: builtin.Note,
		Answers: recorded.Answers, AnswersName: builtin.AnswersName, AnswersNote: builtin.AnswersNote,
		Outcomes: made,
	}, err
}

// madeOutcomes returns made-up outcomes of the built-in set.
func madeOutcomes(prompts []datasets.Prompt) (*pipeline.Outcomes, error) {
	g, err := synth.New(synth.Default())
	if err != nil {
		return nil, err
	}
	rows, err := g.OutcomesOf(prompts)
	if err != nil {
		return nil, err
	}
	return &pipeline.Outcomes{
		Name:   "made-up outcomes",
		Note:   "No model answered these prompts: answers, qualities, costs and latencies are drawn from a written model of ability against difficulty (routeproof data synth). The figures on policies show how the report works; they say nothing about these models.",
		MadeUp: true,
		Answer: `regex:k\d+`,
		Scan: func(visit func(*datasets.Outcome) error) error {
			return rows(func(o datasets.Outcome) error { return visit(&o) })
		},
	}, nil
}

// loadArtifact reads an artifact; empty path: none.
func loadArtifact(path string) (*centroids.Artifact, error) {
	if path == "" {
		return nil, nil
	}
	return centroids.Load(path)
}
