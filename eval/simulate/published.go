package simulate

import (
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
)

// Published are measures that other projects rank routers by, over the requests
// whose costs are known: of every threshold between two models, of the hull's
// between more. Null is undefined. See the package curve for what each is, and is
// not.
type Published struct {
	Arena      eval.Number `json:"arena_score"` // RouterArena's, at the threshold where it is largest
	ArenaAt    eval.Number `json:"arena_score_at_usd"`
	CascadeAUC eval.Number `json:"cascade_routing_auc"`
	PerfGain   eval.Number `json:"perf_gain"`
	CostSave   eval.Number `json:"cost_save"`
	ParetoDist eval.Number `json:"pareto_dist"` // of the hull's settings from the frontier of all routers' and models
	IBCHalfway eval.Number `json:"ibc_halfway"` // of the hull at half the way between the two models' costs
}

func arena(p curve.Point) eval.Number {
	return eval.Number(curve.ArenaScore(p.Quality, perThousand*p.Cost))
}

const perThousand = 1000 // requests

// published fills in what other projects measure.
func (m *matrix) published(out *Routes, rankings []ranking) {
	for k := range out.Models {
		score := nan()
		if m.cost.enough {
			score = arena(m.singles[k])
		}
		out.Models[k].Arena = &score
	}
	sets := [][]curve.Point{m.singles}
	for k := range out.Routers {
		var set []curve.Point
		for _, x := range out.Routers[k].Hull {
			set = append(set, x.Point)
		}
		sets = append(sets, set)
	}
	distances := curve.ParetoDist(sets...)
	for k, r := range rankings {
		p := &Published{
			Arena: nan(), ArenaAt: nan(), CascadeAUC: eval.Number(curve.CascadeRoutingAUC(r.points, m.singles)),
			PerfGain: eval.Number(curve.PerfGain(r.points, m.singles)), CostSave: eval.Number(curve.CostSave(r.points, m.singles)),
			ParetoDist: eval.Number(distances[k+1]), IBCHalfway: nan(),
		}
		for _, x := range r.points {
			if s := arena(x); !(s <= p.Arena) {
				p.Arena, p.ArenaAt = s, eval.Number(x.Cost)
			}
		}
		if len(m.singles) == 2 {
			half := (m.singles[0].Cost + m.singles[1].Cost) / 2
			if quality, ok := curve.NewHull(sets[k+1]).QualityAt(half); ok {
				p.IBCHalfway = eval.Number(curve.IBC(curve.Point{Cost: half, Quality: quality}, m.singles[0], m.singles[1]))
			}
		}
		out.Routers[k].Published = p
	}
}
