package reports

import (
	"io"
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
// whole or not at all; files of an earlier run are replaced.
func Write(folder string, run *pipeline.Run, about Environment) error {
	if err := os.MkdirAll(filepath.Join(folder, plotsFolder), 0o755); err != nil {
		return err
	}
	plots := drawPlots(run)
	for _, p := range plots {
		if err := write(folder, p.file, func(w io.Writer) error { _, err := w.Write(p.svg); return err }); err != nil {
			return err
		}
	}
	if err := run.Artifact.Save(filepath.Join(folder, ArtifactFile)); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{PredictionsFile, func(w io.Writer) error { return writePredictions(w, run) }},
		{ClassifiersFile, func(w io.Writer) error { return writeClassifiers(w, run) }},
		{ResultFile, func(w io.Writer) error { return WriteResult(w, run) }},
		{ReportFile, func(w io.Writer) error { _, err := io.WriteString(w, Markdown(run)); return err }},
		{RunFile, func(w io.Writer) error { return writeEnvironment(w, run, about) }},
	} {
		if err := write(folder, f.name, f.write); err != nil {
			return err
		}
	}
	return nil
}

func write(folder, name string, to func(io.Writer) error) error {
	return datasets.WriteFile(filepath.Join(folder, name), to)
}
