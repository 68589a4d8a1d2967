package reports

import (
	"cmp"
	"io"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/svgplot"
	"github.com/routeproof/routeproof/internal/wording"
)

// Names of the routers that are no proposals, as simulate has them.
const randomRouter = "random"

// curveRow is a router at one choice of thresholds. Between two models there is
// a row a distinct score; a threshold that is null is above all scores. Between
// more there is a row a setting of the hull.
type curveRow struct {
	Router      string    `parquet:"router,dict"`
	Threshold   *float64  `parquet:"threshold,optional"`    // of two models
	StrongShare *float64  `parquet:"strong_share,optional"` // of two models
	Thresholds  []float64 `parquet:"thresholds,list"`       // of more: from which score the second model or higher, the third, …; infinite: never
	Shares      []float64 `parquet:"shares,list"`           // of more: of requests, by model
	Quality     float64   `parquet:"quality"`
	CostUSD     *float64  `parquet:"cost_usd,optional"`
	LatencyMS   *float64  `parquet:"latency_ms,optional"` // mean
	LatencyP50  *float64  `parquet:"latency_p50_ms,optional"`
	LatencyP95  *float64  `parquet:"latency_p95_ms,optional"`
	Arena       *float64  `parquet:"arena_score,optional"`
	IBC         *float64  `parquet:"ibc,optional"`
}

// WriteCurves writes routers at every threshold, highest first, between two
// models, and at the settings of their hulls, cheapest first, between more, as
// Parquet.
func WriteCurves(w io.Writer, r *simulate.Routes) error {
	pw := newParquetWriter[curveRow](w)
	put := func(row curveRow) error {
		_, err := pw.Write([]curveRow{row})
		return err
	}
	for _, router := range r.Routers {
		for _, x := range router.Steps {
			if err := put(curveRow{
				Router: router.Name, Threshold: defined(x.Threshold), StrongShare: &x.Share, Quality: x.Quality, CostUSD: defined(x.CostUSD),
				LatencyMS: defined(x.LatencyMS), LatencyP50: defined(x.P50), LatencyP95: defined(x.P95), Arena: defined(x.Arena), IBC: defined(x.IBC),
			}); err != nil {
				return err
			}
		}
		if len(r.Models) == 2 {
			continue
		}
		for _, x := range router.Hull {
			row := curveRow{Router: router.Name, Shares: x.Shares, Quality: x.Quality, CostUSD: &x.Cost, LatencyMS: defined(x.LatencyMS), Arena: defined(x.Arena)}
			for _, t := range x.Thresholds {
				v := math.Inf(1)
				if t.Defined() {
					v = float64(t)
				}
				row.Thresholds = append(row.Thresholds, v)
			}
			if err := put(row); err != nil {
				return err
			}
		}
	}
	return pw.Close()
}

// curvePlots are those of routing by score; a picture that cannot be drawn is nil.
func curvePlots(r *simulate.Routes) []plot {
	if r == nil {
		return nil
	}
	return []plot{{plotCurves, "quality that each router buys at each cost", CostPlot(r)}, {plotShare, "quality by share of requests to the second model", SharePlot(r)}}
}

// routes shows what classifiers' scores are worth, whatever thresholds are set.
func (r *report) routes(x *simulate.Routes) {
	if x == nil {
		return
	}
	r.heading(3, "Routers by score")
	r.scoreVerdict(x)
	r.text("Each request goes to a model by one number: the trend of a classifier's scores over the tiers, or the tier that it names where that does not follow from scores, as with rules, LLM answers and hybrids. "+
		"`random` is one draw of numbers. Shown are the classifiers that are no hybrids, and the best. All is about the %s that every model answered with known quality and every router scored; costs, curves and AIQ are over the %s of them whose cost is known of every model.",
		wording.Plural(x.N, "test prompt"), wording.Thousands(x.Priced))
	for _, p := range curvePlots(x) {
		if p.svg != nil {
			r.image(p.file, p.alt)
		}
	}
	switch {
	case x.Undefined == "":
		r.shareTable(x)
	case len(x.Models) == 2:
		r.text("There is no APGR and no CPT: %s.", x.Undefined)
	}
	if !x.Largest.Defined() {
		r.text("That is under 95 %%, so there is no quality over cost.")
		return
	}
	if x.Largest == 0 {
		r.text("Nothing costs anything, so there is no quality over cost.")
		return
	}
	var rows [][]string
	for _, router := range x.Routers {
		rows = append(rows, []string{code(router.Name), wording.Thousands(router.Thresholds), numberCell(router.AIQ, threeDigits), pointCell(router.Held), estimateCell(router.HeldAbove, signed)})
	}
	rows = append(rows, []string{"zero router", "", numberCell(x.ZeroAIQ, threeDigits), numberCell(x.ZeroHeld, threeDigits), ""})
	r.table([]string{"", "distinct scores", "AIQ", "AIQ held out", "held out, less the zero router"}, rows)
	r.text("AIQ is the mean quality over costs up to %s per 1,000 requests at the best ordered thresholds; held out, thresholds are chosen on four fifths of the prompts and measured on the fifth, in turn. "+
		"The zero router mixes single models at random. Held out, a router pays for having its thresholds chosen on few prompts, the more the finer its scores: with a few hundred even a perfect score may not be shown to beat the zero router. "+
		"Resamples hold the chosen thresholds fixed, so the intervals of differences are widened by half. Bands in the plot are of quality held out, and so may lie below their line, which is not; they are not paired: do not compare routers by them.", usd(perThousand*float64(x.Largest)))
}

// scoreVerdict says whether any score is shown to be worth something.
func (r *report) scoreVerdict(x *simulate.Routes) {
	if !x.Largest.Defined() || len(x.Routers) == 0 || !x.Routers[0].HeldAbove.Value.Defined() {
		return
	}
	byValue := func(a, b simulate.Route) int { return cmp.Compare(a.HeldAbove.Value, b.HeldAbove.Value) }
	shown := slices.DeleteFunc(slices.Clone(x.Routers), func(r simulate.Route) bool { return r.Name == randomRouter || !(r.HeldAbove.Low > 0) })
	if len(shown) > 0 {
		best := slices.MaxFunc(shown, byValue)
		r.text("**With thresholds chosen on other prompts, %s beats random mixes of single models** (AIQ %s; the best of %d routers, not adjusted for that).",
			code(best.Name), estimateCell(best.HeldAbove, signed), len(x.Routers))
		return
	}
	best := slices.MaxFunc(x.Routers, byValue)
	r.text("**No score is shown to beat random mixes of single models** with thresholds chosen on other prompts; the best is %s (AIQ %s).", code(best.Name), estimateCell(best.HeldAbove, signed))
}

// shareTable shows routers between two models by the share that the second gets.
func (r *report) shareTable(x *simulate.Routes) {
	var rows [][]string
	for _, router := range x.Routers {
		row := []string{code(router.Name), estimateCell(eval.Estimate{Value: router.APGR, Low: router.APGRCI[0], High: router.APGRCI[1]}, threeDigits), numberCell(router.OfOracle, percent)}
		for _, recovered := range []string{"20", "50", "80"} {
			row = append(row, shareCell(eval.Estimate{Value: router.CPT[recovered], Low: router.CPTCI[recovered][0], High: router.CPTCI[recovered][1]}))
		}
		rows = append(rows, row)
	}
	oracle := []string{"oracle", numberCell(x.Oracle.APGR, threeDigits), ""}
	for _, recovered := range []string{"20", "50", "80"} {
		oracle = append(oracle, numberCell(x.Oracle.CPT[recovered], percent))
	}
	r.table([]string{"", "APGR", "of the oracle's", "CPT 20", "CPT 50", "CPT 80"}, append(rows, oracle))
	if x.Routers[0].AUCCI[0].Defined() && !x.Routers[0].APGRCI[0].Defined() {
		r.text("APGR and CPT have no interval: in more than 2 %% of resamples the second model is not better, and there is no gap to recover.")
	}
	r.text("APGR is the share of the quality gap between the two models that is recovered on average over all shares of requests to the second, ½ at random; CPT is the share that has to go there to recover 20, 50 and 80 %% of it. " +
		"These count requests, AIQ counts what they cost: where the two disagree, the score tells dear requests from cheap ones rather than needy from easy ones, or is good in a part of its range only.")
}

// CostPlot draws the quality that each router buys at each cost; nil where costs
// are unknown.
func CostPlot(r *simulate.Routes) []byte {
	if !r.Largest.Defined() {
		return nil
	}
	var lines []svgplot.Line
	for _, router := range r.Routers {
		l := svgplot.Line{Label: router.Name, Reference: router.Name == randomRouter}
		for _, x := range router.Hull {
			l.X, l.Y = append(l.X, perThousand*x.Cost), append(l.Y, x.Quality)
		}
		l.Bands = bandsOf(router.CostBand, perThousand)
		lines = append(lines, l)
	}
	zero := svgplot.Line{Label: "zero router: random mixes of single models", Reference: true}
	for _, p := range r.Zero {
		zero.X, zero.Y = append(zero.X, perThousand*p.Cost), append(zero.Y, p.Quality)
	}
	lines = append(lines, zero)
	var points []svgplot.XY
	for k, p := range r.Alone {
		points = append(points, pointOf(r.Models[k].Name, p))
	}
	oracles := []svgplot.XY{pointOf("best answer", r.Oracle.Priced)}
	if r.Cheapest.Priced != r.Oracle.Priced {
		oracles = append(oracles, pointOf("cheapest correct", r.Cheapest.Priced))
	}
	for _, p := range oracles {
		p.Aside = true
		points = append(points, p)
	}
	var reached []svgplot.XY
	for _, p := range r.Frontier {
		reached = append(reached, pointOf("", p))
	}
	of := "of the settings shown, without mixing"
	if len(r.Models) == 2 {
		of = "of every threshold, without mixing"
	}
	return svgplot.Lines("Quality that a router buys", "USD per 1,000 requests", "mean quality", svgplot.LineSigns{
		Line: "router: its best settings, chosen on these requests, and random mixes of neighbours", Hollow: "one model for everything", Aside: "oracle, no router", Frontier: "Pareto frontier " + of, Band: "95 % of resamples, thresholds held out",
		Dots: true, Corner: true}, lines, points, reached, usd, threeDigits)
}

// SharePlot draws quality against the share of requests that the second of two
// models gets; nil for more models.
func SharePlot(r *simulate.Routes) []byte {
	if len(r.Models) != 2 {
		return nil
	}
	var lines []svgplot.Line
	for _, router := range r.Routers {
		l := shareLine(router.Name, router.Steps)
		l.Reference = router.Name == randomRouter
		l.Bands = bandsOf(router.ShareBand, 1)
		lines = append(lines, l)
	}
	weak, strong := r.Models[0], r.Models[1]
	lines = append(lines, shareLine("oracle", r.Oracle.Steps),
		svgplot.Line{Label: "random choice on average", Reference: true, X: []float64{0, 1}, Y: []float64{float64(weak.Quality), float64(strong.Quality)}})
	points := []svgplot.XY{shareOf(weak, 0), shareOf(strong, 1)}
	return svgplot.Lines("Quality by share of requests to "+strong.Name, "share of requests that "+strong.Name+" gets", "mean quality",
		svgplot.LineSigns{Line: "router, or oracle, at every threshold", Hollow: "one model for everything", Band: "95 % of resamples"}, lines, points, nil, percent, threeDigits)
}

func shareLine(name string, steps []simulate.RouteStep) svgplot.Line {
	l := svgplot.Line{Label: name}
	for _, s := range steps {
		l.X, l.Y = append(l.X, s.Share), append(l.Y, s.Quality)
	}
	return l
}

func bandsOf(bands []simulate.Band, unit float64) (out []svgplot.Band) {
	for _, b := range bands {
		out = append(out, svgplot.Band{X: unit * b.At, Low: b.Low, High: b.High})
	}
	return out
}

func pointOf(name string, p curve.Point) svgplot.XY {
	none := math.NaN()
	return svgplot.XY{Label: name, X: perThousand * p.Cost, Y: p.Quality, XLow: none, XHigh: none, YLow: none, YHigh: none}
}

func shareOf(m simulate.RouteModel, share float64) svgplot.XY {
	return pointOf(m.Name, curve.Point{Cost: share / perThousand, Quality: float64(m.Quality)})
}
