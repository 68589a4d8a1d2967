package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/describe"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
)

// splitCounts is the JSON of data split.
type splitCounts struct {
	File    string                    `json:"file"`
	Prompts int                       `json:"prompts"`
	Groups  int                       `json:"groups"`
	Counts  map[string]map[string]int `json:"counts"` // split → tier
	Notes   []string                  `json:"notes"`
}

func (a *app) dataSplitVerb() *cobra.Command {
	var out, salt, problems string
	var tiers tierFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "split FILE --out FILE",
		Short: "Give prompts a split column, without leaks",
		Long: `Write the prompts with a split column: train, tune, calibrate or test, by a hash of
the salt and of the prompt's group, in the shares of the configuration. Prompts that
repeat or nearly repeat each other share a split (see data describe). Where the file
has a split column already it is obeyed, and splits that it never names are cut from
its train. These are the splits that run uses.

The name after --out says the format: .jsonl, .csv or .parquet, perhaps with .gz or
.zst behind. Columns that routeproof does not know are left out. With --json the
counts of splits and tiers (NONE: unlabelled) are printed as JSON.`,
		Example: `  routeproof data split prompts.jsonl --out split.parquet`,
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := args[0]
			config, err := tiers.read(cmd.Context())
			if err != nil {
				return err
			}
			names, err := tiers.names(cmd.Context())
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("salt") {
				salt = config.Splits.Salt
			}
			if _, err := datasets.FormatOf(out); err != nil {
				return err
			}
			if err := checkOverwrite([]string{path, tiers.config}, out, problems); err != nil {
				return err
			}
			if err := checkFile("--out", out); err != nil {
				return err
			}
			if err := checkRereadable(path); err != nil {
				return err
			}
			log, err := a.problemLog(cmd)
			if err != nil {
				return err
			}
			s := splitter{scan: describe.File(cmd.Context(), path, names, log.add), tiers: names, name: path}
			err = s.assign(salt, config, log.add)
			if err := log.finish(err); err != nil {
				return err
			}
			if err := s.write(out); err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(splitCounts{File: out, Prompts: len(s.splits), Groups: s.groups, Counts: s.counts, Notes: s.notes})
			}
			return a.buffered(s.print)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write (required)")
	cmd.Flags().StringVar(&salt, "salt", "", "salt of the hash (default: that of the configuration)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the counts as JSON")
	tiers.add(cmd)
	addProblems(cmd, &problems)
	required(cmd, "out")
	return cmd
}

// splitter gives the prompts of a file their splits.
type splitter struct {
	scan    describe.Scan
	tiers   []string
	name    string
	columns []string
	counts  datasets.TierCounts
	splits  []datasets.Split
	notes   []string
	groups  int
}

func (s *splitter) assign(salt string, config pipeline.Config, each func(datasets.Problem)) error {
	summary, groups, err := grouped(s.scan)
	if err != nil {
		return err
	}
	s.notes = append([]string{}, summary.Warnings...)
	s.columns, s.groups = append(summary.Columns, "split"), groups.Len()
	splits, notes, err := groups.Assign(salt, config.Shares(), s.name, each)
	s.splits, s.notes = splits, append(s.notes, notes...)
	return err
}

// write copies the prompts with their splits.
func (s *splitter) write(out string) error {
	s.counts = datasets.NewTierCounts()
	n := 0
	return datasets.Prompts(s.tiers).WriteFile(out, datasets.WriteOptions{Columns: s.columns}, func(put func(datasets.Prompt) error) error {
		_, err := s.scan(func(p *datasets.Prompt) error {
			p.Split = s.splits[n].String()
			s.counts.Add(s.splits[n], p.Tier)
			n++
			return put(*p)
		})
		return err
	})
}

func (s *splitter) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	tiers := append(append([]string{}, s.tiers...), datasets.Unlabelled)
	fmt.Fprint(t, "split\t")
	for _, tier := range tiers {
		fmt.Fprintf(t, "%s\t", tier)
	}
	fmt.Fprintln(t, "all\t")
	for _, split := range datasets.Splits() {
		sum := 0
		fmt.Fprintf(t, "%s\t", split)
		for _, tier := range tiers {
			n := s.counts[split.String()][tier]
			sum += n
			fmt.Fprintf(t, "%d\t", n)
		}
		fmt.Fprintf(t, "%d\t\n", sum)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s in %s\n", wording.Plural(len(s.splits), "prompt"), wording.Plural(s.groups, "group"))
	for _, note := range s.notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	return nil
}
