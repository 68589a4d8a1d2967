package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
)

func (a *app) dataDeriveVerb() *cobra.Command {
	var ladderText, out, problems string
	cmd := &cobra.Command{
		Use:   "derive FILE --ladder TIER=MODEL,... --out FILE",
		Short: "Label prompts by which model of a ladder answers them right",
		Long: `Turn outcomes into labelled prompts: a prompt's tier is that of the cheapest model
of the ladder whose score is at least 0.5, and NONE where none is. A prompt of which
that cannot be told, because a cheaper model has no score for it, is left out and
counted; so is one without a text.

The ladder names 2 to 8 models, cheapest first; a model's name may hold "=" but no
comma. Without tiers before them the tiers are called as the models are, where
that can be a tier's name.`,
		Example: `  routeproof data synth --n 200 --only prompts,outcomes --out made
  routeproof data derive made/outcomes.jsonl --ladder SIMPLE=openai/gpt-4o-mini,FRONTIER=anthropic/claude-opus-4 --out made/derived.jsonl`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ladder, err := parseLadder(ladderText)
			if err != nil {
				return err
			}
			if _, err := datasets.FormatOf(out); err != nil {
				return err
			}
			if err := checkOverwrite(args, out, problems); err != nil {
				return err
			}
			log := &problemLog{path: problems}
			var derived *synth.Derived
			err = interruptible(cmd.Context(), func() (err error) {
				derived, err = synth.DeriveFile(args[0], ladder, log.add)
				return err
			})
			if errors.Is(err, synth.ErrModel) {
				err = fmt.Errorf("%w: --ladder: %w", errUsage, err)
			}
			if err := log.finish(a, err); err != nil {
				return err
			}
			if len(derived.Prompts) == 0 {
				return errors.Join(a.buffered(func(w io.Writer) error { return printDerived(w, ladder, derived) }),
					&datasets.ContentError{File: args[0], Total: 1, First: []datasets.Problem{{File: args[0], Reason: "no prompt's tier can be told: expected texts, and outcomes with scores of the ladder's models"}}})
			}
			columns := datasets.WriteOptions{Columns: []string{"id", "prompt", "tier", "domain"}}
			if err := datasets.Prompts(nil).WriteFile(out, columns, derived.Put); err != nil {
				return err
			}
			return a.buffered(func(w io.Writer) error { return printDerived(w, ladder, derived) })
		},
	}
	cmd.Flags().StringVar(&ladderText, "ladder", "", "models, cheapest first, with their tiers: SIMPLE=gpt-4o-mini,FRONTIER=claude-opus-4 (required)")
	cmd.Flags().StringVar(&out, "out", "", "file of prompts to write (required)")
	addProblems(cmd, &problems)
	required(cmd, "ladder", "out")
	return cmd
}

// parseLadder reads a ladder whose tiers can stand in an artifact.
func parseLadder(text string) (datasets.Ladder, error) {
	ladder, err := datasets.ParseLadder(text)
	if err == nil {
		if _, err = centroids.NewTiers(ladder.Tiers()...); err != nil {
			err = fmt.Errorf("%w: name them, as in SIMPLE=%s", err, ladder[0].Model)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: --ladder: %w", errUsage, err)
	}
	return ladder, nil
}

func printDerived(w io.Writer, ladder datasets.Ladder, d *synth.Derived) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "tier\tmodel\tprompts")
	for k, rung := range ladder {
		fmt.Fprintf(t, "%s\t%s\t%d\n", printable(rung.Tier), printable(rung.Model), d.PerTier[k])
	}
	fmt.Fprintf(t, "%s\t\t%d\n", datasets.Unlabelled, d.None)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, left := range []struct {
		n   int
		why string
	}{
		{d.LeftOut.TextDiffers, "rows give them different texts"},
		{d.LeftOut.NoText, "no row gives them a text"},
		{d.LeftOut.NoOutcome, "the model that decides has no outcome"},
		{d.LeftOut.Failed, "the model that decides failed"},
		{d.LeftOut.NoScore, "the outcome that decides has no score"},
	} {
		if left.n > 0 {
			fmt.Fprintf(w, "left out: %d prompts, since %s\n", left.n, left.why)
		}
	}
	for _, note := range d.Warnings {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	return nil
}
