package importer

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/table"
	"github.com/routeproof/routeproof/internal/wording"
)

// A plan says what the columns of a table with a row a prompt are. A column
// that is empty is one that the file does not have.
type plan struct {
	id     string
	rowID  string // in place of id: what stands before the row's number, from 0
	prompt string
	domain string
	topic  string // in place of domain: that of every row
	models []modelColumns
	graded bool // scores may lie between 0 and 1
	lists  bool // texts may stand in Python lists
}

// modelColumns are a model's columns.
type modelColumns struct{ model, score, response, cost string }

// wide reads the files at paths; planned says what their columns are. Where
// it cannot, it notes the problem and returns false.
func (j *job) wide(paths []string, planned func(*file) (plan, bool)) error {
	var names []string // of the models
	first := ""
	holes, turns := 0, 0
	for _, path := range paths {
		f, err := j.open(path)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		if f.json {
			j.problem(path, 0, "", "is JSON Lines: expected CSV or Parquet, as pandas' to_csv(…, index=False) and to_parquet write it")
			continue
		}
		p, ok := planned(f)
		if !ok {
			continue
		}
		var models []string
		for _, m := range p.models {
			models = append(models, m.model)
		}
		slices.Sort(models)
		if names == nil {
			names, first = models, path
		} else if !slices.Equal(names, models) {
			j.problem(path, 0, "", "has other models than %s: expected %s, found %s: import them apart", first, wording.List(names), wording.List(models))
			continue
		}
		t, err := j.wideTable(f, p)
		if err != nil {
			return err
		}
		if t.rows == 0 && j.failure.Total == 0 {
			j.problem(path, 0, "", "no rows: expected a row for each prompt")
		}
		holes, turns = holes+t.holes, turns+t.turns
		if j.full() {
			break
		}
	}
	cells := "cells"
	if holes == 1 {
		cells = "cell"
	}
	j.drop(holes, cells+" without score, response or cost: no answer was recorded")
	if turns > 0 {
		j.warn("%d prompts are lists of several texts and stand as they were written", turns)
	}
	return nil
}

// wideTable is a table at work.
type wideTable struct {
	j       *job
	f       *file
	plan    plan
	columns []table.Column
	place   map[string]int // column → where it is in columns
	rows    int
	holes   int // models without anything in a row
	turns   int // prompts that are lists of several texts
}

func (j *job) wideTable(f *file, p plan) (*wideTable, error) {
	t := &wideTable{j: j, f: f, plan: p, place: map[string]int{}}
	t.ask(p.id, table.Name, true)
	t.ask(p.prompt, table.Text, true)
	t.ask(p.domain, table.Text, false)
	for _, m := range p.models {
		// In CSV numbers are read as text, since a cell may hold NaN or True.
		score, cost := table.Text, table.Text
		if f.parquet {
			score, cost = table.Number, table.Number
			if !p.graded {
				score = table.Boolean
			}
		}
		t.ask(m.score, score, false)
		t.ask(m.response, table.Text, false)
		t.ask(m.cost, cost, false)
	}
	if f.parquet {
		if err := t.booleans(); err != nil {
			return t, j.refused(f.path, err)
		}
	}
	rows, err := j.scan(f, t.columns, t.row)
	t.rows = rows
	return t, err
}

func (t *wideTable) ask(name string, kind table.Type, required bool) {
	if name == "" {
		return
	}
	t.place[name] = len(t.columns)
	t.columns = append(t.columns, table.Column{Name: name, Type: kind, Required: required, Repeats: !required})
}

// booleans finds the scores that a Parquet file holds as true and false.
func (t *wideTable) booleans() error {
	source, err := table.Open(t.f.path)
	if err != nil {
		return err
	}
	defer source.Close()
	reader, err := source.Rows(t.columns)
	if err != nil {
		return err
	}
	var b table.Batch
	_ = reader.Read(&b) // a failure comes again with the rows
	for _, m := range t.plan.models {
		c := t.place[m.score]
		if slices.ContainsFunc(b.Faults, func(f table.Fault) bool {
			return f.Line == 0 && f.Column == m.score && strings.Contains(f.Reason, "BOOLEAN")
		}) {
			t.columns[c].Type = table.Boolean
		}
	}
	return nil
}

// cellsOf returns the cells of a column; nil where the file has none.
func (t *wideTable) cellsOf(b *table.Batch, name string) *table.Cells {
	if name == "" {
		return nil
	}
	return &b.Cells[t.place[name]]
}

func (t *wideTable) text(b *table.Batch, name string, i int) datasets.Optional[string] {
	if c := t.cellsOf(b, name); c != nil && c.Known[i] {
		return datasets.Known(c.Text[i])
	}
	return datasets.Optional[string]{}
}

// row turns a row into outcomes.
func (t *wideTable) row(b *table.Batch, i int, sound bool) error {
	number := t.rows
	t.rows++
	if !sound {
		return nil
	}
	line := b.Line[i]
	o := datasets.Outcome{Domain: t.plan.topic, Prompt: t.text(b, t.plan.prompt, i).Value}
	if t.plan.domain != "" {
		o.Domain = t.text(b, t.plan.domain, i).Value
	}
	if t.j.banned.has(o.Prompt) {
		t.j.banned.dropped++
		return nil
	}
	if o.ID = t.plan.rowID + strconv.Itoa(number); t.plan.id != "" {
		o.ID = t.text(b, t.plan.id, i).Value
	}
	if o.ID == "" {
		t.j.problem(t.f.path, line, t.plan.id, "is empty: expected the id of a prompt")
		return nil
	}
	where, found := t.j.twice(line, o.ID)
	if found {
		t.j.problem(t.f.path, line, t.plan.id, "%s stands on %s already: expected each prompt once", wording.Quote(o.ID), where)
	}
	unwrapped := false
	if t.plan.lists {
		var texts int
		if o.Prompt, texts = unwrap(o.Prompt); texts > 1 {
			t.turns++
		}
		unwrapped = texts > 0
	}
	return t.answers(b, i, o, unwrapped, found)
}

// answers hands out what the models answered to a prompt, or of one that stood
// before only notes what is wrong with it.
func (t *wideTable) answers(b *table.Batch, i int, o datasets.Outcome, unwrapped, again bool) error {
	grade := right()
	if t.plan.graded {
		grade = score()
	}
	any := false
	for _, m := range t.plan.models {
		var sound, alsoSound bool
		o.Model = m.model
		o.Score, sound = t.number(b, m.score, i, grade)
		o.CostUSD, alsoSound = t.number(b, m.cost, i, usd())
		if o.Response = t.text(b, m.response, i); unwrapped && o.Response.Known {
			o.Response.Value, _ = unwrap(o.Response.Value)
		}
		switch {
		case !sound || !alsoSound || again:
			continue
		case !o.Score.Known && !o.Response.Known && !o.CostUSD.Known:
			t.holes++
			continue
		}
		any = true
		if err := t.j.emit(&o); err != nil {
			return err
		}
	}
	if any {
		t.j.report.Prompts++
	}
	return nil
}

// A measure is what the numbers of a column may be, from 0.
type measure struct {
	words string
	most  float64
	whole bool
	truth bool // True is 1, and False is 0
}

func right() measure { return measure{words: "True or False", most: 1, whole: true, truth: true} }
func score() measure { return measure{words: "a score from 0 to 1", most: 1, truth: true} }
func usd() measure   { return measure{words: "a cost from 0 to 1000000 USD", most: 1e6} }

// number reads a cell, which may be unknown, and notes what is wrong with it.
func (t *wideTable) number(b *table.Batch, name string, i int, m measure) (v datasets.Optional[float64], sound bool) {
	c := t.cellsOf(b, name)
	if c == nil || !c.Known[i] {
		return v, true
	}
	found := ""
	switch t.columns[t.place[name]].Type {
	case table.Boolean:
		if v.Known = true; c.Bool[i] {
			v.Value = 1
		}
	case table.Number:
		v = datasets.Known(c.Number[i])
		found = strconv.FormatFloat(v.Value, 'g', -1, 64)
	default:
		found = wording.Quote(c.Text[i])
		v, sound = m.parse(strings.TrimSpace(c.Text[i]))
		if sound && !v.Known {
			return v, true
		}
	}
	if !v.Known || v.Value < 0 || v.Value > m.most || m.whole && v.Value != math.Trunc(v.Value) {
		t.j.problem(t.f.path, b.Line[i], name, "expected %s, found %s", m.words, found)
		return v, false
	}
	return v, true
}

// parse reads a number as pandas and its like write them: nothing and NaN are
// unknown.
func (m measure) parse(cell string) (v datasets.Optional[float64], sound bool) {
	switch word := strings.ToLower(cell); {
	case word == "" || word == "nan":
		return v, true
	case m.truth && word == "true":
		return datasets.Known(1.0), true
	case m.truth && word == "false":
		return datasets.Known(0.0), true
	}
	number, err := strconv.ParseFloat(cell, 64)
	if err != nil || math.IsNaN(number) {
		return v, false
	}
	return datasets.Known(number), true
}
