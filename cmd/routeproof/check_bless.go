package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/internal/wording"
)

// bless makes the candidate the baseline: its predictions, of a run those out of
// fold, with what they were made from, and the history of the baseline before. A
// candidate that cannot be read is none.
func (a *app) bless(f *gateFlags, c *comparison, v *gate.Verdict) error {
	if c.cand == nil {
		return &verdictError{v}
	}
	if v != nil && c.base == nil {
		return fmt.Errorf("%w: the baseline %s cannot be read, so its history would be lost: restore it, or remove it to begin anew", &verdictError{v}, f.baseline)
	}
	p := c.to.Provenance
	b := gate.Blessing{When: time.Now().UTC().Truncate(time.Second), Why: f.why, Candidate: c.to.Name}
	p.Blessed = nil
	if c.from != nil {
		p.Blessed = append(p.Blessed, c.from.Blessed...)
		var err error
		if b.Replaced, err = fileHash(f.baseline); err != nil {
			return err
		}
		b.Verdict = v.Outcome
	}
	p.Blessed = append(p.Blessed, b)
	options := datasets.WriteOptions{Metadata: map[string]string{gate.ProvenanceKey: p.JSON()}}
	rows := 0
	if err := datasets.Predictions().WriteFile(f.baseline, options, func(put func(datasets.Prediction) error) error {
		rows = 0
		_, err := datasets.Predictions().Again().ScanFile(c.to.File, nil, func(row *datasets.Prediction) error {
			if c.to.OutOfFold && !row.Fold.Known {
				return nil
			}
			rows++
			return put(*row)
		})
		return err
	}); err != nil {
		return err
	}
	if v != nil && v.Outcome != gate.Pass {
		a.say("warning: against the baseline before, the verdict on it is %s; the file says so", v.Outcome)
	}
	a.say("baseline %s now holds %s of %s, move %d: %s", f.baseline, wording.Plural(rows, "prediction"), c.to.Name, len(p.Blessed), f.why)
	return nil
}

func fileHash(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
