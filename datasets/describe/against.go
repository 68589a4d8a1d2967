package describe

import (
	"errors"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/spill"
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

const (
	nearIDs  = 4 << 20 // bytes of ids that are in memory
	idBuffer = 64 << 10
)

// Against finds the prompts of a file that repeat those of another, in two
// passes over both. Names of groups are not looked at, since they may mean
// different things in two files. Memory is that of a [datasets.Grouper] and 4 bytes for
// each prompt that repeats none before; ids are in a temporary file.
func Against(file, other Scan) (overlap *Overlap, err error) {
	grouper := datasets.NewGrouper()
	defer grouper.Close()
	ids := spill.File{Limit: nearIDs, What: "ids of prompts"}
	defer func() { err = errors.Join(err, ids.Close()) }()
	n, others := 0, 0
	for pass, take := range []func(*datasets.Prompt){grouper.Count, grouper.Group} {
		for _, scan := range []Scan{other, file} {
			if _, err := scan(func(p *datasets.Prompt) error {
				take(&datasets.Prompt{Text: p.Text})
				if pass > 0 {
					return nil
				}
				n++
				return ids.AppendFrame([]byte(p.ID))
			}); err != nil {
				return nil, err
			}
			if others == 0 {
				others = n
			}
		}
	}
	groups, err := grouper.Groups()
	if err != nil {
		return nil, err
	}
	equal, near := firsts(groups.Exact[:others]), firsts(groups.Near[:others])
	overlap = &Overlap{Templates: groups.Templates, Pairs: []Pair{}}
	repeats := func(i int) (at int32, isEqual, found bool) {
		if exact := int(groups.Exact[i]); exact < len(equal) {
			return equal[exact], true, true
		}
		if group := int(groups.Near[i]); group < len(near) {
			return near[group], false, true
		}
		return 0, false, false
	}
	first := map[int32]string{} // ids of prompts of the other file that are repeated
	for i := others; i < n; i++ {
		if at, _, found := repeats(i); found {
			first[at] = ""
		}
	}
	for i, frames := 0, ids.Frames(0, ids.Len(), idBuffer); i < n; i++ {
		id, err := frames.Next()
		if err != nil {
			return nil, err
		}
		if i < others {
			if _, wanted := first[int32(i)]; wanted {
				first[int32(i)] = string(id)
			}
			continue
		}
		at, isEqual, found := repeats(i)
		if !found {
			continue
		}
		if isEqual {
			overlap.Equal++
		} else {
			overlap.Near++
		}
		overlap.Pairs = append(overlap.Pairs, Pair{string(id), first[at], isEqual})
	}
	return overlap, nil
}

// firsts returns the first prompt of each group, of those numbered in this order.
func firsts(groups []int32) []int32 {
	var first []int32
	for i, group := range groups {
		if int(group) == len(first) {
			first = append(first, int32(i))
		}
	}
	return first
}
