package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval/pipeline"
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
		Args: cobra.NoArgs,
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

func (f *tierFlags) names() ([]string, error) {
	config, err := readConfig(f.config)
	if err != nil {
		return nil, err
	}
	names := config.TierNames()
	if f.tiers != "" {
		names = strings.Split(f.tiers, ",")
		if _, err := centroids.NewTiers(names...); err != nil {
			return nil, fmt.Errorf("%w: --tiers: %w", errUsage, err)
		}
	}
	return names, nil
}

func readConfig(path string) (pipeline.Config, error) {
	if path == "" {
		return pipeline.DefaultConfig(), nil
	}
	return pipeline.ReadConfig(path)
}

// checkOverwrite refuses to write over what is read.
func checkOverwrite(inputs []string, outputs ...string) error {
	for _, out := range outputs {
		if out == "" {
			return fmt.Errorf("%w: an output has no name: give one", errUsage)
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

// checkRereadable refuses what cannot be read more than once.
func checkRereadable(paths ...string) error {
	for _, path := range paths {
		if path == "-" {
			return fmt.Errorf("%w: standard input cannot be read more than once: give a file", errUsage)
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() && !info.IsDir() {
			return fmt.Errorf("%w: %s cannot be read more than once: give a file", errUsage, path)
		}
	}
	return nil
}

// finish closes a list of problems and joins its failure with err.
func (l *problemLog) finish(a *app, err error) error {
	return errors.Join(err, l.close(a))
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
