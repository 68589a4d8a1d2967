package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/describe"
	"github.com/routeproof/routeproof/internal/wording"
)

// described is the JSON of data describe.
type described struct {
	File        string                `json:"file"`
	Description *describe.Description `json:"prompts,omitempty"`
	Against     string                `json:"against,omitempty"`
	Overlap     *describe.Overlap     `json:"overlap,omitempty"`
	Matrix      *describe.Matrix      `json:"outcomes,omitempty"`
}

func (a *app) dataDescribeVerb() *cobra.Command {
	var flags lookFlags
	cmd := &cobra.Command{
		Use:   "describe FILE",
		Short: "Show what stands in a file of prompts or outcomes",
		Long: fmt.Sprintf(`Show tiers, domains, languages and lengths of prompts, and which of them repeat
each other. Prompts with equal texts (but for case and white space), of one named
group, or with near-duplicate texts must share a split; texts are near-duplicates
where they share an estimated %.0f %% of their rare character sequences, or, if they
are short, differ in one word. What most prompts have in common, such as a
template, does not count.

With --against the prompts that another file holds already are counted and listed.
With --kind outcomes: models, holes, scores and costs; - reads standard input.

With --json all of it is printed as JSON, with all pairs. Nothing is printed of a bad
file: data validate --json has its problems.`, 100*datasets.Similarity),
		Example: `  routeproof data describe prompts.jsonl

  # which test prompts are training prompts?
  routeproof data describe others.jsonl --against prompts.jsonl`,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			tiers, log, err := flags.ready(a, cmd, args, []string{"prompts", "outcomes"})
			if err != nil {
				return err
			}
			d := described{File: args[0], Against: flags.against}
			if flags.kind == "outcomes" {
				d.Matrix, err = describe.Outcomes(func(visit func(*datasets.Outcome) error) (datasets.Summary, error) {
					return scan(cmd.Context(), a, datasets.Outcomes(), args[0], log.add, visit)
				})
			} else {
				err = d.describePrompts(cmd, tiers, log.add)
			}
			if err := log.finish(err); err != nil {
				return err
			}
			if flags.asJSON {
				return a.writeJSON(d)
			}
			return a.buffered(d.print)
		},
	}
	cmd.Flags().StringVar(&flags.kind, "kind", "prompts", "what the file holds: prompts or outcomes")
	cmd.Flags().StringVar(&flags.against, "against", "", "prompts to look for in the file")
	cmd.Flags().BoolVar(&flags.asJSON, "json", false, "print as JSON, with all pairs")
	flags.add(cmd)
	addProblems(cmd, &flags.problems)
	return cmd
}

func (d *described) describePrompts(cmd *cobra.Command, tiers []string, each func(datasets.Problem)) (err error) {
	if err := checkRereadable(d.File); err != nil {
		return err
	}
	scan := describe.File(cmd.Context(), d.File, tiers, each)
	if d.Description, err = describe.Prompts(scan, tiers); err != nil || d.Against == "" {
		return err
	}
	d.Overlap, err = describe.Against(scan, describe.File(cmd.Context(), d.Against, nil, each))
	return err
}

func (d *described) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(key, format string, args ...any) { fmt.Fprintf(t, key+"\t"+format+"\n", args...) }
	if d.Matrix != nil {
		printMatrix(line, d.Matrix)
		return t.Flush()
	}
	p := d.Description
	line("prompts", "%d, labelled %d, with a second tier %d", p.Prompts, p.Labelled, p.AltTiers)
	line("tiers", "%s", counts(p.Tiers, p.Labelled))
	for _, c := range []struct {
		name string
		of   []describe.Count
	}{{"splits", p.Splits}, {"domains", p.Domains}, {"languages", p.Languages}, {"scripts (seen)", p.Scripts}, {"task types", p.TaskTypes}} {
		if len(c.of) > 1 || c.of[0].Name != "" {
			line(c.name, "%s", counts(c.of, p.Prompts))
		}
	}
	for _, q := range []struct {
		name string
		of   describe.Quantiles
	}{{"characters", p.Runes}, {"words", p.Words}} {
		line(q.name, "median %d, 5 to 95 %%: %d to %d, all: %d to %d, mean %.1f", q.of.Median, q.of.P5, q.of.P95, q.of.Min, q.of.Max, q.of.Mean)
	}
	line("repeats", "%d equal a text or share a group with one before, %d with near-duplicates", p.Texts.Repeated, p.Texts.NearRepeated)
	line("groups", "%d that can go to different splits, the largest of %s", p.Texts.Groups, wording.Plural(p.Texts.Largest, "prompt"))
	if n := p.Texts.Templates; n > 0 {
		line("templates", "%s mostly of what many have in common: which of them repeat each other is not told", wording.Plural(n, "text"))
	}
	for _, warning := range p.Warnings {
		line("note", "%s", warning)
	}
	if o := d.Overlap; o != nil {
		line("against "+printable(d.Against), "%d equal and %d nearly equal texts", o.Equal, o.Near)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	d.printExamples(w)
	return nil
}

func (d *described) printExamples(w io.Writer) {
	for i, g := range d.Description.Texts.Examples {
		if i == 0 {
			fmt.Fprintln(w, "\nThe largest groups that near-duplicates join (those of equal texts alone are left out):")
		}
		fmt.Fprintf(w, "  %s\n", wording.Plural(g.N, "prompt"))
		for _, m := range g.Few {
			fmt.Fprintf(w, "    %-20s %s\n", printable(m.ID), strconv.Quote(m.Text))
		}
	}
	if d.Overlap == nil {
		return
	}
	for i, pair := range d.Overlap.Pairs {
		if i == 0 {
			fmt.Fprintf(w, "\nPrompts that %s holds already:\n", printable(d.Against))
		}
		if i == datasets.ShownProblems {
			fmt.Fprintf(w, "  and %d more (--json lists all)\n", len(d.Overlap.Pairs)-i)
			break
		}
		how := "nearly"
		if pair.Equal {
			how = "equal"
		}
		fmt.Fprintf(w, "  %s is %s to %s\n", printable(pair.ID), how, printable(pair.OtherID))
	}
}

func printMatrix(line func(key, format string, args ...any), m *describe.Matrix) {
	line("outcomes", "%d of %s × %s, %d missing", m.Rows, wording.Plural(m.Prompts, "prompt"), wording.Plural(len(m.Models), "model"), m.Holes)
	line("domains", "%s", counts(m.Domains, m.Prompts))
	for _, model := range m.Models {
		score, usd := "no score", "no cost"
		if model.Mean != nil {
			score = fmt.Sprintf("score %.4f over %d", *model.Mean, model.Scores)
		}
		if model.USD != nil {
			usd = fmt.Sprintf("$%.4g over %d", *model.USD, model.Costs)
		}
		line("model", "%s: %s, %d missing, %s, %s, %s", printable(model.Name), wording.Plural(model.Rows, "answer"), model.Missing, score, usd, wording.Plural(model.Errors, "error"))
	}
	for _, warning := range m.Warnings {
		line("note", "%s", warning)
	}
}

// counts names values with their numbers and shares, at most 12.
func counts(list []describe.Count, of int) string {
	const shown = 12
	var b strings.Builder
	rest := 0
	for i, c := range list {
		if i >= shown {
			rest += c.N
			continue
		}
		if i > 0 {
			b.WriteString(", ")
		}
		name := printable(c.Name)
		if c.Name == "" {
			name = "(none)"
		}
		fmt.Fprintf(&b, "%s %d (%.1f %%)", name, c.N, 100*float64(c.N)/float64(max(of, 1)))
	}
	if len(list) > shown {
		fmt.Fprintf(&b, ", and %s %d", wording.Plural(len(list)-shown, "other"), rest)
	}
	return b.String()
}
