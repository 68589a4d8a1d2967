package reports

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/centroids"
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
	CascadeFile     = "cascade.parquet"
	ParallelFile    = "parallel.parquet"
	CurvesFile      = "curves.parquet"
	ArtifactFile    = "centroids.safetensors"
	plotsFolder     = "plots"
)

func writeReport(w io.Writer, run *pipeline.Run) error {
	report, err := Markdown(run)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, report)
	return err
}

// Write writes a run's folder, which is made if need be. Each file appears
// whole or not at all, and nothing is written before everything but the
// predictions is rendered. Files of an earlier run are replaced; those that
// this run does not have are removed.
func Write(folder string, run *pipeline.Run, about Environment) error {
	renderers := []rendered{
		{ClassifiersFile, func(w io.Writer) error { return writeClassifiers(w, run) }},
		{ResultFile, func(w io.Writer) error { return WriteResult(w, run) }},
		{ReportFile, func(w io.Writer) error { return writeReport(w, run) }},
		{RunFile, func(w io.Writer) error { return writeEnvironment(w, run, about) }},
	}
	if run.Policies != nil {
		renderers = append(renderers,
			rendered{CascadeFile, func(w io.Writer) error { return writeCascade(w, run.Policies) }},
			rendered{ParallelFile, func(w io.Writer) error { return writeParallel(w, run.Policies) }})
		if routes := run.Policies.Routes; routes != nil && (routes.Largest.Defined() || len(routes.Models) == 2) {
			renderers = append(renderers, rendered{CurvesFile, func(w io.Writer) error { return WriteCurves(w, run.Policies.Routes) }})
		}
	}
	files, err := render(renderers, drawPlots(run))
	if err != nil {
		return err
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
	return writeFiles(folder, files, sometimes())
}

// sometimes are the files that not every run has.
func sometimes() []string {
	return []string{CascadeFile, ParallelFile, CurvesFile, plotCost, plotPolicies, plotCurves, plotShare,
		plotRisk, reliabilityFile(pipeline.EmbeddingName), reliabilityFile(pipeline.LLMName)}
}

// RunFiles are the files in a run's folder that Write may write, replace or
// remove.
func RunFiles() []string {
	return append(sometimes(), ReportFile, ResultFile, RunFile, PredictionsFile, ClassifiersFile, ArtifactFile,
		strings.TrimSuffix(ArtifactFile, centroids.Extension)+".json", plotAccuracy, plotConfusion, plotScores)
}

// A rendered file is made by its writer.
type rendered struct {
	name  string
	write func(io.Writer) error
}

type file struct {
	name    string
	content []byte
}

// render makes all files in memory.
func render(renderers []rendered, plots []plot) (files []file, err error) {
	for _, f := range renderers {
		var b bytes.Buffer
		if err := f.write(&b); err != nil {
			return nil, err
		}
		files = append(files, file{f.name, b.Bytes()})
	}
	for _, p := range plots {
		files = append(files, file{p.file, p.svg})
	}
	return files, nil
}

// writeFiles writes files into a folder that is there, then removes those of the
// names that may be stale and were not written.
func writeFiles(folder string, files []file, stale []string) error {
	for _, f := range files {
		if err := datasets.WriteFile(filepath.Join(folder, f.name), func(w io.Writer) error { _, err := w.Write(f.content); return err }); err != nil {
			return err
		}
	}
	for _, name := range stale {
		if slices.ContainsFunc(files, func(f file) bool { return f.name == name }) {
			continue
		}
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
