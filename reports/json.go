package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/classify"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/longjson"
)

// Versions of the JSON files. A change of meaning raises them.
const (
	resultSchema = "routeproof.result/1"
	runSchema    = "routeproof.run/1"
	checkSchema  = "routeproof.check/" // and the verdict's version
)

// resultDocument is result.json.
type resultDocument struct {
	Schema   string                `json:"schema"`
	Data     pipeline.Data         `json:"data"`
	Result   *eval.Result          `json:"result"`
	NotRun   []pipeline.NotRun     `json:"not_run"`
	LLM      *pipeline.LLMNote     `json:"llm"`
	Embedder pipeline.EmbedderNote `json:"embedder"`
	Choice   *classify.Choice      `json:"choice"` // null where there was none
	Hybrid   *pipeline.HybridNote  `json:"hybrid"`
	Nested   *pipeline.Nested      `json:"nested"` // null where it was not asked for
	Policies *pipeline.Policies    `json:"policies"`
	Artifact string                `json:"artifact_sha256"`
	Warnings []string              `json:"warnings"`
	Config   pipeline.Config       `json:"config"`
}

// WriteResult writes result.json: every figure of the run, without what varies
// between equal runs. Of a sweep with very many thresholds it has some;
// cascade.parquet has all.
func WriteResult(w io.Writer, run *pipeline.Run) error {
	policies, err := withFewPoints(run.Policies)
	if err != nil {
		return err
	}
	return writeJSON(w, resultDocument{
		Schema: resultSchema, Data: run.Data, Result: run.Result, NotRun: run.NotRun, LLM: run.LLM, Embedder: run.Embedder, Choice: run.Choice, Hybrid: run.Hybrid, Nested: run.Nested, Policies: policies,
		Artifact: run.Artifact.Manifest().SHA256, Warnings: run.Warnings, Config: run.Config,
	})
}

// mostSweepPoints of a sweep stand in result.json.
const mostSweepPoints = 500

// withFewPoints keeps, of sweeps with more, points at even distances, the first and
// the last among them.
func withFewPoints(p *pipeline.Policies) (*pipeline.Policies, error) {
	if p == nil {
		return nil, nil
	}
	few := *p
	few.Sweeps = nil
	for _, sweep := range p.Sweeps {
		thin := *sweep
		if n := sweep.Points.Len(); n > mostSweepPoints {
			points := make([]simulate.SweepPoint, mostSweepPoints)
			var err error
			for i := range points {
				if points[i], err = sweep.Points.At(i * (n - 1) / (mostSweepPoints - 1)); err != nil {
					return nil, err
				}
			}
			if thin.Points, err = simulate.NewSweepPoints(points...); err != nil {
				return nil, err
			}
		}
		few.Sweeps = append(few.Sweeps, &thin)
	}
	return &few, nil
}

// Environment is what a run's results do not depend on but its reader may want
// to know.
type Environment struct {
	Started   time.Time `json:"started"`
	Arguments []string  `json:"arguments"`
	Host      string    `json:"host"`
	System    string    `json:"system"` // operating system and architecture
	CPUs      int       `json:"cpus"`
	Go        string    `json:"go"`
	Version   string    `json:"version"`
	Revision  string    `json:"revision"`
	Modified  bool      `json:"modified"` // the source tree had changes beyond the revision
}

func writeEnvironment(w io.Writer, run *pipeline.Run, about Environment) error {
	return writeJSON(w, struct {
		Schema string `json:"schema"`
		Environment
		Timings []pipeline.Timing `json:"timings"`
	}{runSchema, about, run.Timings})
}

// writeWithFlips writes a document whose classifiers have no flips, with those of each
// in their place.
func writeWithFlips(w io.Writer, document any, each func(visit func(classifier int, f gate.Flip) error) error) error {
	return longjson.Write(w, document, "flips", func(visit func(classifier int, flip any) error) error {
		return each(func(classifier int, f gate.Flip) error { return visit(classifier, f) })
	})
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// CheckFile is the usual name of what WriteGate writes.
const CheckFile = "check.json"

// WriteGate writes check.json: the whole verdict, with all flips and all ids of
// faults. It is a function of the verdict alone; figures that are undefined or
// unknown are null.
func WriteGate(w io.Writer, v *gate.Verdict) error {
	bare := *v
	bare.Classifiers = slices.Clone(v.Classifiers)
	for i := range bare.Classifiers {
		bare.Classifiers[i].Flips = gate.Flips{}
	}
	return writeWithFlips(w, struct {
		Schema string `json:"schema"`
		*gate.Verdict
	}{fmt.Sprintf("%s%d", checkSchema, v.Version), &bare}, v.EachFlip)
}
