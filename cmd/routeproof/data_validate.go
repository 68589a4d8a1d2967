package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/describe"
)

// validated is what data validate says of a file.
type validated struct {
	File     string   `json:"file"`
	Kind     string   `json:"kind"`
	Rows     int      `json:"rows"`
	Columns  []string `json:"columns"`
	Warnings []string `json:"warnings"`
}

func kindNames() []string {
	return []string{"prompts", "outcomes", "answers", "scores", "vectors", "predictions", "prices"}
}

func (a *app) dataValidateVerb() *cobra.Command {
	var kind, against, problems string
	var tiers tierFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check every row of data files",
		Long: `Check every row of data files: types, ranges, unknown tiers, duplicates, encoding,
damage. The first twenty problems are printed with file, line, field and the mend,
all of them are listed in a file, and the exit code is 12. A file - is standard
input.

With --against no prompt may equal or nearly repeat one of another file, as when
test prompts must be new. See data describe for how that is found.`,
		Example: `  routeproof data validate prompts.jsonl
  routeproof data validate --kind answers answers.jsonl`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("kind", kind, kindNames()); err != nil {
				return err
			}
			if against != "" && kind != "prompts" {
				return fmt.Errorf("%w: --against goes with prompts", errUsage)
			}
			names, err := tiers.names()
			if err != nil {
				return err
			}
			if err := checkOverwrite(append(args, against, tiers.config), problems); err != nil {
				return err
			}
			log := &problemLog{path: problems}
			var results []validated
			var errs []error
			for _, path := range args {
				v, err := a.validate(cmd.Context(), kind, path, names, log.add)
				if err == nil && against != "" {
					err = checkAgainst(cmd.Context(), path, against, log.add)
				}
				if errors.Is(err, context.Canceled) {
					return log.finish(a, err)
				}
				if errs = append(errs, err); err == nil {
					results = append(results, v)
				}
			}
			printErr := a.printValidated(results, asJSON)
			return log.finish(a, errors.Join(append(errs, printErr)...))
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "prompts", "what the files hold: prompts, outcomes, answers, scores, vectors, predictions or prices")
	cmd.Flags().StringVar(&against, "against", "", "prompts that the files must not repeat")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	tiers.add(cmd)
	addProblems(cmd, &problems)
	return cmd
}

func (a *app) printValidated(results []validated, asJSON bool) error {
	if asJSON {
		return a.writeJSON(results)
	}
	return a.buffered(func(w io.Writer) error {
		for _, v := range results {
			fmt.Fprintf(w, "%s: %d %s, nothing wrong\n", v.File, v.Rows, v.Kind)
			for _, warning := range v.Warnings {
				fmt.Fprintf(w, "  note: %s\n", warning)
			}
		}
		return nil
	})
}

// validate checks a file of some kind.
func (a *app) validate(ctx context.Context, kind, path string, tiers []string, each func(datasets.Problem)) (validated, error) {
	var summary datasets.Summary
	var err error
	switch kind {
	case "prompts":
		var labels datasets.Labels
		summary, err = scanAny(a, ctx, datasets.Prompts(tiers), path, each, func(p *datasets.Prompt) { labels.Add(p) })
		summary.Warnings = append(summary.Warnings, labels.Warnings()...)
	case "outcomes":
		var matrix *describe.Matrix
		matrix, err = describe.Outcomes(func(visit func(*datasets.Outcome) error) (s datasets.Summary, err error) {
			var visitErr error
			s, err = scanAny(a, ctx, datasets.Outcomes(), path, each, func(o *datasets.Outcome) { visitErr = errors.Join(visitErr, visit(o)) })
			summary = s
			return s, errors.Join(err, visitErr)
		})
		if err == nil {
			summary.Warnings = append(matrix.Warnings, holes(matrix)...)
		}
	case "answers":
		summary, err = scanAny(a, ctx, datasets.Answers(), path, each, nil)
	case "scores":
		summary, err = scanAny(a, ctx, datasets.Scores(), path, each, nil)
	case "vectors":
		summary, err = scanAny(a, ctx, datasets.Vectors(), path, each, nil)
	case "predictions":
		summary, err = scanAny(a, ctx, datasets.Predictions(), path, each, nil)
	case "prices":
		summary, err = scanAny(a, ctx, datasets.Prices(), path, each, nil)
	}
	return validated{File: path, Kind: kind, Rows: summary.Rows, Columns: summary.Columns, Warnings: summary.Warnings}, err
}

// scanAny scans a file or standard input until ctx is done.
func scanAny[T any](a *app, ctx context.Context, kind datasets.Kind[T], path string, each func(datasets.Problem), visit func(*T)) (summary datasets.Summary, err error) {
	step := func(row *T) error {
		if visit != nil {
			visit(row)
		}
		return ctx.Err()
	}
	if path != "-" {
		return kind.ScanFile(path, each, step)
	}
	err = interruptible(ctx, func() (err error) {
		summary, err = kind.Scan(a.in, "standard input", each, step)
		return err
	})
	return summary, err
}

// holes says which models did not answer every prompt.
func holes(m *describe.Matrix) []string {
	if m.Holes == 0 {
		return nil
	}
	notes := []string{fmt.Sprintf("%d of %d × %d answers are missing: figures hold only over the prompts that are there", m.Holes, m.Prompts, len(m.Models))}
	for _, model := range m.Models {
		if model.Missing > 0 {
			notes = append(notes, fmt.Sprintf("model %q lacks %d prompts", model.Name, model.Missing))
		}
	}
	return notes
}

// checkAgainst refuses prompts that another file holds.
func checkAgainst(ctx context.Context, path, against string, each func(datasets.Problem)) error {
	if err := checkRereadable(path, against); err != nil {
		return err
	}
	overlap, err := describe.Against(describe.File(ctx, path, nil, nil), describe.File(ctx, against, nil, each))
	if err != nil || len(overlap.Pairs) == 0 {
		return err
	}
	e := &datasets.ContentError{File: path, Total: len(overlap.Pairs)}
	for _, pair := range overlap.Pairs {
		how := "nearly repeats"
		if pair.Equal {
			how = "repeats"
		}
		p := datasets.Problem{File: path, Field: "prompt", Reason: fmt.Sprintf("%q %s %q of %s: leave it out of one of them", pair.ID, how, pair.OtherID, against)}
		each(p)
		if len(e.First) < datasets.ShownProblems {
			e.First = append(e.First, p)
		}
	}
	return e
}
