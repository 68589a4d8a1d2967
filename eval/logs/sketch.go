package logs

import (
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// SketchAccuracy is the relative error that a quantile has at most.
const SketchAccuracy = 0.01

// sketchBins bounds a sketch's memory. They span 17 orders of magnitude; of
// values that span more the lowest lose their accuracy.
const sketchBins = 2048

// A quantiles keeps values of at least 0 in a DDSketch (Masson, Rim and Lee 2019,
// VLDB 12:2195–2205). The zero value is empty.
type quantiles struct {
	sketch   *ddsketch.DDSketch // nil: empty
	n        int
	min, max float64
}

func (q *quantiles) ready() {
	if q.sketch != nil {
		return
	}
	m, err := mapping.NewCubicallyInterpolatedMapping(SketchAccuracy) // the fastest, with 1 % more bins
	if err != nil {
		panic("logs: " + err.Error()) // of the constant
	}
	q.sketch = ddsketch.NewDDSketch(m, store.NewCollapsingLowestDenseStore(sketchBins), store.NewDenseStore())
}

// add takes in a finite value of at least 0.
func (q *quantiles) add(v float64) {
	q.ready()
	if err := q.sketch.Add(v); err != nil {
		panic("logs: " + err.Error()) // of values that are no numbers or too large, which records never hold
	}
	if q.n == 0 || v < q.min {
		q.min = v
	}
	q.max = max(q.max, v)
	q.n++
}

func (q *quantiles) merge(o *quantiles) {
	if o.n == 0 {
		return
	}
	q.ready()
	if err := q.sketch.MergeWith(o.sketch); err != nil {
		panic("logs: " + err.Error()) // of sketches of another accuracy
	}
	if q.n == 0 || o.min < q.min {
		q.min = o.min
	}
	q.max = max(q.max, o.max)
	q.n += o.n
}

// at returns the value of rank ⌊p·(n−1)⌋ of those in order, p from 0 to 1, to
// within the sketch's accuracy, and exactly where all are equal. NaN where fewer
// than 1/(1−p) values are there, which say nothing of it.
func (q *quantiles) at(p float64) float64 {
	if float64(q.n)*(1-p) < 1-1e-9 {
		return math.NaN()
	}
	v, err := q.sketch.GetValueAtQuantile(p)
	if err != nil {
		return math.NaN()
	}
	return min(max(v, q.min), q.max)
}
