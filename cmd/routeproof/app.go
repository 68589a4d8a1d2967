package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRegressed   = 10
	exitUncertain   = 11
	exitContent     = 12
	exitBudget      = 13
	exitInterrupted = 130
)

// app is the program with its streams.
type app struct {
	in       io.Reader
	out, err io.Writer
	args     []string
	working  bool     // flags and arguments were fine
	behind   []string // messages to be printed behind that of the error
}

// run executes the command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	a.args = args
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	help := &helpWriter{to: a.out}
	root.SetOut(help)
	root.SetErr(a.err)
	verb, err := root.ExecuteContextC(ctx)
	if help.err != nil { // and err either that or nil
		a.working, err = true, help.err
	}
	if err == nil {
		return exitOK
	}
	code := a.exitCode(err)
	if code == exitInterrupted {
		a.say("interrupted: nothing half-written is left; run the same command again")
		return code
	}
	a.say("%v", err)
	if mend := mendOf(err); mend != "" {
		a.later("%s", mend)
	}
	for _, message := range a.behind {
		a.say("%s", message)
	}
	if !a.working {
		fmt.Fprintln(a.err, usage(verb))
	}
	return code
}

// mendOf says what to do where a server could not be asked.
func mendOf(err error) string {
	failure := openaiapi.AsError(err)
	switch {
	case failure != nil && failure.Fatal():
		return "look at the endpoint in the configuration, its base_url and key_env, and at the name of the model; what was answered is kept"
	case errors.Is(err, openaiapi.ErrBudget):
		return "what was answered is kept: raise --budget, and run the same command again"
	}
	return ""
}

// later keeps a message for behind that of the error.
func (a *app) later(format string, args ...any) {
	a.behind = append(a.behind, fmt.Sprintf(format, args...))
}

func (a *app) exitCode(err error) int {
	var content *datasets.ContentError
	var config *pipeline.ConfigError
	var verdict *verdictError
	var log *logError
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &log):
		return log.code
	case errors.As(err, &verdict):
		return verdict.exitCode()
	case !a.working, errors.As(err, &config), errors.Is(err, errUsage), errors.Is(err, datasets.ErrName), isWrongPath(err):
		return exitUsage
	case errors.Is(err, openaiapi.ErrBudget):
		return exitBudget
	case errors.As(err, &content), isArtifactError(err):
		return exitContent
	}
	return exitFailed
}

// errUsage marks errors of flags that cobra cannot see.
var errUsage = errors.New("wrong usage")

// isWrongPath tells whether a path was given that cannot be what it is meant
// to be, as opposed to a disk that fails.
func isWrongPath(err error) bool {
	for _, target := range []error{fs.ErrNotExist, fs.ErrPermission, fs.ErrExist, syscall.EISDIR, syscall.ENOTDIR, syscall.EROFS} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

func isArtifactError(err error) bool {
	for _, target := range []error{
		centroids.ErrFormat, centroids.ErrVersion, centroids.ErrChecksum, centroids.ErrVector, centroids.ErrTiers,
		centroids.ErrDims, centroids.ErrManifest, centroids.ErrEmbedder, centroids.ErrCanary,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "routeproof",
		Short: "Evaluate and calibrate LLM routers offline",
		Long: `routeproof evaluates and calibrates LLM routers offline.

A router sends each request to the cheapest model tier that handles it well.
From labelled prompts and recorded answers routeproof builds the centroid file
that a router loads, and reports how often rule, embedding, LLM and hybrid
classifiers are right, what they cost, and how sure that is.

Exit codes: 0 fine; 1 the program failed; 2 wrong flags, paths or configuration;
10 what check or logs must not find; 11 they cannot tell; 12 invalid file content or
no data; 13 over budget; 130 interrupted.`,
		Example: `  # everything, on the built-in set
  routeproof run

  # everything, on your own prompts
  routeproof run --prompts prompts.jsonl --out out`,
		Version:       readBuilt().String(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	a.addVerbs(root, a.runVerb(), a.buildVerb(), a.classifyVerb(), a.inspectVerb(), a.benchVerb(), a.checkVerb(), a.compareVerb(), a.simulateVerb(), a.dataVerb(), a.calibrateVerb(), a.collectVerb(), a.importVerb(), a.logsVerb(), a.initVerb())
	return root
}

// addVerbs has the app know when a verb starts to work. A flag that the parent
// does not know, behind a word that is no verb, is the verb's: the word is at
// fault.
func (a *app) addVerbs(parent *cobra.Command, verbs ...*cobra.Command) {
	parent.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if cmd.HasSubCommands() && cmd.Flags().NArg() > 0 {
			return knownVerb(cmd, cmd.Flags().Args())
		}
		return flagError(cmd, err)
	})
	for _, verb := range verbs {
		do := verb.RunE
		verb.RunE = func(cmd *cobra.Command, args []string) error {
			a.working = true // cobra is through with flags and arguments
			return do(cmd, args)
		}
		parent.AddCommand(verb)
	}
}

// buffered gives write a buffer over standard output and flushes it.
func (a *app) buffered(write func(io.Writer) error) error {
	w := bufio.NewWriter(a.out)
	err := write(w)
	if flushed := w.Flush(); !errors.Is(err, flushed) { // which repeats what failed before
		err = errors.Join(err, flushed)
	}
	return err
}

func (a *app) writeJSON(v any) error {
	return a.buffered(func(w io.Writer) error {
		enc := newEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	})
}
