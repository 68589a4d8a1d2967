package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// editFlags say what becomes of a setting that belongs into the configuration.
type editFlags struct {
	heuristic, write bool
}

func (f *editFlags) add(cmd *cobra.Command, heuristic string) {
	cmd.Flags().BoolVar(&f.heuristic, "heuristic", false, "show, or write, "+heuristic+" instead: nothing is guaranteed")
	cmd.Flags().BoolVar(&f.write, "write", false, "write the setting into the file of --config")
}

// check refuses to write where that cannot be, before any work.
func (f *editFlags) check(config string, key pipeline.Key) error {
	if !f.write {
		return nil
	}
	if config == "" {
		return fmt.Errorf("%w: --write: expected the file to write into: name it with --config", errUsage)
	}
	info, err := os.Stat(config)
	if err != nil {
		return err
	}
	// The file is replaced, which its own permissions would not keep from.
	if info.Mode().Perm()&0o200 == 0 {
		return fmt.Errorf("%w: --write: %s is read-only: make it writable, or leave --write out and take the change from what is shown", errUsage, config)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	_, err = pipeline.Edit{Key: key, Value: 1}.Apply(text, config) // in the range of each
	return err
}

// configEdit is what a configuration would become, and its JSON.
type configEdit struct {
	pipeline.Edit
	Certified bool   `json:"certified"` // else heuristic
	Diff      string `json:"diff"`      // unified, of the configuration; empty: it is so already. Without one, the lines to put into one.
	Cannot    string `json:"cannot"`    // why the configuration cannot be edited; then the lines are given to put into it by hand; empty: it can
	Written   string `json:"written"`   // the file that it was written into; empty: none
	config    string
}

// certifiedEdit is the edit that sets a certified value. The comment holds the
// certificate in short.
func certifiedEdit(key pipeline.Key, value float64, c centroids.Certificate) *configEdit {
	return &configEdit{Certified: true, Edit: pipeline.Edit{Key: key, Value: value, Comment: fmt.Sprintf(
		"certified: %s; alpha %g, delta %g, n %d, %d against it, %s, split %s", c.Claim, c.Alpha, c.Delta, c.N, c.Errors, c.Method, short(c.Split))}}
}

// heuristicEdit is the edit that sets a value which nothing is known to hold of.
func heuristicEdit(key pipeline.Key, value float64, why string) *configEdit {
	return &configEdit{Edit: pipeline.Edit{Key: key, Value: value, Comment: "heuristic, nothing is guaranteed: " + why}}
}

// editOf is the edit of a result with one threshold, heuristic or certified; nil
// where there is none.
func editOf(key pipeline.Key, r *calibrate.Result, heuristic bool) *configEdit {
	if heuristic {
		if r.Heuristic == nil {
			return nil
		}
		return heuristicEdit(key, float64(r.Heuristic.Thresholds[0]), fmt.Sprintf("the most permissive setting with a risk of at most %g on tune", r.Alpha))
	}
	c, ok := r.Certificate()
	if !ok {
		return nil
	}
	return certifiedEdit(key, float64(r.Setting.Thresholds[0]), c)
}

// propose works out the change of a configuration, whose name may be empty, and
// with write makes it. The file is replaced as a whole or not at all.
func (e *configEdit) propose(config string, write bool) error {
	e.config = config
	var before []byte
	var info fs.FileInfo
	if config != "" {
		path, err := filepath.EvalSymlinks(config) // a link stays one
		if err == nil {
			config = path
			before, err = os.ReadFile(config)
		}
		if err == nil {
			info, err = os.Stat(config)
		}
		if err != nil {
			return err
		}
	}
	after, err := e.Apply(before, e.config)
	var cannot *pipeline.ConfigError
	switch {
	case errors.As(err, &cannot) && !write:
		// The result stands all the same, and the lines to set it can be shown.
		if after, err = e.Apply(nil, "configuration"); err != nil {
			return err
		}
		e.Cannot, e.Diff = cannot.Error(), string(after)
		return nil
	case err != nil:
		return err
	case e.config == "":
		e.Diff = string(after)
		return nil
	}
	e.Diff = unified(e.config, before, after)
	if !write || e.Diff == "" {
		return nil
	}
	if err := datasets.WriteFile(config, func(w io.Writer) error {
		_, err := w.Write(after)
		return err
	}); err != nil {
		return err
	}
	e.Written = e.config
	return os.Chmod(config, info.Mode().Perm()) // as it was
}

func (e *configEdit) print(w io.Writer) {
	if e == nil {
		return
	}
	what := "heuristic, nothing is guaranteed"
	if e.Certified {
		what = "certified"
	}
	switch {
	case e.Cannot != "":
		fmt.Fprintf(w, "\n%s (%s)\n%s", safe(e.Cannot, nil), what, safe(e.Diff, nil))
	case e.Diff == "":
		fmt.Fprintf(w, "\n%s has this setting (%s) already\n", printable(e.config), what)
	case e.Written != "":
		fmt.Fprintf(w, "\nwritten into %s (%s):\n%s", printable(e.Written), what, safe(e.Diff, nil))
	case e.config == "":
		fmt.Fprintf(w, "\nin a configuration (%s):\n%s", what, safe(e.Diff, nil))
	default:
		fmt.Fprintf(w, "\nthe change of %s (%s), which --write makes:\n%s", printable(e.config), what, safe(e.Diff, nil))
	}
}

// unified is the difference of two texts as a patch with three lines of context
// and one hunk; empty where there is none.
func unified(name string, before, after []byte) string {
	a, b := linesOf(before), linesOf(after)
	same, tail := 0, 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	if same == len(a) && same == len(b) {
		return ""
	}
	for tail < min(len(a), len(b))-same && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	const context = 3
	from, behind := max(0, same-context), min(tail, context)
	var out strings.Builder
	n, m := len(a)-tail+behind-from, len(b)-tail+behind-from
	fmt.Fprintf(&out, "--- %s\n+++ %s\n@@ -%s +%s @@\n", name, name, hunk(from, n), hunk(from, m))
	put := func(sign string, lines []string) {
		for _, line := range lines {
			out.WriteString(sign + line)
			if !strings.HasSuffix(line, "\n") {
				out.WriteString("\n\\ No newline at end of file\n")
			}
		}
	}
	put(" ", a[from:same])
	put("-", a[same:len(a)-tail])
	put("+", b[same:len(b)-tail])
	put(" ", a[len(a)-tail:len(a)-tail+behind])
	return out.String()
}

// hunk is where lines begin, from 1, or behind which line there are none, and how
// many they are.
func hunk(from, n int) string {
	if n > 0 {
		from++
	}
	return fmt.Sprintf("%d,%d", from, n)
}

// linesOf cuts a text behind each end of line.
func linesOf(text []byte) []string {
	var out []string
	for line := range bytes.Lines(text) {
		out = append(out, string(line))
	}
	return out
}
