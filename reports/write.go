package reports

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// Files of a run's folder.
const (
	ReportFile      = "report.md"
	ResultFile      = "result.json"
	RunFile         = "run.json"
	PredictionsFile = "predictions.parquet"
	ClassifiersFile = "classifiers.parquet"
	ArtifactFile    = "centroids.safetensors"
	plotsFolder     = "plots"
)

// Write writes a run's folder, which is made if need be. Each file appears
// whole or not at all, and nothing is written before everything but the
// predictions is rendered. Files of an earlier run are replaced; a plot that
// this run does not have is removed.
func Write(folder string, run *pipeline.Run, about Environment) error {
	type file struct {
		name    string
		content []byte
	}
	var files []file
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{ClassifiersFile, func(w io.Writer) error { return writeClassifiers(w, run) }},
		{ResultFile, func(w io.Writer) error { return WriteResult(w, run) }},
		{ReportFile, func(w io.Writer) error { _, err := io.WriteString(w, Markdown(run)); return err }},
		{RunFile, func(w io.Writer) error { return writeEnvironment(w, run, about) }},
	} {
		var b bytes.Buffer
		if err := f.write(&b); err != nil {
			return err
		}
		files = append(files, file{f.name, b.Bytes()})
	}
	drawn := map[string]bool{}
	for _, p := range drawPlots(run) {
		files = append(files, file{p.file, p.svg})
		drawn[p.file] = true
	}

	if err := os.MkdirAll(filepath.Join(folder, plotsFolder), 0o755); err != nil {
		return err
	}
	if err := run.Artifact.Save(filepath.Join(folder, ArtifactFile)); err != nil {
		return err
	}
	if err := datasets.WriteFile(filepath.Join(folder, PredictionsFile), func(w io.Writer) error { return writePredictions(w, run) }); err != nil {
		return err
	}
	for _, f := range files {
		if err := datasets.WriteFile(filepath.Join(folder, f.name), func(w io.Writer) error { _, err := w.Write(f.content); return err }); err != nil {
			return err
		}
	}
	if !drawn[plotCost] {
		if err := os.Remove(filepath.Join(folder, plotCost)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
