package stats

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/optimize"
)

// Logistic is a multinomial logistic model: the probability of class k at x is
// softmax(W·x + b)[k].
type Logistic struct {
	Weight     []float64 // W, [classes][dims], row-major
	Bias       []float64 // b, [classes]; they sum to 0
	NLL        float64   // mean negative log-likelihood of the rows it was fitted on, nats
	Iterations int
}

// ErrNotConverged is the error of a fit that ended before it was exact.
var ErrNotConverged = errors.New("stats: logistic fit did not converge")

const (
	logisticIterations = 2000
	logisticGood       = 1e-5 // largest element of the gradient where no step improves the sum any more
)

// LogisticExact is the tolerance at which weights are right to about 1e-6.
const LogisticExact = 1e-10

// FitLogistic minimises the mean negative log-likelihood of the labels plus
// ‖W‖² / (2·c·n); biases are free. That is scikit-learn's LogisticRegression with
// C = c: the greater c, the weaker the penalty. The optimum is unique.
//
// x holds n = len(labels) rows of dims values, row-major; labels are in
// [0, classes), and each class must have one. It is minimised by limited-memory
// BFGS until no element of the gradient is beyond tolerance; each step is
// O(n·dims·classes), and memory is 8·n·dims bytes. It panics when lengths
// disagree, a label is out of range, or c or tolerance is not positive. Soon after
// ctx is done it returns that error.
func FitLogistic(ctx context.Context, x []float32, labels []int, dims, classes int, c, tolerance float64) (Logistic, error) {
	n := len(labels)
	if len(x) != n*dims || dims < 1 {
		panic("stats: rows and labels of unequal length")
	}
	if !(c > 0) || math.IsInf(c, 1) || !(tolerance > 0) {
		panic("stats: c or tolerance is not positive and finite")
	}
	checkRows(n*classes, labels, classes)
	seen := make([]bool, classes)
	for _, label := range labels {
		seen[label] = true
	}
	for k, is := range seen {
		if !is {
			return Logistic{}, fmt.Errorf("stats: logistic fit: class %d of %d has no row", k+1, classes)
		}
	}
	f := newLogisticLoss(x, labels, dims, classes, c)
	begin := make([]float64, classes*(dims+1))
	result, err := optimize.Minimize(optimize.Problem{Func: f.value, Grad: f.gradient}, begin,
		&optimize.Settings{GradientThreshold: tolerance, MajorIterations: logisticIterations, Converger: optimize.NeverTerminate{}, Recorder: untilDone{ctx}},
		&optimize.LBFGS{Store: 10})
	if ctx.Err() != nil {
		return Logistic{}, ctx.Err()
	}
	if result == nil {
		return Logistic{}, fmt.Errorf("%w: %w", ErrNotConverged, err)
	}
	// A line search that finds nothing lower has met the limits of rounding.
	gradient := make([]float64, len(begin))
	f.gradient(gradient, result.X)
	if left := maxAbs(gradient); !(left <= max(tolerance, logisticGood)) {
		return Logistic{}, fmt.Errorf("%w: after %d iterations the gradient is %.3g", ErrNotConverged, result.MajorIterations, left)
	}
	m := Logistic{Weight: result.X[:classes*dims], Bias: result.X[classes*dims:], Iterations: result.MajorIterations}
	m.NLL = f.value(result.X) - f.penalty(result.X)
	return m, nil
}

// untilDone ends a minimisation when its context is done.
type untilDone struct{ ctx context.Context }

func (untilDone) Init() error { return nil }

func (u untilDone) Record(*optimize.Location, optimize.Operation, *optimize.Stats) error {
	return u.ctx.Err()
}

func maxAbs(v []float64) float64 {
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(x)) // NaN where one is
	}
	return most
}

// logisticLoss is the objective of FitLogistic at points that hold W, then b.
type logisticLoss struct {
	rows    blas64.General // n × dims
	labels  []int
	classes int
	lambda  float64 // 1 / (c·n)

	at   []float64      // the point that the following are of
	p    blas64.General // n × classes: probabilities less the indicator of the label
	loss float64        // at that point
}

func newLogisticLoss(x []float32, labels []int, dims, classes int, c float64) *logisticLoss {
	n := len(labels)
	f := &logisticLoss{labels: labels, classes: classes, lambda: 1 / (c * float64(n))}
	f.rows = blas64.General{Rows: n, Cols: dims, Stride: dims, Data: make([]float64, len(x))}
	for i, v := range x {
		f.rows.Data[i] = float64(v)
	}
	f.p = blas64.General{Rows: n, Cols: classes, Stride: classes, Data: make([]float64, n*classes)}
	return f
}

func (f *logisticLoss) weight(at []float64) blas64.General {
	dims := f.rows.Cols
	return blas64.General{Rows: f.classes, Cols: dims, Stride: dims, Data: at[:f.classes*dims]}
}

func (f *logisticLoss) penalty(at []float64) float64 {
	sum := 0.0
	for _, w := range at[:f.classes*f.rows.Cols] {
		sum += w * w
	}
	return f.lambda / 2 * sum
}

// move computes what value and gradient share.
func (f *logisticLoss) move(at []float64) {
	if slices.Equal(f.at, at) {
		return
	}
	f.at = append(f.at[:0], at...)
	bias := at[f.classes*f.rows.Cols:]
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, f.rows, f.weight(at), 0, f.p)
	sum := 0.0
	for i, label := range f.labels {
		z := f.p.Data[i*f.classes : (i+1)*f.classes]
		top := math.Inf(-1)
		for k := range z {
			z[k] += bias[k]
			top = max(top, z[k])
		}
		own, total := z[label]-top, 0.0
		for k := range z {
			z[k] = math.Exp(z[k] - top)
			total += z[k]
		}
		sum += math.Log(total) - own
		for k := range z {
			z[k] /= total
		}
		z[label]--
	}
	f.loss = sum/float64(len(f.labels)) + f.penalty(at)
}

func (f *logisticLoss) value(at []float64) float64 {
	f.move(at)
	return f.loss
}

func (f *logisticLoss) gradient(dst, at []float64) {
	f.move(at)
	copy(dst, at)
	n := float64(len(f.labels))
	blas64.Gemm(blas.Trans, blas.NoTrans, 1/n, f.p, f.rows, f.lambda, f.weight(dst))
	bias := dst[f.classes*f.rows.Cols:]
	clear(bias)
	for i := range f.labels {
		for k := range bias {
			bias[k] += f.p.Data[i*f.classes+k]
		}
	}
	for k := range bias {
		bias[k] /= n
	}
}
