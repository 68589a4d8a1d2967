package describe

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/routeproof/routeproof/datasets"
)

// Matrix is which model answered which prompt.
type Matrix struct {
	Rows     int      `json:"rows"`
	Prompts  int      `json:"prompts"`
	Holes    int      `json:"holes"`  // prompts × models without a row
	Models   []Model  `json:"models"` // by name
	Domains  []Count  `json:"domains"`
	Warnings []string `json:"warnings"`
}

// Model is what stands in a file of one model's answers.
type Model struct {
	Name      string   `json:"name"`
	Rows      int      `json:"rows"`
	Missing   int      `json:"missing"` // prompts without a row
	Scores    int      `json:"scores"`  // rows with a score
	Mean      *float64 `json:"mean_score"`
	Costs     int      `json:"costs"` // rows with a cost
	USD       *float64 `json:"usd"`   // in all
	Responses int      `json:"responses"`
	Errors    int      `json:"errors"`

	sum, usd float64
}

// Outcomes describes outcomes, which scan hands out in one pass. Memory is some
// 40 bytes a prompt.
func Outcomes(scan func(visit func(*datasets.Outcome) error) (datasets.Summary, error)) (*Matrix, error) {
	models := map[string]*Model{}
	texts := map[[16]byte][16]byte{} // id → text, both hashed
	two := map[[16]byte]bool{}       // ids with more than one text
	domains := counter{}
	summary, err := scan(func(o *datasets.Outcome) error {
		m := models[o.Model]
		if m == nil {
			m = &Model{Name: o.Model}
			models[o.Model] = m
		}
		m.add(o)
		id := hash(o.ID)
		text, seen := texts[id]
		switch {
		case !seen:
			texts[id] = hash(o.Prompt)
			domains[o.Domain]++
		case text != hash(o.Prompt) && o.Prompt != "":
			if text == hash("") {
				texts[id] = hash(o.Prompt)
			} else {
				two[id] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	x := &Matrix{Rows: summary.Rows, Prompts: len(texts), Domains: domains.byNumber(), Warnings: append([]string{}, summary.Warnings...)}
	for _, m := range models {
		m.finish(x.Prompts)
		x.Holes += m.Missing
		x.Models = append(x.Models, *m)
	}
	slices.SortFunc(x.Models, func(a, b Model) int { return cmp.Compare(a.Name, b.Name) })
	if len(two) > 0 {
		x.Warnings = append(x.Warnings, fmt.Sprintf("ids beside more than one prompt text: %d; answers to different prompts are compared there", len(two)))
	}
	return x, nil
}

func (m *Model) add(o *datasets.Outcome) {
	m.Rows++
	if o.Score.Known {
		m.Scores++
		m.sum += o.Score.Value
	}
	if o.CostUSD.Known {
		m.Costs++
		m.usd += o.CostUSD.Value
	}
	if o.Response.Known {
		m.Responses++
	}
	if o.Error != "" {
		m.Errors++
	}
}

func (m *Model) finish(prompts int) {
	m.Missing = prompts - m.Rows
	if m.Scores > 0 {
		mean := m.sum / float64(m.Scores)
		m.Mean = &mean
	}
	if m.Costs > 0 {
		m.USD = &m.usd
	}
}

func hash(s string) [16]byte {
	sum := sha256.Sum256([]byte(s))
	return [16]byte(sum[:16])
}
