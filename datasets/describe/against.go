package describe

import (
	"github.com/routeproof/routeproof/datasets"
)

// Overlap is how much of a file another one holds already.
type Overlap struct {
	Equal int    `json:"equal"` // prompts whose text stands in the other file, but for case and white space
	Near  int    `json:"near"`  // prompts that nearly repeat a text of the other file
	Pairs []Pair `json:"pairs"` // all of them, in the order of the file

	// Templates is [datasets.Groups].Templates of both files together: near
	// ones of these were not looked for.
	Templates int `json:"templates"`
}

// Pair is a prompt and the first one of the other file that it repeats.
type Pair struct {
	ID      string `json:"id"`
	OtherID string `json:"other_id"`
	Equal   bool   `json:"equal"`
}

// Against finds the prompts of a file that repeat those of another, in two
// passes over both. Names of groups are not looked at, since they may mean
// different things in two files.
func Against(file, other Scan) (*Overlap, error) {
	grouper := datasets.NewGrouper()
	var ids []string
	others := 0
	for pass, take := range []func(*datasets.Prompt){grouper.Count, grouper.Group} {
		for _, scan := range []Scan{other, file} {
			if _, err := scan(func(p *datasets.Prompt) error {
				bare := datasets.Prompt{ID: p.ID, Text: p.Text}
				take(&bare)
				if pass == 0 {
					ids = append(ids, p.ID)
				}
				return nil
			}); err != nil {
				return nil, err
			}
			if others == 0 {
				others = len(ids)
			}
		}
	}
	groups := grouper.Groups()
	equal, near := map[int32]int{}, map[int32]int{} // group → first of the other file
	for i := range others {
		remember(equal, groups.Exact[i], i)
		remember(near, groups.Near[i], i)
	}
	o := &Overlap{Templates: groups.Templates, Pairs: []Pair{}}
	for i := others; i < len(ids); i++ {
		if at, found := equal[groups.Exact[i]]; found {
			o.Equal++
			o.Pairs = append(o.Pairs, Pair{ids[i], ids[at], true})
		} else if at, found := near[groups.Near[i]]; found {
			o.Near++
			o.Pairs = append(o.Pairs, Pair{ids[i], ids[at], false})
		}
	}
	return o, nil
}

func remember(first map[int32]int, group int32, i int) {
	if _, seen := first[group]; !seen {
		first[group] = i
	}
}
