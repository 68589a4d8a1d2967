package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/importer"
)

func (a *app) importVerb() *cobra.Command {
	var from, out, problems string
	var o importer.Options
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
becomes of its columns. The formats are:
` + formats.String(),
		Example: `  printf 'id,prompt,gpt-4o-mini,gpt-4o\n1,What is 2 + 2?,1,1\n2,Prove it.,0,1\n' > table.csv
  routeproof import --from wide --models gpt-4o-mini,gpt-4o table.csv --out outcomes.jsonl
  routeproof data describe --kind outcomes outcomes.jsonl`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("from", from, names); err != nil {
				return err
			}
			if err := checkOverwrite(append(args, o.Contaminated, o.Questions), out, problems); err != nil {
				return err
			}
			log := &problemLog{path: problems}
			var report importer.Report
			err := datasets.Outcomes().WriteFile(out, datasets.WriteOptions{}, func(put func(datasets.Outcome) error) (err error) {
				report, err = importer.Import(from, args, o, log.add, func(row *datasets.Outcome) error {
					return errors.Join(cmd.Context().Err(), put(*row))
				})
				return err
			})
			var usage *importer.UsageError
			if errors.As(err, &usage) {
				err = fmt.Errorf("%w: %w", errUsage, err)
			}
			if err := log.finish(a, err); err != nil {
				return err
			}
			return a.buffered(func(w io.Writer) error {
				fmt.Fprintf(w, "%s: %d outcomes of %d prompts and %d models\n", out, report.Rows, report.Prompts, len(report.Models))
				for _, d := range report.Dropped {
					fmt.Fprintf(w, "left out: %d %s\n", d.Count, d.What)
				}
				for _, note := range report.Warnings {
					fmt.Fprintf(w, "note: %s\n", note)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "format of the files (required)")
	cmd.Flags().StringVar(&out, "out", "", "file of outcomes to write: .jsonl, .csv or .parquet, perhaps with .gz or .zst behind (required)")
	cmd.Flags().StringVar(&o.Contaminated, "contaminated", "", "file of prompts to leave out, JSON Lines with eval_prompt (the routellm formats)")
	cmd.Flags().StringVar(&o.Questions, "questions", "", "file of MT-bench's questions (routellm-mt-bench)")
	cmd.Flags().StringSliceVar(&o.Models, "models", nil, "columns that are models (wide)")
	addProblems(cmd, &problems)
	required(cmd, "from", "out")
	return cmd
}
