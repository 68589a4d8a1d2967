package stats

import "math"

// MaxBeta is the largest inverse temperature FitTemperature considers. At
// scores of unit range it makes any visible difference a certainty.
const MaxBeta = 500

// maxScore bounds the scores FitTemperature accepts, so that squares of their
// differences stay finite.
const maxScore = 1e100

// Temperature is the result of fitting p = softmax(Beta·s) to labelled scores.
type Temperature struct {
	Beta       float64 // inverse temperature 1/T, in [0, MaxBeta]
	NLL        float64 // mean negative log-likelihood of a row at Beta, nats
	NLLUniform float64 // the same at Beta = 0: ln(classes)
	N          int     // rows
	// Separable says that the likelihood still rises at MaxBeta: the label has
	// the highest score in (nearly) every row and Beta is a bound, not a fit.
	Separable bool
	// Uninformative says that no positive Beta beats the uniform distribution:
	// the scores say nothing about the labels and Beta is 0.
	Uninformative bool
}

// FitTemperature returns the inverse temperature β in [0, MaxBeta] that
// minimises the mean negative log-likelihood of labels under softmax(β·s). The
// highest score stays the highest, so accuracy is unchanged.
//
// scores holds n = len(labels) rows of classes values, row-major; only
// differences within a row matter. labels[i] is the true class of row i, in
// [0, classes). The objective is convex in β, with slope mean(E_p[s] − s_label)
// and curvature mean(Var_p[s]); Newton steps are taken inside a bracket and
// replaced by bisection where they leave it or stall, to a relative precision
// of about 1e-12 in β. Each step is O(n·classes).
//
// It panics when n = 0, when lengths disagree, when a label is out of range, or
// when a score is NaN or beyond ±1e100. Source: Guo et al. (2017), "On
// Calibration of Modern Neural Networks".
func FitTemperature(scores []float64, labels []int, classes int) Temperature {
	checkRows(len(scores), labels, classes)
	if len(labels) == 0 {
		panic("stats: no rows to fit")
	}
	for _, s := range scores {
		if !(math.Abs(s) <= maxScore) {
			panic("stats: score is NaN or beyond 1e100")
		}
	}
	t := temperatureLoss{scores: scores, labels: labels, classes: classes, p: make([]float64, classes)}
	fit := Temperature{N: len(labels), NLLUniform: math.Log(float64(classes))}
	if slope, _ := t.slope(0); slope >= 0 {
		fit.Uninformative = true
	} else if slope, _ := t.slope(MaxBeta); slope <= 0 {
		fit.Beta, fit.Separable = MaxBeta, true
	} else {
		fit.Beta = t.root()
	}
	fit.NLL = t.mean(fit.Beta)
	return fit
}

// temperatureLoss is the objective of FitTemperature; p is its working row.
type temperatureLoss struct {
	scores  []float64
	labels  []int
	classes int
	p       []float64
}

// root finds where the slope, negative at 0 and positive at MaxBeta, is 0.
func (t *temperatureLoss) root() float64 {
	low, high := 0.0, float64(MaxBeta)
	beta, step, previous := 1.0, high, high
	for range 500 { // bisection alone needs 50, or 400 at scores near maxScore
		slope, curvature := t.slope(beta)
		switch {
		case slope < 0:
			low = beta
		case slope > 0:
			high = beta
		default:
			return beta
		}
		next := (low + high) / 2
		if curvature > 0 {
			// A step that has not halved in two rounds is stalling.
			newton := beta - slope/curvature
			if newton > low && newton < high && math.Abs(newton-beta) < previous/2 {
				next = newton
			}
		}
		previous, step = step, math.Abs(next-beta)
		beta = next
		if step <= 1e-12*beta || high-low <= 1e-12*high {
			break
		}
	}
	return beta
}

// slope returns the first and second derivative of the mean loss at beta. The
// scores enter relative to the label's, so that the sign is right even where
// the slope nearly vanishes.
func (t *temperatureLoss) slope(beta float64) (first, second float64) {
	for i, label := range t.labels {
		row := t.scores[i*t.classes : (i+1)*t.classes]
		Softmax(t.p, row, beta)
		mean := 0.0
		for k, p := range t.p {
			mean += p * (row[k] - row[label])
		}
		for k, p := range t.p {
			d := row[k] - row[label] - mean
			second += p * d * d
		}
		first += mean
	}
	n := float64(len(t.labels))
	return first / n, second / n
}

// mean returns the mean loss at beta. Where the label has the highest score the
// loss is the log of 1 plus the others' odds, which keeps tiny losses exact.
func (t *temperatureLoss) mean(beta float64) float64 {
	sum := 0.0
	for i, label := range t.labels {
		row := t.scores[i*t.classes : (i+1)*t.classes]
		top := label
		for k, s := range row {
			if s > row[top] {
				top = k
			}
		}
		others := 0.0
		for k, s := range row {
			if k != top {
				others += math.Exp(beta * (s - row[top]))
			}
		}
		sum += math.Log1p(others) + beta*(row[top]-row[label])
	}
	return sum / float64(len(t.labels))
}

// Softmax writes exp(beta·scores[k]) / Σ exp(beta·scores) to dst, which may be
// scores itself. The highest score is subtracted first, so nothing overflows
// and the result is in [0, 1] with sum 1 up to rounding; beta = 0 gives the
// uniform distribution. An empty row is left alone. It panics when lengths
// differ, when beta is negative or not finite, or when a score is not finite.
func Softmax(dst, scores []float64, beta float64) {
	if len(dst) != len(scores) {
		panic("stats: softmax slices of unequal length")
	}
	if !(beta >= 0) || math.IsInf(beta, 1) {
		panic("stats: inverse temperature negative or not finite")
	}
	top := math.Inf(-1)
	for _, s := range scores {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			panic("stats: score not finite")
		}
		top = max(top, s)
	}
	sum := 0.0
	for k, s := range scores {
		e := math.Exp(beta * (s - top))
		dst[k] = e
		sum += e
	}
	for k := range dst {
		dst[k] /= sum // the top score contributes 1, so sum ≥ 1
	}
}

// checkRows panics unless length values make len(labels) rows of classes each
// and every label names a class.
func checkRows(length int, labels []int, classes int) {
	if classes < 1 {
		panic("stats: fewer than one class")
	}
	if length != len(labels)*classes {
		panic("stats: rows and labels of unequal length")
	}
	for _, label := range labels {
		if label < 0 || label >= classes {
			panic("stats: label out of range")
		}
	}
}
