package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
	"github.com/routeproof/routeproof/internal/wording"
)

func (a *app) dataDeriveVerb() *cobra.Command {
	var ladderText, out, problems string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "derive FILE --ladder TIER=MODEL,... --out FILE",
		Short: "Label prompts by which model of a ladder answers them right",
		Long: `Turn outcomes into labelled prompts: a prompt's tier is that of the cheapest model
of the ladder whose score is at least 0.5, and NONE where none is. A prompt of which
that cannot be told, because a cheaper model has no score for it, is left out and
counted; so is one without a text.

The ladder names 2 to 8 models, cheapest first; a model's name may hold "=" but no
comma. Without tiers before them the tiers are called as the models are, where
that can be a tier's name. A file - is standard input.

The lines of a configuration that has these tiers are printed too: with them in
routeproof.yaml, and prices beside them where you know them, run --config takes the
prompts. With --json counts, notes and these lines are printed as JSON.`,
		Example: `  routeproof data synth --n 200 --only prompts,outcomes --out made
  routeproof data derive made/outcomes.jsonl --ladder SIMPLE=openai/gpt-4o-mini,FRONTIER=anthropic/claude-opus-4 --out made/derived.jsonl`,
		Args: takes(1, 1),
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
			if err := checkFile("--out", out); err != nil {
				return err
			}
			log, err := a.problemLog(cmd)
			if err != nil {
				return err
			}
			derived, err := synth.Derive(ladder, func(visit func(*datasets.Outcome) error) (datasets.Summary, error) {
				return scan(cmd.Context(), a, datasets.Outcomes(), args[0], log.add, visit)
			})
			if errors.Is(err, synth.ErrModel) {
				err = fmt.Errorf("%w: --ladder: %w", errUsage, err)
			}
			if err != nil {
				return log.finish(err)
			}
			defer derived.Close() // it was written, or why not is told
			err = writeDerived(cmd.Context(), out, args[0], derived, log.add)
			if err != nil && derived.Prompts > 0 {
				return log.finish(err)
			}
			d := newDerivation(out, ladder, derived)
			if asJSON {
				return log.finish(errors.Join(err, a.writeJSON(d)))
			}
			return log.finish(errors.Join(err, a.buffered(d.print)))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the counts as JSON")
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

// writeDerived writes the prompts; none are an error of the outcomes.
func writeDerived(ctx context.Context, out, from string, d *synth.Derived, each func(datasets.Problem)) error {
	if d.Prompts == 0 {
		p := datasets.Problem{File: from, Reason: "no prompt's tier can be told: expected texts, and outcomes with scores of the ladder's models"}
		each(p)
		return &datasets.ContentError{File: from, Total: 1, First: []datasets.Problem{p}}
	}
	columns := datasets.WriteOptions{Columns: []string{"id", "prompt", "tier", "domain"}}
	return datasets.Prompts(nil).WriteFile(out, columns, func(put func(datasets.Prompt) error) error {
		return d.Put(func(p datasets.Prompt) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return put(p)
		})
	})
}

// derivation is what data derive prints.
type derivation struct {
	File          string    `json:"file"`
	Prompts       int       `json:"prompts"`
	Tiers         []rung    `json:"tiers"` // cheapest first
	None          int       `json:"none"`  // prompts that no model answered right
	LeftOut       []leftOut `json:"left_out"`
	Notes         []string  `json:"notes"`
	Configuration string    `json:"configuration"` // YAML
}

type rung struct {
	Tier    string `json:"tier"`
	Model   string `json:"model"`
	Prompts int    `json:"prompts"`
}

// leftOut is how many there are of something that did not get into a file.
type leftOut struct {
	Count int    `json:"count"`
	What  string `json:"what"`
}

func newDerivation(out string, ladder datasets.Ladder, from *synth.Derived) derivation {
	d := derivation{
		File: out, Prompts: from.Prompts, None: from.None, LeftOut: []leftOut{}, Configuration: tierLines(ladder),
		Notes: append([]string{}, from.Warnings...),
	}
	for k, r := range ladder {
		d.Tiers = append(d.Tiers, rung{r.Tier, r.Model, from.PerTier[k]})
	}
	for _, left := range []leftOut{
		{from.LeftOut.TextDiffers, "rows give them different texts"},
		{from.LeftOut.NoText, "no row gives them a text"},
		{from.LeftOut.NoOutcome, "the model that decides has no outcome"},
		{from.LeftOut.Failed, "the model that decides failed"},
		{from.LeftOut.NoScore, "the outcome that decides has no score"},
	} {
		if left.Count > 0 {
			d.LeftOut = append(d.LeftOut, left)
		}
	}
	return d
}

// tierLines are the lines of a configuration with the ladder's tiers. Quoted as
// JSON, names are YAML.
func tierLines(ladder datasets.Ladder) string {
	var b strings.Builder
	enc := newEncoder(&b) // ends what it writes with a line end
	b.WriteString("tiers:\n")
	for _, r := range ladder {
		for _, key := range []struct{ name, value string }{{"  - name: ", r.Tier}, {"    model: ", r.Model}} {
			b.WriteString(key.name)
			_ = enc.Encode(key.value) // text always can be
		}
	}
	return b.String()
}

func (d derivation) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "tier\tmodel\tprompts")
	for _, r := range d.Tiers {
		fmt.Fprintf(t, "%s\t%s\t%d\n", printable(r.Tier), printable(r.Model), r.Prompts)
	}
	fmt.Fprintf(t, "%s\t\t%d\n", datasets.Unlabelled, d.None)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, left := range d.LeftOut {
		fmt.Fprintf(w, "left out: %s, since %s\n", wording.Plural(left.Count, "prompt"), left.What)
	}
	for _, note := range d.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	_, err := fmt.Fprintf(w, "\nConfiguration for run --config:\n%s", d.Configuration)
	return err
}
