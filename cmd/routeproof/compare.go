package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/internal/wording"
	"github.com/routeproof/routeproof/reports"
)

// compareFlags are those of compare.
type compareFlags struct {
	format, config, problems string
	classifiers              []string
	flips                    int
	asJSON                   bool
}

func (a *app) compareVerb() *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "Set two runs, files of predictions or artifacts side by side",
		Long: `Set two runs' folders, files of predictions or artifacts side by side: what each
classifier is right about and costs, with the difference B − A and its paired 95 %
interval, accuracy by domain, tier and length, the prompts that flipped, and how
the artifacts differ. A folder brings its predictions, of which the out-of-fold
ones are compared, and its artifact; what both sides bring is compared.

It informs and decides nothing: sides that do not match, by hash, id or label, are
compared over the prompts that do, and what does not is told.`,
		Example: `  # two artifacts
  routeproof build --out centroids.safetensors
  routeproof build --prompts prompts.jsonl --out other.safetensors
  routeproof compare centroids.safetensors other.safetensors

  # two runs, for a pull request
  routeproof run --prompts others.jsonl --out old
  routeproof run --prompts others.jsonl --out new
  routeproof compare old new --format markdown --flips 20`,
		Args: takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args); err != nil {
				return err
			}
			c, err := a.compare(cmd, &f, args)
			if err != nil {
				return errors.Join(err, c.Predictions.Close())
			}
			err = a.buffered(func(w io.Writer) error {
				switch f.format {
				case "json":
					return reports.CompareJSON(controlEscaper{w}, c)
				case "markdown":
					return reports.CompareMarkdown(w, c, f.flips)
				}
				return reports.CompareText(w, c, f.flips)
			})
			return errors.Join(err, c.Predictions.Close())
		},
	}
	cmd.Flags().StringVar(&f.format, "format", "text", "text, markdown or json")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "the same as --format json, with all prompts that flipped")
	cmd.Flags().IntVar(&f.flips, "flips", 10, "how many of the prompts that flipped are shown, of each classifier and way")
	cmd.Flags().StringSliceVar(&f.classifiers, "classifier", nil, "classifier to compare; give it again for others (default: all)")
	cmd.Flags().StringVar(&f.config, "config", "", "configuration with tiers and prices of predictions that do not bring theirs (default: built-in)")
	addProblems(cmd, &f.problems)
	return cmd
}

// check refuses flags that make no sense before anything is read.
func (f *compareFlags) check(cmd *cobra.Command, paths []string) error {
	if err := oneOf("format", f.format, []string{"text", "markdown", "json"}); err != nil {
		return err
	}
	switch {
	case f.asJSON && cmd.Flags().Changed("format") && f.format != "json":
		return fmt.Errorf("%w: --json and --format %s: leave one of them out", errUsage, f.format)
	case f.flips < 0:
		return fmt.Errorf("%w: --flips: expected 0 or more, found %d", errUsage, f.flips)
	case slices.Contains(f.classifiers, ""):
		return fmt.Errorf("%w: --classifier: expected a name, found nothing", errUsage)
	}
	if f.asJSON {
		f.format = "json"
	}
	inputs := []string{f.config}
	for _, path := range paths {
		inputs = append(inputs, sideFiles(path)...)
	}
	return checkOverwrite(inputs, f.problems)
}

// brought is what one side of a comparison is.
type brought struct {
	side     *gate.Side // nil of an artifact
	info     *sideInfo
	artifact *centroids.Artifact // nil where there is none
}

// compare reads both sides and compares what they both bring.
func (a *app) compare(cmd *cobra.Command, f *compareFlags, paths []string) (out reports.Comparison, err error) {
	out = reports.Comparison{A: paths[0], B: paths[1]}
	ctx := cmd.Context()
	var sides [2]brought
	log, err := a.problemLog(cmd)
	if err != nil {
		return out, err
	}
	err = interruptible(ctx, func() error {
		var errs [2]error
		for i, path := range paths {
			sides[i], errs[i] = a.bring(path, f, log)
		}
		err := errors.Join(errs[:]...)
		if err != nil {
			err = errors.Join(err, sides[0].side.Close(), sides[1].side.Close())
		}
		return err
	})
	if err = log.finish(err); err != nil {
		return out, err
	}
	x, y := sides[0], sides[1]
	defer func() { err = errors.Join(err, x.side.Close(), y.side.Close()) }()
	if x.artifact != nil && y.artifact != nil {
		d := centroids.Compare(x.artifact, y.artifact)
		out.Artifacts = &d
	}
	if x.side != nil && y.side != nil {
		out.Predictions, err = f.predictions(ctx, x, y)
		return out, err
	}
	switch {
	case out.Artifacts == nil:
		return out, fmt.Errorf("%w: %s and %s have nothing in common: give two runs' folders, two files of predictions or two artifacts", errUsage, paths[0], paths[1])
	case len(f.classifiers) > 0:
		return out, fmt.Errorf("%w: --classifier goes with predictions, and not both sides have them", errUsage)
	}
	return out, nil
}

// bring reads an artifact, or a run's folder or file of predictions.
func (a *app) bring(path string, f *compareFlags, log *problemLog) (brought, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() && filepath.Ext(path) == centroids.Extension {
		artifact, err := centroids.Load(path)
		return brought{artifact: artifact}, err
	}
	config, err := readConfig(f.config)
	if err != nil {
		return brought{}, err
	}
	side, info, err := a.readSide(path, sideOptions{config: config, each: log.add})
	if err != nil {
		return brought{}, err
	}
	return brought{side: side, info: info, artifact: info.Artifact}, nil
}

// predictions compares two sides, or the classifiers that were asked for.
func (f *compareFlags) predictions(ctx context.Context, x, y brought) (*gate.Comparison, error) {
	a, b := x.side, y.side
	known := append(a.Classifiers(), b.Classifiers()...)
	for _, name := range f.classifiers {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%w: --classifier: neither side has %q%s", errUsage, name, wording.DidYouMean(name, known))
		}
	}
	if len(f.classifiers) > 0 {
		a, b = a.Only(f.classifiers...), b.Only(f.classifiers...)
	}
	return gate.Compare(ctx, a, b, costsOf(x.info, y.info), 0, 1)
}
