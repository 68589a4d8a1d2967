package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/builtin"
	"github.com/routeproof/routeproof/eval/pipeline"
)

func (a *app) initVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write a commented configuration and a sample set to start from",
		Long: `Write routeproof.yaml, the whole configuration with comments, and the built-in
prompts and LLM answers as prompts.jsonl and answers.jsonl. Files that exist are
never replaced.`,
		Example: `  routeproof init work
  routeproof run --config work/routeproof.yaml --prompts work/prompts.jsonl --llm-answers work/answers.jsonl --out work/out`,
		Args: takes(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			folder := "."
			if len(args) == 1 {
				folder = args[0]
			}
			return a.init(folder)
		},
	}
	return cmd
}

func (a *app) init(folder string) error {
	prompts, answers := builtin.Raw()
	files := []struct {
		name    string
		content []byte
	}{
		{"routeproof.yaml", pipeline.DefaultYAML()},
		{"prompts.jsonl", prompts},
		{"answers.jsonl", answers},
	}
	if err := checkFolder("FOLDER", folder); err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(folder, f.name)
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%w: %s exists already: move it away or name another folder", errUsage, path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(folder, f.name)
		if err := datasets.WriteFile(path, func(w io.Writer) error { _, err := w.Write(f.content); return err }); err != nil {
			return err
		}
		fmt.Fprintln(a.out, path)
	}
	return nil
}
