package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
)

const (
	truthFile = "truth.json"
	synthNote = "made up by routeproof data synth"
)

// synthetic is the content of truth.json.
type synthetic struct {
	Note       string       `json:"note"`
	Files      []string     `json:"files"`
	Prompts    int          `json:"prompts"`
	Logs       int          `json:"logs"`
	Parameters synth.Config `json:"parameters"`
	Truth      synth.Truth  `json:"truth"`
}

// synthParts are the parts of a set; each is a file.
func synthParts() []string {
	return []string{"prompts", "outcomes", "answers", "prices", "scores", "logs"}
}

// synthEndings are those that a part's file can have.
func synthEndings() []string {
	var endings []string
	for _, format := range []string{".jsonl", ".csv", ".parquet"} {
		endings = append(endings, format, format+".gz", format+".zst")
	}
	return endings
}

// synthSet is a set of files that data synth writes.
type synthSet struct {
	g              *synth.Generator
	folder, format string
	n, logs        int
	only           []string // parts
}

// synthFile is a file of a set.
type synthFile struct {
	File string `json:"file"`
	Rows int    `json:"rows"` // 0: it has none, but is one object
}

// name returns the name of a part's file.
func (s synthSet) name(part string) string {
	if part == "logs" {
		return "logs.jsonl"
	}
	return part + "." + s.format
}

// names are those of the set's files, truth.json last.
func (s synthSet) names() []string {
	var names []string
	for _, part := range synthParts() {
		if slices.Contains(s.only, part) {
			names = append(names, s.name(part))
		}
	}
	return append(names, truthFile)
}

// write writes the set beside its place and moves it there once it is whole,
// so that files of two sets never stand together under one truth.json. It
// returns the files, truth.json last.
func (s synthSet) write(ctx context.Context) ([]synthFile, error) {
	if err := os.MkdirAll(s.folder, 0o755); err != nil {
		return nil, err
	}
	beside, err := os.MkdirTemp(s.folder, ".synth-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(beside) // what is in it then was not wanted
	var files []synthFile
	var names []string
	for _, part := range synthParts() {
		if !slices.Contains(s.only, part) {
			continue
		}
		name := s.name(part)
		rows, err := s.writePart(ctx, part, filepath.Join(beside, name))
		if err != nil {
			return nil, err
		}
		files, names = append(files, synthFile{filepath.Join(s.folder, name), rows}), append(names, name)
	}
	truth := synthetic{synthNote, names, s.n, s.logs, s.g.Config(), s.g.Truth()}
	if err := datasets.WriteFile(filepath.Join(beside, truthFile), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(truth)
	}); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return append(files, synthFile{File: filepath.Join(s.folder, truthFile)}), replaceSet(s.folder, beside, names)
}

// replaceSet moves the files of a new set to its folder. What is only in the
// old set goes first, and truth.json comes last. Until then one stands there that
// lists the files of both and has no truth: if this is cut short, the same again
// ends it.
func replaceSet(folder, beside string, names []string) error {
	old := listedIn(folder)
	truth := filepath.Join(folder, truthFile)
	if err := datasets.WriteFile(truth, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(setMark{synthNote, append(slices.Clone(names), old...)})
	}); err != nil {
		return err
	}
	for _, name := range old {
		if !slices.Contains(names, name) {
			if err := removeIfThere(filepath.Join(folder, name)); err != nil {
				return err
			}
		}
	}
	for _, name := range append(names, truthFile) {
		if err := os.Rename(filepath.Join(beside, name), filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// setMark is what tells a set's truth.json from somebody's own.
type setMark struct {
	Note  string   `json:"note"`
	Files []string `json:"files"`
}

// markOf returns the mark of the set in a folder, if there is one.
func markOf(folder string) (mark setMark, ok bool) {
	text, err := os.ReadFile(filepath.Join(folder, truthFile))
	return mark, err == nil && json.Unmarshal(text, &mark) == nil && mark.Note == synthNote
}

// listedIn returns the files of the set in a folder: those that its truth.json
// lists and that a set can have. Others of such names are somebody's own.
func listedIn(folder string) (names []string) {
	mark, ok := markOf(folder)
	if !ok {
		return nil
	}
	for _, part := range synthParts() {
		for _, ending := range synthEndings() {
			if name := part + ending; slices.Contains(mark.Files, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// checkOwn refuses a folder with files that the set would replace and that are
// not of an earlier one.
func (s synthSet) checkOwn() error {
	own := listedIn(s.folder)
	if _, ok := markOf(s.folder); ok {
		own = append(own, truthFile)
	}
	for _, name := range s.names() {
		path := filepath.Join(s.folder, name)
		if _, err := os.Lstat(path); err == nil && !slices.Contains(own, name) {
			return fmt.Errorf("%w: %s exists already, and is of no set that %s lists: move it away, or name another folder with --out", errUsage, path, filepath.Join(s.folder, truthFile))
		}
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// writePart writes a part and returns its number of rows. Row by row it looks
// whether the work was interrupted.
func (s synthSet) writePart(ctx context.Context, part, path string) (int, error) {
	switch part {
	case "prompts":
		return writeRows(ctx, datasets.Prompts(nil), path, s.g.Prompts(s.n))
	case "outcomes":
		return writeRows(ctx, datasets.Outcomes(), path, s.g.Outcomes(s.n))
	case "answers":
		return writeRows(ctx, datasets.Answers(), path, s.g.Answers(s.n))
	case "prices":
		return writeRows(ctx, datasets.Prices(), path, s.g.Prices())
	case "scores":
		return writeRows(ctx, datasets.Scores(), path, s.g.Difficulties(s.n))
	case "logs":
		return s.logs, datasets.WriteFile(path, func(w io.Writer) error { return s.g.WriteLogs(stopping{w, ctx.Err}, s.logs) })
	}
	panic("routeproof: nothing writes " + part)
}

func writeRows[T any](ctx context.Context, kind datasets.Kind[T], path string, rows func(func(T) error) error) (n int, err error) {
	err = kind.WriteFile(path, datasets.WriteOptions{}, func(put func(T) error) error {
		return rows(func(row T) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			n++
			return put(row)
		})
	})
	return n, err
}

// stopping is a writer that fails once done has an error.
type stopping struct {
	io.Writer
	done func() error
}

func (s stopping) Write(b []byte) (int, error) {
	if err := s.done(); err != nil {
		return 0, err
	}
	return s.Writer.Write(b)
}
