package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/describe"
	"github.com/routeproof/routeproof/internal/wording"
)

// validated is what data validate says of a file.
type validated struct {
	File     string         `json:"file"`
	Kind     string         `json:"kind"`
	Rows     int            `json:"rows"` // good ones
	Labelled *int           `json:"labelled,omitempty"`
	Columns  []string       `json:"columns"`
	Warnings []string       `json:"warnings"`
	Problems problemsOfFile `json:"problems"`
}

// problemsOfFile are the first [datasets.ShownProblems] and the number of all.
type problemsOfFile struct {
	Count int                `json:"count"`
	First []datasets.Problem `json:"first"`
}

func (p *problemsOfFile) add(problem datasets.Problem) {
	if p.Count++; len(p.First) < datasets.ShownProblems {
		p.First = append(p.First, problem)
	}
}

func kindNames() []string {
	return []string{"prompts", "outcomes", "answers", "scores", "vectors", "predictions", "prices"}
}

func (a *app) dataValidateVerb() *cobra.Command {
	var flags lookFlags
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check every row of data files",
		Long: `Check every row of data files: types, ranges, unknown tiers, duplicates, encoding,
damage. The first twenty problems are printed with file, line, field and the mend,
all of them are listed in a file, and the exit code is 12. A file - is standard
input.

A split column of prompts must be whole, and equal texts and groups must not straddle
splits; on standard input, which can be read only once, that is not looked at.

With --against no prompt may equal or nearly repeat one of another file, as when
test prompts must be new. See data describe for how that is found.

With --json an array has an object for each file, bad ones too: file, kind, rows
(good ones), labelled (of prompts), columns, warnings, and problems with their count
and the first twenty.`,
		Example: `  routeproof data validate prompts.jsonl
  routeproof data validate --kind answers answers.jsonl`,
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if first := slices.Index(args, "-"); first >= 0 && slices.Contains(args[first+1:], "-") {
				return fmt.Errorf("%w: standard input cannot be read more than once: give - once", errUsage)
			}
			tiers, log, err := flags.ready(a, cmd, args, kindNames())
			if err != nil {
				return err
			}
			var results []validated
			var errs []error
			for _, path := range args {
				v, err := a.validate(cmd.Context(), &flags, path, tiers, log)
				if errors.Is(err, context.Canceled) {
					return log.finish(err)
				}
				results, errs = append(results, v), append(errs, err)
			}
			printErr := a.printValidated(results, flags.asJSON)
			if errors.Join(errs...) != nil && !cmd.Flags().Changed("kind") {
				a.later("read as %s: where a file is to hold something else, say so with --kind: %s", flags.kind, strings.Join(kindNames(), ", "))
			}
			return log.finish(errors.Join(append(errs, printErr)...))
		},
	}
	cmd.Flags().StringVar(&flags.kind, "kind", "prompts", "what the files hold: prompts, outcomes, answers, scores, vectors, predictions or prices")
	cmd.Flags().StringVar(&flags.against, "against", "", "prompts that the files must not repeat")
	cmd.Flags().BoolVar(&flags.asJSON, "json", false, "print the result as JSON")
	flags.add(cmd)
	addProblems(cmd, &flags.problems)
	return cmd
}

func (a *app) printValidated(results []validated, asJSON bool) error {
	if asJSON {
		return a.writeJSON(results)
	}
	return a.buffered(func(w io.Writer) error {
		for _, v := range results {
			if v.Problems.Count > 0 {
				continue // the error tells
			}
			fmt.Fprintf(w, "%s: %s", printable(v.File), wording.Plural(v.Rows, v.Kind[:len(v.Kind)-1]))
			if v.Labelled != nil {
				fmt.Fprintf(w, ", %s labelled", wording.Thousands(*v.Labelled))
			}
			fmt.Fprintln(w, ", nothing wrong")
			for _, warning := range v.Warnings {
				fmt.Fprintf(w, "  note: %s\n", warning)
			}
		}
		return nil
	})
}

// validate checks a file of some kind.
func (a *app) validate(ctx context.Context, flags *lookFlags, path string, tiers []string, log *problemLog) (validated, error) {
	c := checking{ctx: ctx, app: a, tiers: tiers, validated: validated{
		File: path, Kind: flags.kind, Columns: []string{}, Warnings: []string{}, Problems: problemsOfFile{First: []datasets.Problem{}},
	}}
	c.each = func(p datasets.Problem) {
		c.Problems.add(p)
		log.add(p)
	}
	err := c.kind()
	if err == nil && flags.against != "" {
		err = c.against(flags.against)
	}
	if err != nil && c.Problems.Count == 0 { // it could not be read
		c.Problems.add(datasets.Problem{File: path, Reason: err.Error()})
	}
	return c.validated, err
}

// checking is a file that is being checked.
type checking struct {
	validated
	ctx   context.Context
	app   *app
	tiers []string
	each  func(datasets.Problem)
}

func (c *checking) kind() error {
	switch c.Kind {
	case "prompts":
		return c.prompts()
	case "outcomes":
		return c.outcomes()
	case "answers":
		return checkRows(c, datasets.Answers(), nil)
	case "scores":
		return checkRows(c, datasets.Scores(), nil)
	case "vectors":
		return checkRows(c, datasets.Vectors(), nil)
	case "predictions":
		return checkRows(c, datasets.Predictions(), nil)
	case "prices":
		return checkRows(c, datasets.Prices(), nil)
	}
	panic("routeproof: no check for " + c.Kind)
}

// checkRows checks what rows show, and lets visit see the good ones.
func checkRows[T any](c *checking, kind datasets.Kind[T], visit func(*T) error) error {
	summary, err := scan(c.ctx, c.app, kind, c.File, c.each, func(row *T) error {
		c.Rows++
		if visit == nil {
			return nil
		}
		return visit(row)
	})
	c.Columns, c.Warnings = append(c.Columns, summary.Columns...), append(c.Warnings, summary.Warnings...)
	return err
}

func (c *checking) prompts() error {
	var labels datasets.Labels
	defer labels.Close()
	labelled, split := 0, false
	err := checkRows(c, datasets.Prompts(c.tiers), func(p *datasets.Prompt) error {
		if err := labels.Add(p); err != nil {
			return err
		}
		if p.Tier != "" {
			labelled++
		}
		split = split || p.Split != ""
		return nil
	})
	if err != nil {
		return err
	}
	warnings, err := labels.Warnings()
	if err != nil {
		return err
	}
	c.Labelled, c.Warnings = &labelled, append(c.Warnings, warnings...)
	if labelled == 0 {
		c.Warnings = append(c.Warnings, describe.NoLabels)
	}
	if split {
		return c.splits()
	}
	return nil
}

// splits checks the split column as whoever uses it does.
func (c *checking) splits() error {
	if err := checkRereadable(c.File); err != nil {
		c.Warnings = append(c.Warnings, "not looked at: whether the split column is whole, and whether equal texts or groups straddle splits, as the input can be read only once")
		return nil
	}
	_, groups, err := grouped(describe.File(c.ctx, c.File, c.tiers, c.each))
	if err != nil {
		return err
	}
	// Neither salt nor shares have a part in what is wrong.
	_, warnings, err := groups.Assign("", datasets.DefaultShares(), c.File, c.each)
	c.Warnings = append(c.Warnings, warnings...)
	return err
}

func (c *checking) outcomes() error {
	matrix, err := describe.Outcomes(func(visit func(*datasets.Outcome) error) (datasets.Summary, error) {
		return datasets.Summary{}, checkRows(c, datasets.Outcomes(), visit)
	})
	if err == nil {
		c.Warnings = append(append(c.Warnings, matrix.Warnings...), holes(matrix)...)
	}
	return err
}

// holes says which models did not answer every prompt.
func holes(m *describe.Matrix) []string {
	if m.Holes == 0 {
		return nil
	}
	notes := []string{fmt.Sprintf("%d of %d × %d answers are missing: figures hold only over the prompts that are there", m.Holes, m.Prompts, len(m.Models))}
	for _, model := range m.Models {
		if model.Missing > 0 {
			notes = append(notes, fmt.Sprintf("model %q lacks %s", model.Name, wording.Plural(model.Missing, "prompt")))
		}
	}
	return notes
}

// against refuses prompts that another file holds.
func (c *checking) against(other string) error {
	overlap, err := describe.Against(describe.File(c.ctx, c.File, nil, nil), describe.File(c.ctx, other, nil, c.each))
	if err != nil {
		return err
	}
	for _, pair := range overlap.Pairs {
		how := "nearly repeats"
		if pair.Equal {
			how = "repeats"
		}
		c.each(datasets.Problem{File: c.File, Field: "prompt", Reason: fmt.Sprintf("%q %s %q of %s: leave it out of one of them", pair.ID, how, pair.OtherID, other)})
	}
	if c.Problems.Count == 0 {
		return nil
	}
	return &datasets.ContentError{File: c.File, First: c.Problems.First, Total: c.Problems.Count}
}
