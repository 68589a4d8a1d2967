package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
)

func (a *app) dataVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "Check, describe, split, derive and make up data files",
		Long: `Work on data files: JSON Lines, CSV or Parquet, plain, .gz or .zst. Files are told
apart by their content when they are read, and by their names when they are
written.`,
		Example: `  routeproof data validate prompts.jsonl
  routeproof data describe prompts.jsonl`,
		Args: knownVerb,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	a.addVerbs(cmd, a.dataValidateVerb(), a.dataDescribeVerb(), a.dataSplitVerb(), a.dataDeriveVerb(), a.dataSynthVerb())
	return cmd
}

// tierFlags say which tiers prompts may have.
type tierFlags struct{ tiers, config string }

func (f *tierFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.tiers, "tiers", "", "names of the tiers, cheapest first, separated by commas (default: those of the configuration)")
	cmd.Flags().StringVar(&f.config, "config", "", "configuration, see routeproof init (default: built-in)")
}

func (f *tierFlags) names(ctx context.Context) ([]string, error) {
	if f.tiers == "" {
		config, err := f.read(ctx)
		return config.TierNames(), err
	}
	names := trimmed(strings.Split(f.tiers, ","))
	if _, err := centroids.NewTiers(names...); err != nil {
		return nil, fmt.Errorf("%w: --tiers: %w", errUsage, err)
	}
	return names, nil
}

func (f *tierFlags) read(ctx context.Context) (pipeline.Config, error) {
	return awaited(ctx, func() (pipeline.Config, error) { return readConfig(f.config) })
}

// trimmed takes the space around names away.
func trimmed(names []string) []string {
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}

// lookFlags are those of the verbs that look into data files.
type lookFlags struct {
	tierFlags
	kind, against, problems string
	asJSON                  bool
}

// ready checks flags and files before anything is read. kinds are those that
// the verb knows.
func (f *lookFlags) ready(a *app, cmd *cobra.Command, files, kinds []string) (tiers []string, log *problemLog, err error) {
	if err := oneOf("kind", f.kind, kinds); err != nil {
		return nil, nil, err
	}
	if f.against != "" {
		if f.kind != "prompts" {
			return nil, nil, fmt.Errorf("%w: --against goes with prompts", errUsage)
		}
		if err := checkRereadable(append(slices.Clone(files), f.against)...); err != nil {
			return nil, nil, err
		}
	}
	if tiers, err = f.names(cmd.Context()); err != nil {
		return nil, nil, err
	}
	if err := checkOverwrite(append(slices.Clone(files), f.against, f.config), f.problems); err != nil {
		return nil, nil, err
	}
	log, err = a.problemLog(cmd)
	return tiers, log, err
}

// knownVerb refuses what is no verb of cmd, with the one that may be meant.
func knownVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var verbs []string
	for _, verb := range cmd.Commands() {
		verbs = append(verbs, verb.Name())
	}
	return fmt.Errorf("unknown command %q for %q%s: expected one of %s", args[0], cmd.CommandPath(), wording.DidYouMean(args[0], verbs), strings.Join(verbs, ", "))
}

func readConfig(path string) (pipeline.Config, error) {
	if path == "" {
		return pipeline.DefaultConfig(), nil
	}
	return pipeline.ReadConfig(path)
}

// filesIn are the paths of a folder that is written, and of the files that may be
// written, replaced or removed in it.
func filesIn(folder string, names ...string) []string {
	paths := []string{folder}
	for _, name := range names {
		paths = append(paths, filepath.Join(folder, name))
	}
	return paths
}

// checkOverwrite refuses to write over what is read, or twice to the same file.
func checkOverwrite(inputs []string, outputs ...string) error {
	for i, out := range outputs {
		if out == "" {
			return fmt.Errorf("%w: an output has no name: give one", errUsage)
		}
		if slices.ContainsFunc(outputs[:i], func(o string) bool { return filepath.Clean(o) == filepath.Clean(out) }) {
			return fmt.Errorf("%w: %s is to be written twice: name another output", errUsage, out)
		}
		written, err := os.Stat(out)
		if err != nil {
			continue // it is not there yet
		}
		for _, in := range inputs {
			if read, err := os.Stat(in); in != "" && err == nil && os.SameFile(read, written) {
				return fmt.Errorf("%w: %s is to be read and to be written: name another output", errUsage, in)
			}
		}
	}
	return nil
}

func required(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic("routeproof: " + err.Error())
		}
	}
}

func oneOf(flag, value string, allowed []string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%w: --%s: expected one of %s, found %q", errUsage, flag, strings.Join(allowed, ", "), value)
}
