package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/wording"
)

const defaultProblems = "routeproof-problems.jsonl"

func addProblems(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "problems", defaultProblems, "where to list all bad rows, if there are any")
}

// problemLog lists all problems in a file, which is made with the first.
// Reading that was left behind may still add to it.
type problemLog struct {
	app       *app
	path      string
	tiersHint string

	mu     sync.Mutex
	file   *os.File
	enc    *json.Encoder
	w      *bufio.Writer
	n      int
	cut    bool // reading stopped at some number of problems
	tiers  bool // a tier has another name than was expected
	closed bool
	err    error
}

// problemLog returns the list of a verb that has the flag for it. A file that
// was asked for and cannot be written is an error now, before anything is read.
func (a *app) problemLog(cmd *cobra.Command) (*problemLog, error) {
	flag := cmd.Flags().Lookup("problems")
	l := &problemLog{app: a, path: flag.Value.String(), tiersHint: "put the names under tiers: in a configuration (--config; routeproof init writes one)"}
	if cmd.Flags().Lookup("tiers") != nil {
		l.tiersHint = "name them with --tiers, cheapest first, or " + l.tiersHint
	}
	if !flag.Changed {
		return l, nil
	}
	if err := checkWritable(l.path); err != nil {
		return nil, fmt.Errorf("%w: --problems: expected a file that can be written: %w", errUsage, err)
	}
	return l, nil
}

// checkWritable opens a file as if to write it, and leaves everything as it
// was. Of devices it asks nothing.
func checkWritable(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil
	}
	isNew := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil || !isNew {
		return err
	}
	return os.Remove(path)
}

// lastProblem ends the reason of the problem with which reading stops.
const lastProblem = "the rest of the file was not read"

func (l *problemLog) add(p datasets.Problem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if strings.HasSuffix(p.Reason, lastProblem) {
		l.cut = true
	} else {
		l.n++
	}
	l.tiers = l.tiers || isTierName(p)
	if l.file == nil && l.err == nil {
		if l.file, l.err = os.Create(l.path); l.err == nil {
			l.w = bufio.NewWriter(l.file)
			l.enc = newEncoder(l.w)
		}
	}
	if l.err == nil {
		l.err = l.enc.Encode(p)
	}
}

// isTierName tells whether a problem is a tier of a name that is none.
func isTierName(p datasets.Problem) bool {
	return (p.Field == "tier" || p.Field == "alt_tier") && strings.HasPrefix(p.Reason, "expected one of ")
}

// finish ends the list and returns the error that it came with. What is to be
// said of the list is printed behind that error. A list that could not be
// written is a warning, since the content is what is wrong.
func (l *problemLog) finish(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.n == 0 {
		if err == nil {
			l.removeOld()
		}
		return err
	}
	if l.file != nil {
		l.err = errors.Join(l.err, l.w.Flush(), l.file.Close())
	}
	if l.tiers {
		l.app.later("if the tiers have other names, %s", l.tiersHint)
	}
	switch {
	case l.err != nil:
		l.app.later("warning: the problems are not listed in a file: %v: name one that can be written with --problems", l.err)
	case l.cut:
		l.app.later("the first %s are listed in %s; reading stopped there", wording.Plural(l.n, "problem"), l.path)
	case l.n > 1:
		l.app.later("all %s are listed in %s", wording.Plural(l.n, "problem"), l.path)
	}
	return err
}

// removeOld removes the list of an earlier command, which would look like this
// one's. A name that the user chose is left alone.
func (l *problemLog) removeOld() {
	if l.path != defaultProblems {
		return
	}
	if info, err := os.Lstat(l.path); err != nil || !info.Mode().IsRegular() {
		return
	}
	if err := os.Remove(l.path); err != nil {
		l.app.say("warning: %s is of an earlier command, and could not be removed: %v", l.path, err)
	}
}
