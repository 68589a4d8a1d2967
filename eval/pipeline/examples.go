package pipeline

import (
	"strings"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
)

// bySplit is examples, train first, in their order within each split.
type bySplit struct {
	all  []eval.Example
	ends [4]int // of each split in all
}

// of returns the examples of splits that stand one behind the other.
func (b *bySplit) of(first, last datasets.Split) []eval.Example {
	from := 0
	if first > 0 {
		from = b.ends[first-1]
	}
	return b.all[from:b.ends[last]]
}

// split is that of example i.
func (b *bySplit) split(i int) datasets.Split {
	s := datasets.Train
	for i >= b.ends[s] {
		s++
	}
	return s
}

// examplesOf returns the labelled prompts of splits that stand one behind the other.
func (j *job) examplesOf(splits ...datasets.Split) []eval.Example {
	if j.buildOnly {
		return j.examples.of(splits[0], splits[len(splits)-1])
	}
	return eval.Examples(j.Items, splits...)
}

// forFitting is how many labelled prompts are in train or tune.
func (j *job) forFitting() (n int) {
	for i := range j.Items {
		if s := j.Items[i].Split; s == datasets.Train || s == datasets.Tune {
			n++
		}
	}
	return n + j.examples.ends[datasets.Tune]
}

// taker takes a labelled prompt in.
type taker func(i int, p *datasets.Prompt, tier int)

// takeItems returns what makes an item of each labelled prompt.
func (j *job) takeItems(prompts *datasets.PromptSet, assigned *datasets.Assignment) (add taker, end func()) {
	j.Items = make([]eval.Item, 0, prompts.Len())
	return func(i int, p *datasets.Prompt, tier int) {
		alt := -1
		if k, ok := j.Tiers.Index(p.AltTier); ok {
			alt = k
		}
		group := assigned.Groups.Key(i)
		j.Items = append(j.Items, eval.Item{
			ID: strings.Clone(p.ID), Text: prompts.Text(i), Tier: tier, AltTier: alt, Domain: p.Domain,
			Group: group, GroupNumber: assigned.Groups.Near[i], Split: assigned.Splits[i],
			Fold:       datasets.Fold(j.Config.Splits.Salt, group, eval.Folds),
			ChoiceFold: j.choiceFold(group),
			Runes:      utf8.RuneCountInString(p.Text),
		})
	}, func() {}
}

// takeExamples returns what makes an example of each labelled prompt, in memory for
// as many as there are prompts. It gives the groups up.
func (j *job) takeExamples(prompts *datasets.PromptSet, assigned *datasets.Assignment) (add taker, end func()) {
	near, folds := assigned.Groups.Near, make([]uint8, 0, assigned.Groups.Len())
	for i, group := range near {
		if int(group) == len(folds) { // the first of it
			folds = append(folds, j.choiceFold(assigned.Groups.Key(i)))
		}
	}
	assigned.Groups = nil // their keys take more than all that follows
	all := make([]eval.Example, prompts.Len())
	var from, next [4]int // of each split
	for _, s := range assigned.Splits {
		if s < datasets.Test {
			from[s+1]++
		}
	}
	for s := datasets.Tune; s <= datasets.Test; s++ {
		from[s] += from[s-1]
	}
	next = from
	add = func(i int, p *datasets.Prompt, tier int) {
		s := assigned.Splits[i]
		all[next[s]] = eval.Example{
			Text: prompts.Text(i), Group: near[i], Tier: uint8(tier), Fold: folds[near[i]],
		}
		next[s]++
	}
	end = func() { // closes the gaps that unlabelled prompts leave
		n := 0
		for s := range from {
			n += copy(all[n:], all[from[s]:next[s]])
			j.examples.ends[s] = n
		}
		j.examples.all = all[:n]
	}
	return add, end
}

// choiceFold is the fold of a group in which candidates are chosen among.
func (j *job) choiceFold(group string) uint8 {
	return uint8(datasets.Fold(j.Config.Splits.Salt+"/choose", group, eval.Folds))
}
