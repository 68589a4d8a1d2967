package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/tokens"
	"github.com/routeproof/routeproof/reports"
)

// sideOptions are how predictions are read.
type sideOptions struct {
	config       pipeline.Config // tiers and prices of predictions that do not say which theirs are
	certificates []gate.Retest
	each         func(datasets.Problem)
}

// sideInfo is what else stands in a run's folder, or in a file of predictions.
type sideInfo struct {
	Name       string
	File       string // of the predictions
	Provenance gate.Provenance
	Blessed    []gate.Blessing     // of a baseline
	Artifact   *centroids.Artifact // of a run's folder; nil where it has none
	OutOfFold  bool                // these predictions alone were taken
}

// sideFiles are the paths that a side may be read from.
func sideFiles(path string) []string {
	return filesIn(path, reports.PredictionsFile, reports.ArtifactFile)
}

// readSide reads one side of a comparison: the folder of a run, or a file of
// predictions. Where some of them are out of fold, these are taken alone. Bad
// rows are a [datasets.ContentError]. The side is to be closed, unless it is nil.
func (a *app) readSide(path string, opt sideOptions) (*gate.Side, *sideInfo, error) {
	info := &sideInfo{Name: filepath.Base(filepath.Clean(path)), File: path}
	stat, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if stat.IsDir() {
		info.File = filepath.Join(path, reports.PredictionsFile)
		info.Artifact, err = centroids.Load(filepath.Join(path, reports.ArtifactFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	if err := info.peek(opt); err != nil {
		return nil, nil, err
	}
	tiers, err := centroids.NewTiers(info.Provenance.Tiers...)
	if err != nil {
		return nil, nil, err
	}
	source := gate.Source{
		Name: info.File, Tiers: tiers, Hashes: info.Provenance.Hashes, OutOfFold: info.OutOfFold, Certificates: opt.certificates, Each: opt.each,
	}
	side, err := gate.NewSide(source, func(visit func(*datasets.Prediction) error) error {
		// NewSide tells of rows that stand twice.
		_, err := datasets.Predictions().Again().ScanFile(info.File, opt.each, visit)
		return err
	})
	return side, info, err
}

// errSeen ends a scan that has found what it looked for.
var errSeen = errors.New("seen")

// peek reads what a file says of itself, and whether rows of it are out of fold.
func (i *sideInfo) peek(opt sideOptions) error {
	metadata, err := datasets.Predictions().Metadata(i.File, gate.ProvenanceKey)
	if err != nil {
		return err
	}
	if metadata != "" {
		i.Provenance, err = gate.ParseProvenance(metadata)
		if err != nil {
			p := datasets.Problem{File: i.File, Reason: err.Error()}
			if opt.each != nil {
				opt.each(p)
			}
			return &datasets.ContentError{File: i.File, First: []datasets.Problem{p}, Total: 1}
		}
		i.Blessed = i.Provenance.Blessed
	} else if i.Provenance, err = configured(opt.config); err != nil {
		return err
	}
	_, err = datasets.Predictions().Again().ScanFile(i.File, nil, func(p *datasets.Prediction) error {
		if p.Fold.Known {
			return errSeen
		}
		return nil
	})
	i.OutOfFold = errors.Is(err, errSeen)
	return nil // what is wrong with rows is told when they are taken in
}

// configured is the provenance of predictions that do not say theirs: tiers and
// prices of the configuration, and no hashes.
func configured(config pipeline.Config) (gate.Provenance, error) {
	counter, err := tokens.NewCounter()
	if err != nil {
		return gate.Provenance{}, err
	}
	costs, err := config.Costs(counter.Count)
	if err != nil {
		return gate.Provenance{}, err
	}
	tiers, err := centroids.NewTiers(config.TierNames()...)
	if err != nil {
		return gate.Provenance{}, err
	}
	p := gate.NewProvenance("", tiers, gate.Hashes{}, costs)
	p.Hashes.Prices = "" // those of whoever asks, not those of the predictions
	return p, nil
}

// costsOf are the prices of two sides.
func costsOf(base, cand *sideInfo) *gate.Costs {
	return &gate.Costs{Baseline: base.Provenance.Costs(), Candidate: cand.Provenance.Costs()}
}
