package reports

import (
	"fmt"
	"strings"

	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
)

// hybrid shows the margin of the three-stage hybrid beside others.
func (r *report) hybrid() {
	h := r.run.Hybrid
	if h == nil {
		return
	}
	r.heading(2, "The three-stage hybrid")
	margin := marginWords(h.Margin)
	how := map[string]string{
		pipeline.MarginTuned:      "it is the one that costs least on tune or, where that saves no more than one standard error, the cheaper of never and always having the embedding decide. It is heuristic: nothing is guaranteed (`routeproof calibrate hybrid` certifies one)",
		pipeline.MarginConfigured: "the configuration sets it",
		pipeline.MarginUntold:     "tune cannot tell a better one",
	}[h.Source]
	if h.Untold != "" {
		how += ", and there are no figures on tune: " + escape(h.Untold)
	}
	r.text("%s decides by the rule where a pattern is sure, else by the embedding where its two best scores are at least a margin apart, and asks the LLM otherwise. The margin is **%s**: %s.",
		code(pipeline.ThreeStage), margin, how)
	switch {
	case h.Tune == 0 && h.Test == 0:
		return
	case h.Tune == 0 || h.Test == 0:
		r.text("On %s.", hybridPrompts(h))
	default:
		r.text("On %s. Optimism, by how much it saves more on tune than on test against the better on tune of the two extremes: %s per 1,000 requests.", hybridPrompts(h), numberCell(h.Optimism, usd))
	}
	header := []string{"margin", "rule decides", "embedding decides", "LLM decides", "paid to the embedding", "paid to the LLM", "expected cost on test", "on tune"}
	var rows [][]string
	for _, s := range h.Settings {
		name := marginWords(s.Margin)
		if s.Chosen {
			name = "**" + name + "**"
		}
		rows = append(rows, append(append([]string{name}, stageCells(s.Test)...), hybridCost(s.Test), hybridCost(s.Tune)))
	}
	r.table(header, rows)
	r.text("Stages and what is paid to them are on test; money is USD per 1,000 requests.")
}

func hybridPrompts(h *pipeline.HybridNote) string {
	var parts []string
	if h.Tune > 0 {
		parts = append(parts, fmt.Sprintf("%s of tune", wording.Plural(h.Tune, "prompt")))
	}
	if h.Test > 0 {
		parts = append(parts, fmt.Sprintf("%s of test", wording.Plural(h.Test, "prompt")))
	}
	return strings.Join(parts, " and ") + " whose costs are known"
}

// marginWords is a margin with its four digits, or what it means.
func marginWords(m calibrate.Threshold) string {
	switch {
	case m > 2: // no margin of scores is
		return "never the embedding"
	case m == 0:
		return "0, no LLM where there is a vector"
	}
	return fmt.Sprintf("%.4g", float64(m))
}

func stageCells(p *calibrate.HybridPoint) []string {
	if p == nil {
		return []string{missing, missing, missing, missing, missing}
	}
	return []string{percent(float64(p.Rule.Decided)), percent(float64(p.Embedding.Decided)), percent(float64(p.LLM.Decided)),
		numberCell(p.Embedding.PaidUSD, usd), numberCell(p.LLM.PaidUSD, usd)}
}

func hybridCost(p *calibrate.HybridPoint) string {
	if p == nil {
		return missing
	}
	return numberCell(p.Headline, usd)
}
