package importer

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
	"strconv"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/table"
	"github.com/routeproof/routeproof/internal/wording"
)

func mtBenchFormat() format {
	return format{
		Format: Format{
			Name:    "routellm-mt-bench",
			Summary: "RouteLLM's judgements of MT-bench answers, as FastChat writes them",
			Files:   "judgements.jsonl, or several with different models",
			Columns: "question_id, model, turn, and score from 1 to 10",
			Options: []string{"questions", "contaminated"},
		},
		fits: func(names []string) string {
			if missing := without([]string{"question_id", "model", "turn", "score"}, names); len(missing) > 0 {
				return "no column " + missing[0]
			}
			return ""
		},
		read: readMTBench,
	}
}

// The scale of the judge. It says failed where it gave no score.
const (
	worst  = 1
	best   = 10
	failed = -1
)

// maxTurns is how many turns a question may have: those of an answer are bits.
const maxTurns = 64

// A question is what a questions file says of one.
type question struct {
	prompt string // the first turn
	topic  string
	turns  int
	banned bool
}

// judged is an answer to all turns of a question.
type judged struct {
	question int
	model    string
	turns    uint64 // bit t−1: turn t was judged
	failed   bool   // at some turn
	sum      float64
}

// mtBench is an import of MT-bench at work.
type mtBench struct {
	*job
	questions map[int]question // nil: no file
	answers   []judged         // in order of appearance
	place     map[[16]byte]int // question and model → where in answers
	turns     map[int]uint64   // question → turns that anybody was judged at
}

func readMTBench(j *job, paths []string) error {
	if j.options.Contaminated != "" && j.options.Questions == "" {
		return usage("contaminated prompts are known by their text, which judgements do not hold: give MT-bench's questions too (--questions question.jsonl)")
	}
	if err := j.readBanned("questions with a turn on the list of contaminated prompts"); err != nil || j.failure.Total > 0 {
		return err
	}
	m := &mtBench{job: j, place: map[[16]byte]int{}, turns: map[int]uint64{}}
	if err := m.readQuestions(); err != nil || j.failure.Total > 0 {
		return err
	}
	for _, path := range paths {
		f, err := j.open(path)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		f.passed = []string{"judge", "user_prompt", "judgment", "tstamp"}
		if err := m.readJudgements(f); err != nil {
			return err
		}
		if j.full() {
			break
		}
	}
	if j.failure.Total > 0 {
		return nil
	}
	return m.handOut()
}

func (m *mtBench) readQuestions() error {
	path := m.options.Questions
	if path == "" {
		m.warn("no questions were given: prompts and domains are unknown")
		return nil
	}
	m.questions = map[int]question{}
	f := &file{path: path, passed: []string{"reference"}}
	columns := []table.Column{
		{Name: "question_id", Type: table.Whole, Required: true},
		{Name: "category", Type: table.Text, Repeats: true},
		{Name: "turns", Type: table.JSON, Required: true},
	}
	rows, err := m.scan(f, columns, func(b *table.Batch, i int, sound bool) error {
		if !sound {
			return nil
		}
		id := int(b.Cells[0].Number[i])
		var turns []string
		if err := json.Unmarshal([]byte(b.Cells[2].Text[i]), &turns); err != nil || len(turns) == 0 || len(turns) > maxTurns || slices.Contains(turns, "") {
			m.problem(path, b.Line[i], "turns", "expected a list of 1 to %d texts, found %s", maxTurns, wording.Quote(b.Cells[2].Text[i]))
			return nil
		}
		if where, found := m.twice(b.Line[i], "question", strconv.Itoa(id)); found {
			m.problem(path, b.Line[i], "question_id", "%d stands on %s already: expected each question once", id, where)
			return nil
		}
		q := question{prompt: turns[0], turns: len(turns)}
		if b.Cells[1].Known[i] {
			q.topic = b.Cells[1].Text[i]
		}
		for _, turn := range turns {
			q.banned = m.banned.has(turn) || q.banned
		}
		if q.banned {
			m.banned.dropped++
			q.prompt = ""
		}
		m.questions[id] = q
		return nil
	})
	if rows == 0 && err == nil && m.failure.Total == 0 {
		m.problem(path, 0, "", "no questions: expected rows with question_id, category and turns")
	}
	return err
}

func (m *mtBench) readJudgements(f *file) error {
	columns := []table.Column{
		{Name: "question_id", Type: table.Whole, Required: true},
		{Name: "model", Type: table.Name, Required: true, Repeats: true},
		{Name: "turn", Type: table.Whole, Required: true},
		{Name: "score", Type: table.Number},
	}
	rows, err := m.scan(f, columns, func(b *table.Batch, i int, sound bool) error {
		if sound {
			m.judgement(f, b, i)
		}
		return nil
	})
	if rows == 0 && err == nil && m.failure.Total == 0 {
		m.problem(f.path, 0, "", "no judgements: expected rows with %s", m.format.Columns)
	}
	return err
}

// judgement takes in a row.
func (m *mtBench) judgement(f *file, b *table.Batch, i int) {
	id, model, turn := int(b.Cells[0].Number[i]), b.Cells[1].Text[i], int(b.Cells[2].Number[i])
	score, known := b.Cells[3].Number[i], b.Cells[3].Known[i] && b.Cells[3].Number[i] != failed
	problem := func(field, format string, args ...any) {
		m.problem(f.path, b.Line[i], field, format, args...)
	}
	q, asked := m.questions[id]
	most := maxTurns
	if asked {
		most = q.turns
	}
	switch {
	case model == "":
		problem("model", "is empty: expected the name of a model")
		return
	case m.questions != nil && !asked:
		problem("question_id", "%d is not in %s: give the questions that were judged", id, m.options.Questions)
		return
	case turn < 1 || turn > most:
		problem("turn", "expected 1 to %d, found %d", most, turn)
		return
	case known && (score < worst || score > best):
		problem("score", "expected %d to %d, or %d where the judge failed, found %g", worst, best, failed, score)
		return
	}
	if where, found := m.twice(b.Line[i], strconv.Itoa(id), model, strconv.Itoa(turn)); found {
		problem("question_id", "turn %d of %d by model %s stands on %s already: expected one judgement (import those of another judge apart)", turn, id, wording.Quote(model), where)
		return
	}
	if q.banned {
		return
	}
	key := hashOf(strconv.Itoa(id), model)
	at, found := m.place[key]
	if !found {
		at = len(m.answers)
		m.place[key] = at
		m.answers = append(m.answers, judged{question: id, model: model})
	}
	a := &m.answers[at]
	a.turns |= 1 << (turn - 1)
	m.turns[id] |= 1 << (turn - 1)
	if known {
		a.sum += score
	} else {
		a.failed = true
	}
}

// handOut hands out an outcome for each question and model. RouteLLM routes a
// conversation once, by its first turn, and both turns count the same; so the
// score is their mean. Where one of them is unknown, so is the mean.
func (m *mtBench) handOut() error {
	judgeFailed, incomplete := 0, 0
	prompts := map[int]bool{}
	for _, a := range m.answers {
		q := m.questions[a.question]
		all := m.turns[a.question]
		if q.turns > 0 {
			all = 1<<q.turns - 1
		}
		o := datasets.Outcome{ID: fmt.Sprintf("mt-bench/%d", a.question), Model: a.model, Prompt: q.prompt, Domain: q.topic}
		switch {
		case a.failed:
			judgeFailed++
		case a.turns != all:
			incomplete++
		default:
			o.Score = datasets.Known(a.sum / float64(best*bits.OnesCount64(a.turns)))
		}
		if !prompts[a.question] {
			prompts[a.question] = true
			m.report.Prompts++
		}
		if err := m.emit(&o); err != nil {
			return err
		}
	}
	if judgeFailed > 0 {
		m.warn("%d answers have no score: the judge failed at a turn", judgeFailed)
	}
	if incomplete > 0 {
		m.warn("%d answers have no score: a turn was not judged", incomplete)
	}
	idle := 0
	for id, q := range m.questions {
		if !q.banned && !prompts[id] {
			idle++
		}
	}
	if idle > 0 {
		m.warn("%d questions have no judgement", idle)
	}
	return nil
}
