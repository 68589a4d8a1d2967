package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/tokens"
	"github.com/routeproof/routeproof/internal/wording"
)

// prepare sorts, splits and measures the prompts.
func (j *job) prepare(ctx context.Context) error {
	if err := j.assign(ctx); err != nil {
		return err
	}
	return j.countTokens(ctx)
}

// assign sorts the prompts and puts each into a split. Tokens are not counted.
func (j *job) assign(context.Context) error {
	if err := j.Config.check(); err != nil {
		return configErrorf("configuration: %v", err)
	}
	j.Tiers, _ = j.Config.tierList()
	j.fallback, _ = j.Config.fallback(j.Tiers)
	var err error
	if j.counter, err = tokens.NewCounter(); err != nil {
		return err
	}
	if j.Costs, err = j.Config.Costs(j.counter.Count); err != nil {
		return err
	}
	prompts := j.in.Prompts
	if err := prompts.SortByID(); err != nil { // so that the order of rows in the file changes nothing
		return err
	}
	assigned, err := j.split(prompts)
	if err != nil {
		return err
	}
	if err := j.describe(prompts, assigned); err != nil {
		return err
	}
	j.Warnings = append(slices.Clone(j.in.Warnings), assigned.Warnings...)
	if j.labelled() == 0 {
		return &datasets.ContentError{File: j.in.Name, Total: 1, First: []datasets.Problem{{
			File: j.in.Name, Field: "tier", Reason: fmt.Sprintf("none of %d prompts is labelled with a tier: there is nothing to build or measure", prompts.Len())}}}
	}
	j.warnTiers()
	j.warnThinSplits()
	return j.checkTrain()
}

// describe gathers what the prompts are, and their items.
func (j *job) describe(prompts *datasets.PromptSet, assigned *datasets.Assignment) error {
	counts := datasets.NewTierCounts()
	j.Data = Data{
		SplitBy: "hash", Name: j.in.Name, Note: j.in.Note, Prompts: prompts.Len(), Salt: j.Config.Splits.Salt,
		Counts: counts,
	}
	take := j.takeItems
	if j.buildOnly {
		take = j.takeExamples
	}
	add, end := take(prompts, assigned)
	err := prompts.EachInPlace(func(i int, p *datasets.Prompt) error {
		if p.Split != "" { // then all have one
			j.Data.SplitBy = "column"
		}
		counts.Add(assigned.Splits[i], p.Tier)
		tier, labelled := j.Tiers.Index(p.Tier)
		if !labelled {
			j.Data.Unlabelled++
			if _, ok := j.in.Answers[p.ID]; ok {
				j.answered++
			}
			j.takeUnlabelled(i, p, prompts, assigned)
			return nil
		}
		add(i, p, tier)
		return nil
	})
	if err != nil {
		return err
	}
	end()
	if j.in.Artifact != nil {
		j.Data.SplitBy = "artifact"
	}
	if j.Data.SplitSHA, err = prompts.SplitHash(assigned.Splits); err != nil {
		return err
	}
	if j.Data.SHA256, err = prompts.ContentHash(); err != nil {
		return err
	}
	j.Data.LabelSHA, err = prompts.LabelHash()
	return err
}

// TestPrompts returns the labelled prompts that a job on this input will have in
// its test split, by id.
func TestPrompts(config Config, in Input) ([]datasets.Prompt, error) {
	j := &job{in: in}
	j.Config = config
	var err error
	if j.Tiers, err = config.tierList(); err != nil {
		return nil, err
	}
	if err := in.Prompts.SortByID(); err != nil {
		return nil, err
	}
	assigned, err := j.split(in.Prompts)
	if err != nil {
		return nil, err
	}
	var test []datasets.Prompt
	for i, split := range assigned.Splits {
		if split != datasets.Test {
			continue
		}
		p, err := in.Prompts.At(i)
		if err != nil {
			return nil, err
		}
		if _, labelled := j.Tiers.Index(p.Tier); labelled {
			test = append(test, p)
		}
	}
	return test, nil
}

// TestItems returns the labelled prompts that the input's artifact can be tried
// on, once its embedder, Input.Embedder, is verified: its own test split where it
// was built from these prompts, else all of them. Prompts that it was fitted on
// are refused.
func TestItems(ctx context.Context, config Config, in Input) ([]eval.Item, error) {
	j := &job{in: in}
	j.Config = config
	if err := j.assign(ctx); err != nil {
		return nil, err
	}
	if err := j.verify(ctx, in.Embedder); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(j.Items, func(it eval.Item) bool { return it.Split != datasets.Test }), nil
}

// checkTrain refuses to build an artifact for a tier that nothing was learned
// of.
func (j *job) checkTrain() error {
	if j.in.Artifact != nil {
		return nil
	}
	var missing []datasets.Problem
	for k, tier := range j.Tiers.Names() {
		if j.Data.Counts[datasets.Train.String()][tier] > 0 {
			continue
		}
		prompts, groups := 0, map[int32]bool{}
		for _, x := range j.examplesOf(datasets.Splits()...) {
			if int(x.Tier) == k {
				prompts++
				groups[x.Group] = true
			}
		}
		of, mend := fmt.Sprintf("its %s in all splits are in %s", wording.Plural(prompts, "prompt"), wording.Plural(len(groups), "group")), "label more, change splits.salt, or leave the tier out of the configuration"
		switch {
		case prompts == 0:
			of, mend = "no prompt has it", "label some, or leave the tier out of the configuration"
		case len(groups) == 1 && prompts > 1:
			mend = "a group is in one split as a whole: divide it, label others, or change splits.salt"
		}
		missing = append(missing, datasets.Problem{File: j.in.Name, Field: "tier", Reason: fmt.Sprintf("no train prompt has tier %s: %s: %s", tier, of, mend)})
	}
	if missing == nil {
		return nil
	}
	return &datasets.ContentError{File: j.in.Name, First: missing, Total: len(missing)}
}

// countTokens counts each item's tokens on all processors.
func (j *job) countTokens(ctx context.Context) error {
	return eachTexts(j.Items, func(it *eval.Item) datasets.Text { return it.Text }, func(items []eval.Item, texts []string) error {
		workers := runtime.GOMAXPROCS(0)
		errs := make([]error, workers)
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := w; i < len(items) && errs[w] == nil && ctx.Err() == nil; i += workers {
					items[i].InputTokens, errs[w] = j.counter.Count(texts[i])
				}
			})
		}
		wg.Wait()
		return errors.Join(append(errs, ctx.Err())...)
	})
}

// readAtOnce is how many texts are read together.
const readAtOnce = 4096

// eachTexts reads the texts of items, some at a time.
func eachTexts[T any](items []T, text func(*T) datasets.Text, visit func(items []T, texts []string) error) error {
	kept := make([]datasets.Text, 0, readAtOnce)
	for these := range slices.Chunk(items, readAtOnce) {
		kept = kept[:0]
		for i := range these {
			kept = append(kept, text(&these[i]))
		}
		texts, err := datasets.ReadTexts(kept)
		if err != nil {
			return err
		}
		if err := visit(these, texts); err != nil {
			return err
		}
	}
	return nil
}

// warnTiers says what looks wrong about the configured tiers.
func (j *job) warnTiers() {
	for k := 1; k < len(j.Config.Tiers); k++ {
		low, high := j.Config.Tiers[k-1], j.Config.Tiers[k]
		if low.InputPerM == nil || high.InputPerM == nil {
			continue
		}
		if *high.InputPerM <= *low.InputPerM && *high.OutputPerM <= *low.OutputPerM && (*high.InputPerM < *low.InputPerM || *high.OutputPerM < *low.OutputPerM) {
			j.Warnings = append(j.Warnings, fmt.Sprintf("tier %s costs less than %s before it: tiers are taken to be in the order of price, cheapest first", high.Name, low.Name))
		}
	}
	if j.in.AnswersName == "" && j.in.LiveLLM == nil {
		return
	}
	for _, tier := range j.Config.Tiers {
		if !strings.Contains(j.Config.Classifiers.LLM.Prompt, tier.Name) {
			j.Warnings = append(j.Warnings, fmt.Sprintf("the classifier prompt does not name tier %s: costs computed from it are those of another prompt (set classifiers.llm.prompt)", tier.Name))
		}
	}
}

// split assigns splits, or, for an artifact that was built on other prompts,
// puts all into test.
func (j *job) split(prompts *datasets.PromptSet) (*datasets.Assignment, error) {
	salt, shares := j.Config.Splits.Salt, j.Config.Shares()
	if j.in.Artifact == nil {
		return datasets.AssignSplits(prompts, salt, shares, j.in.Name, j.in.Problem)
	}
	built := j.in.Artifact.Manifest().Dataset
	if !slices.Equal(j.Tiers.Names(), j.in.Artifact.Tiers().Names()) {
		return nil, configErrorf("the artifact has tiers %v, the configuration %v", j.in.Artifact.Tiers().Names(), j.Tiers.Names())
	}
	content, err := prompts.ContentHash()
	if err != nil {
		return nil, err
	}
	if built.SHA256 == content {
		if err := datasets.Shares(built.Shares).Check(); err != nil {
			return nil, fmt.Errorf("%w: dataset: %w", centroids.ErrManifest, err)
		}
		j.Config.Splits.Salt = built.Salt
		a, err := datasets.AssignSplits(prompts, built.Salt, built.Shares, j.in.Name, j.in.Problem)
		if err != nil {
			return nil, err
		}
		if split, err := prompts.SplitHash(a.Splits); err != nil {
			return nil, err
		} else if split != built.SplitSHA {
			return nil, configErrorf("the artifact was built from these prompts, but another version of routeproof split them: which of them it was fitted on cannot be told; build it again")
		}
		return a, nil
	}
	a := &datasets.Assignment{Splits: slices.Repeat([]datasets.Split{datasets.Test}, prompts.Len())}
	if a.Groups, err = datasets.GroupPrompts(prompts); err != nil {
		return nil, err
	}
	fitted := j.in.Artifact.Manifest().Fitted
	seen, err := datasets.InSketch(prompts, fitted.Sketch)
	if err != nil {
		return nil, err
	}
	if len(seen) > 0 {
		return nil, j.overlap(seen)
	}
	sure := "none of them equals a text it was fitted on"
	if len(fitted.Sketch) < fitted.Texts {
		sure = fmt.Sprintf("none of them equals one of those %d of the %d texts it was fitted on that it recognises", len(fitted.Sketch), fitted.Texts)
	}
	sure += " but for case, white space and punctuation; near-duplicates are not looked for"
	a.Warnings = append(a.Warnings, "the artifact was built on other prompts, so all of these are scored; "+sure)
	return a, nil
}

// overlap refuses prompts that the artifact was fitted on, by their ids.
func (j *job) overlap(seen []string) error {
	e := &datasets.ContentError{File: j.in.Name, Total: len(seen)}
	for _, id := range seen {
		problem := datasets.Problem{File: j.in.Name, Field: "prompt",
			Reason: fmt.Sprintf("the text of %q was used to fit the artifact: leave it out, or give the very file the artifact was built from", id)}
		if len(e.First) < datasets.ShownProblems {
			e.First = append(e.First, problem)
		}
		if j.in.Problem != nil {
			j.in.Problem(problem)
		}
	}
	return e
}

// fewPrompts is the least number of prompts of a tier in a split that passes
// without a warning.
const fewPrompts = 5

func (j *job) warnThinSplits() {
	for _, split := range datasets.Splits() {
		if split == datasets.Test || j.in.Artifact != nil {
			continue // the benchmark speaks for test
		}
		for _, tier := range j.Tiers.Names() {
			if n := j.Data.Counts[split.String()][tier]; n < fewPrompts {
				j.Warnings = append(j.Warnings, fmt.Sprintf("%s prompts of tier %s: %d, fewer than %d", split, tier, n, fewPrompts))
			}
		}
	}
}
