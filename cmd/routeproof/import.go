package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/importer"
	"github.com/routeproof/routeproof/internal/wording"
)

func (a *app) importVerb() *cobra.Command {
	var from, out, problems string
	var o importer.Options
	var asJSON bool
	var formats strings.Builder
	var names []string
	for _, f := range importer.Formats() {
		fmt.Fprintf(&formats, "\n  %-18s %s", f.Name, f.Summary)
		names = append(names, f.Name)
	}
	cmd := &cobra.Command{
		Use:   "import --from FORMAT FILE... --out FILE",
		Short: "Turn other projects' recorded answers into outcomes",
		Long: `Turn other projects' recorded answers into outcomes. What the files do not say stays
unknown; what is left out is counted. docs/importing.md has each layout and what
becomes of its columns. With --json the counts are printed as JSON. The formats are:
` + formats.String(),
		Example: `  printf 'id,prompt,gpt-4o-mini,gpt-4o\n1,What is 2 + 2?,1,1\n2,Prove it.,0,1\n' > table.csv
  routeproof import --from wide --models gpt-4o-mini,gpt-4o table.csv --out outcomes.jsonl
  routeproof data describe --kind outcomes outcomes.jsonl`,
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("from", from, names); err != nil {
				return err
			}
			if err := checkOverwrite(append(args, o.Contaminated, o.Questions), out, problems); err != nil {
				return err
			}
			if err := checkFile("--out", out); err != nil {
				return err
			}
			log, err := a.problemLog(cmd)
			if err != nil {
				return err
			}
			o.Models = trimmed(o.Models)
			report, err := importInto(cmd.Context(), out, from, args, o, log.add)
			if err := log.finish(err); err != nil {
				return err
			}
			i := newImported(out, report)
			if asJSON {
				return a.writeJSON(i)
			}
			return a.buffered(i.print)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the counts as JSON")
	cmd.Flags().StringVar(&from, "from", "", "format of the files (required)")
	cmd.Flags().StringVar(&out, "out", "", "file of outcomes to write: .jsonl, .csv or .parquet, perhaps with .gz or .zst behind (required)")
	cmd.Flags().StringVar(&o.Contaminated, "contaminated", "", "file of prompts to leave out, JSON Lines with eval_prompt (the routellm formats)")
	cmd.Flags().StringVar(&o.Questions, "questions", "", "file of MT-bench's questions (routellm-mt-bench)")
	cmd.Flags().StringSliceVar(&o.Models, "models", nil, "columns that are models (wide)")
	addProblems(cmd, &problems)
	required(cmd, "from", "out")
	return cmd
}

// importInto imports files into out. Reading that was left behind writes no
// more.
func importInto(ctx context.Context, out, from string, paths []string, o importer.Options, each func(datasets.Problem)) (report importer.Report, err error) {
	err = datasets.Outcomes().WriteFile(out, datasets.WriteOptions{}, func(put func(datasets.Outcome) error) (err error) {
		var writing sync.Mutex
		report, err = awaited(ctx, func() (importer.Report, error) {
			return importer.Import(from, paths, o, each, func(row *datasets.Outcome) error {
				writing.Lock()
				defer writing.Unlock()
				if err := ctx.Err(); err != nil {
					return err
				}
				return put(*row)
			})
		})
		writing.Lock() // whoever is in put comes to its end, and nobody gets in again
		defer writing.Unlock()
		return err
	})
	var usage *importer.UsageError
	if errors.As(err, &usage) {
		err = fmt.Errorf("%w: %w", errUsage, err)
	}
	return report, err
}

// imported is what import prints.
type imported struct {
	File     string    `json:"file"`
	Outcomes int       `json:"outcomes"`
	Prompts  int       `json:"prompts"`
	Models   []string  `json:"models"`
	LeftOut  []leftOut `json:"left_out"`
	Notes    []string  `json:"notes"`
}

func newImported(out string, r importer.Report) imported {
	i := imported{
		File: out, Outcomes: r.Rows, Prompts: r.Prompts, Models: append([]string{}, r.Models...), LeftOut: []leftOut{},
		Notes: append([]string{}, r.Warnings...),
	}
	for _, d := range r.Dropped {
		i.LeftOut = append(i.LeftOut, leftOut(d))
	}
	return i
}

func (i imported) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s of %s and %s\n", printable(i.File), wording.Plural(i.Outcomes, "outcome"), wording.Plural(i.Prompts, "prompt"), wording.Plural(len(i.Models), "model"))
	for _, left := range i.LeftOut {
		fmt.Fprintf(w, "left out: %d %s\n", left.Count, left.What)
	}
	for _, note := range i.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	return nil
}
