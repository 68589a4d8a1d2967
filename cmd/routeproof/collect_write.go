package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/policy/live"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/wording"
)

// collected is the result of collect, and its JSON.
type collected struct {
	Version  int              `json:"version"`
	Mode     string           `json:"mode"`
	Outcomes string           `json:"outcomes"` // the file
	Prompts  int              `json:"prompts"`
	Services int              `json:"services"` // prompts, times tiers in mode all
	Complete int              `json:"complete"` // of them
	Models   []collectedModel `json:"models"`
	Requests *collectedPolicy `json:"requests"` // null in mode all
	Failures []failure        `json:"failures"` // the commonest first
	Unscored []failure        `json:"unscored"` // answers that the judge gave no score, likewise
	Judge    string           `json:"judge"`    // empty: none

	Judged    judging  `json:"judged"`     // what it cost to judge the answers, whenever that was
	JudgedNow *judging `json:"judged_now"` // by this command; null where no model judges

	Journal string `json:"journal"`
	Lost    int    `json:"lost"` // requests under way when an earlier command died

	Fresh  openaiapi.Spend `json:"sent"`   // by this command
	Stored openaiapi.Spend `json:"stored"` // answers that came out of the journal
	All    openaiapi.Spend `json:"all"`    // of the journal, earlier commands included

	failures, unscored map[string]int
}

// collectedModel sums up the calls of one model.
type collectedModel struct {
	Tier         string   `json:"tier"`
	Model        string   `json:"model"`
	Calls        int      `json:"calls"`
	Failed       int      `json:"failed"`
	Cut          int      `json:"cut_by_max_tokens"`
	InputTokens  int      `json:"input_tokens"`  // as far as known
	OutputTokens int      `json:"output_tokens"` // likewise
	CostUSD      *float64 `json:"cost_usd"`      // of the calls whose cost is known; null: of none
	CostUnknown  int      `json:"cost_unknown"`  // calls
	Scored       int      `json:"scored"`
	MeanScore    *float64 `json:"mean_score"` // of the scored; null: none is

	// Medians over the calls that were streamed, as the configuration's ttft_ms
	// and tokens_per_s would have them; null without any.
	TTFTMS     *float64 `json:"ttft_ms"`
	TokensPerS *float64 `json:"tokens_per_s"` // of the answer behind its first token

	cost, score float64
	ttft, speed []float64
}

// collectedPolicy sums up requests that a policy served.
type collectedPolicy struct {
	Served      int      `json:"served"`
	Escalated   int      `json:"escalated"`
	Agreed      int      `json:"agreed"`
	Unanswered  int      `json:"unanswered"`
	Undecided   int      `json:"undecided"` // the classifier failed or named no tier: they went to the fallback tier
	CostUSD     *float64 `json:"cost_usd"`  // null where that of any is unknown
	MeanScore   *float64 `json:"mean_score"`
	Scored      int      `json:"scored"`
	ClassifyUSD *float64 `json:"classification_usd"` // of it, the classifier's; null: unknown

	cost, classify eval.Quantity
	score          float64
}

// failure is an error, or a reason, and how many calls ended with it.
type failure struct {
	Error string `json:"error"`
	Calls int    `json:"calls"`
}

const collectedVersion = 1

// writeCollected writes outcomes and log from the journal alone: so whoever was
// interrupted writes what an undisturbed command does.
func (a *app) writeCollected(ctx context.Context, f *collectFlags, s *session, prompts []datasets.Prompt) (*collected, error) {
	replay := s.replay()
	c, err := f.collection(ctx, replay, prompts)
	if err != nil {
		return nil, err
	}
	r := &collected{Version: collectedVersion, failures: map[string]int{}, unscored: map[string]int{}, Mode: f.mode, Outcomes: f.out, Prompts: len(prompts), Services: len(prompts) * len(c.plan.Policies), Journal: s.flags.journal, Lost: s.store.Lost()}
	models := c.backend.Models()
	for _, m := range models {
		r.Models = append(r.Models, collectedModel{Tier: m.Tier, Model: m.Name})
	}
	if f.mode != "all" {
		nothing := eval.Quantity{Origin: eval.Recorded}
		r.Requests = &collectedPolicy{cost: nothing, classify: nothing}
	}
	write := func(log func(policy.LogRecord) error) error {
		return datasets.Outcomes().WriteFile(f.out, datasets.WriteOptions{}, func(put func(datasets.Outcome) error) error {
			return live.Replay(ctx, c.backend, c.plan, func(service *live.Service) error {
				if err := r.add(service, models, s.counter.Count); err != nil {
					return err
				}
				for i := range service.Records {
					if err := put(service.Records[i].Outcome); err != nil {
						return fmt.Errorf("outcome of %q: %w", service.Prompt.ID, err)
					}
				}
				if service.Served == nil {
					return nil
				}
				record, err := logRecord(service, models)
				if err != nil {
					return err
				}
				return log(record)
			})
		})
	}
	if f.log == "" {
		err = write(func(policy.LogRecord) error { return nil })
	} else {
		err = datasets.WriteFile(f.log, func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			return write(func(l policy.LogRecord) error { return enc.Encode(l) })
		})
	}
	if err != nil {
		return nil, err
	}
	r.finish()
	if replay.judged {
		r.JudgedNow = s.judging
	}
	r.Fresh, r.Stored = s.ledger.Fresh(), s.ledger.Stored()
	r.All, err = s.store.Spent()
	return r, err
}

// logRecord is what a router would have logged when the last call was made.
func logRecord(service *live.Service, models []policy.Model) (policy.LogRecord, error) {
	l, err := policy.NewLogRecord(&service.Request, service.Served, models)
	var at int64
	for _, r := range service.Records {
		at = max(at, r.At.Unix())
	}
	if at > 0 {
		l.Time = &at
	}
	return l, err
}

func (r *collected) add(service *live.Service, models []policy.Model, count func(string) (int, error)) error {
	for i := range service.Records {
		if err := r.addCall(&service.Records[i], &models[service.Records[i].Rung], count); err != nil {
			return err
		}
	}
	if service.Served == nil {
		return nil
	}
	r.Complete++
	if r.Requests != nil {
		r.Requests.add(service.Served)
	}
	if d := service.Served.Decision; d != nil && d.Err != "" {
		r.failures["the classifier: "+d.Err]++
	}
	return nil
}

func (r *collected) addCall(record *live.Record, m *policy.Model, count func(string) (int, error)) error {
	to, o := &r.Models[record.Rung], &record.Outcome
	to.Calls++
	if o.Error != "" {
		to.Failed++
		r.failures[o.Error]++
	}
	if o.FinishReason == "length" {
		to.Cut++
	}
	call, err := policy.NewCall(o, m, eval.Recorded, count) // as policies see it
	if err != nil {
		return err
	}
	to.InputTokens += call.InputTokens.Value
	to.OutputTokens += call.OutputTokens.Value
	if call.CostUSD.Known() {
		to.cost += call.CostUSD.Value
	} else {
		to.CostUnknown++
	}
	if o.TTFTMS.Known {
		to.ttft = append(to.ttft, o.TTFTMS.Value)
		if rest := o.LatencyMS.Value - o.TTFTMS.Value; rest > 0 && o.OutputTokens.Value > 1 {
			to.speed = append(to.speed, 1000*float64(o.OutputTokens.Value-1)/rest)
		}
	}
	if o.Score.Known || record.Why != "" {
		r.Judged.add(record.Judged)
	}
	if o.Score.Known {
		to.Scored++
		to.score += o.Score.Value
		r.Judge = o.Judge
	} else if record.Why != "" && o.Error == "" {
		r.unscored[record.Why]++
	}
	return nil
}

func (p *collectedPolicy) add(s *policy.Served) {
	p.Served++
	if s.Escalated {
		p.Escalated++
	}
	if s.Agreed {
		p.Agreed++
	}
	if s.Rung < 0 {
		p.Unanswered++
	}
	p.cost = p.cost.Add(s.CostUSD)
	if d := s.Decision; d != nil {
		p.classify = p.classify.Add(d.CostUSD)
		if d.Err != "" || d.Invalid {
			p.Undecided++
		}
	}
	if score := s.Score(); score.Known {
		p.Scored++
		p.score += score.Value
	}
}

// finish turns sums into figures.
func (r *collected) finish() {
	for i := range r.Models {
		m := &r.Models[i]
		if m.CostUnknown < m.Calls {
			m.CostUSD = &m.cost
		}
		m.MeanScore = mean(m.score, m.Scored)
		m.TTFTMS, m.TokensPerS = median(m.ttft), median(m.speed)
	}
	r.Failures, r.Unscored = commonest(r.failures), commonest(r.unscored)
	if p := r.Requests; p != nil {
		p.MeanScore = mean(p.score, p.Scored)
		if p.cost.Known() {
			p.CostUSD = &p.cost.Value
		}
		if p.classify.Known() {
			p.ClassifyUSD = &p.classify.Value
		}
	}
}

// median is the lower of the two in the middle; nil of none.
func median(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	return &values[(len(values)-1)/2]
}

func commonest(counts map[string]int) []failure {
	list := []failure{}
	for text, n := range counts {
		list = append(list, failure{text, n})
	}
	slices.SortFunc(list, func(a, b failure) int { return cmp.Or(b.Calls-a.Calls, cmp.Compare(a.Error, b.Error)) })
	return list
}

func mean(sum float64, n int) *float64 {
	if n == 0 {
		return nil
	}
	m := sum / float64(n)
	return &m
}

func (r *collected) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "tier\tmodel\tcalls\tfailed\tat max_tokens\ttokens in\ttokens out\tfirst token\ttokens/s\tcost\tmean score\t")
	for _, m := range r.Models {
		cost := "unknown"
		switch {
		case m.Calls == 0:
			cost = "–"
		case m.CostUSD != nil && m.CostUnknown > 0:
			cost = fmt.Sprintf("%s and %d unknown", dollars(*m.CostUSD), m.CostUnknown)
		case m.CostUSD != nil:
			cost = dollars(*m.CostUSD)
		}
		first, speed := "–", "–"
		if m.TTFTMS != nil {
			first = fmt.Sprintf("%.0f ms", *m.TTFTMS)
		}
		if m.TokensPerS != nil {
			speed = fmt.Sprintf("%.0f", *m.TokensPerS)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t\n", printable(m.Tier), printable(m.Model), m.Calls, m.Failed, m.Cut, m.InputTokens, m.OutputTokens, first, speed, cost, scoreOf(m.MeanScore, m.Scored))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if p := r.Requests; p != nil {
		total := "unknown"
		if p.CostUSD != nil {
			total = dollars(*p.CostUSD)
		}
		fmt.Fprintf(w, "\n%s: %s served, %d escalated, %d agreed, %d without an answer; cost %s, mean score %s\n", r.Mode, wording.Plural(p.Served, "request"), p.Escalated, p.Agreed, p.Unanswered, total, scoreOf(p.MeanScore, p.Scored))
		if p.Undecided > 0 {
			fmt.Fprintf(w, "the classifier named no tier for %s: the fallback tier served them\n", wording.Plural(p.Undecided, "request"))
		}
	}
	fmt.Fprintf(w, "\n%d of %d complete; outcomes %s\n", r.Complete, r.Services, printable(r.Outcomes))
	printCommonest(w, r.Failures, "call", "failed", "errors")
	if r.failed() > 0 {
		fmt.Fprintln(w, "  what was not billed and may pass is asked again by the same command, the rest with --retry-errors")
	}
	printCommonest(w, r.Unscored, "answer", "without a score", "reasons")
	if j := &r.Judged; j.USD > 0 || j.Unknown > 0 {
		fmt.Fprintf(w, "judging cost %s", j)
		if r.JudgedNow != nil {
			fmt.Fprintf(w, ", of which now %s", r.JudgedNow)
		}
		fmt.Fprintln(w)
	}
	if r.All.Unknown > 0 {
		fmt.Fprintf(w, "the journal has %s whose cost is not known, %s\n", wording.Plural(r.All.Unknown, "request"), bound(r.All))
	}
	return nil
}

func printCommonest(w io.Writer, list []failure, noun, how, rest string) {
	const shown = 5
	for _, f := range list[:min(shown, len(list))] {
		fmt.Fprintf(w, "  %s %s: %s\n", wording.Plural(f.Calls, noun), how, printable(f.Error))
	}
	if more := len(list) - shown; more > 0 {
		fmt.Fprintf(w, "  and %d other %s\n", more, rest)
	}
}

func (r *collected) failed() int {
	n := 0
	for _, m := range r.Models {
		n += m.Failed
	}
	return n
}

func (r *collected) calls() int {
	n := 0
	for _, m := range r.Models {
		n += m.Calls
	}
	return n
}

func scoreOf(mean *float64, n int) string {
	if mean == nil {
		return "none"
	}
	return fmt.Sprintf("%.3f (n %d)", *mean, n)
}
