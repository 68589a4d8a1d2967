// Package describe says what stands in files of prompts and outcomes, in a few
// passes and without keeping their texts.
//
// [Prompts] counts tiers, domains, languages and lengths, and finds groups of
// equal and nearly equal texts; [Against] finds the prompts of one file that
// another holds already; [Outcomes] finds holes in a matrix of answers.
package describe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
)

// NoLabels is the warning about prompts none of which has a tier.
const NoLabels = "no prompt is labelled: expected tiers in a column named tier, without which nothing can be built or measured"

// Description is what stands in a file of prompts.
type Description struct {
	Prompts   int       `json:"prompts"`
	Labelled  int       `json:"labelled"`
	Tiers     []Count   `json:"tiers"` // of labelled prompts, in the order of the tiers, else by number
	AltTiers  int       `json:"alt_tiers"`
	Splits    []Count   `json:"splits"`
	Domains   []Count   `json:"domains"`
	Languages []Count   `json:"languages"` // as declared
	Scripts   []Count   `json:"scripts"`   // as seen: that of most letters
	TaskTypes []Count   `json:"task_types"`
	Runes     Quantiles `json:"runes"` // length in code points
	Words     Quantiles `json:"words"` // in runs of what is no white space
	Texts     Texts     `json:"texts"`
	Warnings  []string  `json:"warnings"`
}

// Count is how many prompts have a value. Those without any stand under "".
type Count struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// Quantiles of a length over all prompts: order statistic ⌈np⌉.
type Quantiles struct {
	Min    int     `json:"min"`
	P5     int     `json:"p5"`
	Median int     `json:"median"`
	P95    int     `json:"p95"`
	Max    int     `json:"max"`
	Mean   float64 `json:"mean"`
}

// Texts says how many texts differ.
type Texts struct {
	Groups       int     `json:"groups"`        // that can go to different splits
	Repeated     int     `json:"repeated"`      // prompts beyond the first of an equal text or a named group
	NearRepeated int     `json:"near_repeated"` // beyond the first of a group of near-duplicates, equal ones included
	Largest      int     `json:"largest"`       // prompts of the largest group
	Templates    int     `json:"templates"`     // see [datasets.Groups]
	Examples     []Group `json:"examples"`      // the largest groups that near-duplicates join, at most 10
}

// Group is some prompts that must share a split.
type Group struct {
	N   int      `json:"n"`
	Few []Member `json:"few"` // the first, at most 3
}

// Member is a prompt of a group.
type Member struct {
	ID   string `json:"id"`
	Text string `json:"text"` // its beginning
}

const (
	shownGroups  = 10
	shownMembers = 3
	shownRunes   = 120
)

// Scan reads the prompts of one file again each time it is called.
type Scan func(visit func(*datasets.Prompt) error) (datasets.Summary, error)

// ErrChanged is the error of a file whose rows are others on a later pass.
var ErrChanged = errors.New("file changed while it was read")

// File returns the scan of a file of prompts that stops when ctx is done. Only
// its first pass reports problems and checks ids.
func File(ctx context.Context, path string, tiers []string, each func(datasets.Problem)) Scan {
	kind, rows := datasets.Prompts(tiers), -1
	seed, before := maphash.MakeSeed(), uint64(0) // of the texts of the first pass
	return func(visit func(*datasets.Prompt) error) (datasets.Summary, error) {
		n := 0
		var texts maphash.Hash
		texts.SetSeed(seed)
		summary, err := kind.ScanFile(path, each, func(p *datasets.Prompt) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if n++; n > rows && rows >= 0 {
				return fmt.Errorf("%s: %w", path, ErrChanged)
			}
			texts.WriteString(p.Text)
			texts.WriteByte(0)
			return visit(p)
		})
		if err == nil && rows >= 0 && (n < rows || texts.Sum64() != before) {
			err = fmt.Errorf("%s: %w", path, ErrChanged)
		}
		kind, rows, before, each = kind.Again(), n, texts.Sum64(), nil
		return summary, err
	}
}

// Prompts describes the prompts of a file, in three passes. tiers give the
// order of tiers; nil: by number. Memory is that of a [datasets.Grouper].
func Prompts(scan Scan, tiers []string) (*Description, error) {
	d := &Description{Warnings: []string{}}
	tier, split, domain, language, script, task := counter{}, counter{}, counter{}, counter{}, counter{}, counter{}
	runes, words := lengths{}, lengths{}
	var labels datasets.Labels
	defer labels.Close()
	grouper := datasets.NewGrouper()
	defer grouper.Close()
	summary, err := scan(func(p *datasets.Prompt) error {
		grouper.Count(p)
		if err := labels.Add(p); err != nil {
			return err
		}
		if p.Tier != "" {
			tier[p.Tier]++
			d.Labelled++
		}
		if p.AltTier != "" {
			d.AltTiers++
		}
		split[p.Split]++
		domain[p.Domain]++
		language[p.Language]++
		script[scriptOf(p.Text)]++
		task[p.TaskType]++
		runes[utf8.RuneCountInString(p.Text)]++
		words[wordsOf(p.Text)]++
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.Prompts = summary.Rows
	d.Tiers, d.Splits, d.Domains = tier.ordered(tiers), split.byNumber(), domain.byNumber()
	d.Languages, d.Scripts, d.TaskTypes = language.byNumber(), script.byNumber(), task.byNumber()
	d.Runes, d.Words = runes.quantiles(), words.quantiles()
	warnings, err := labels.Warnings()
	if err = errors.Join(err, labels.Close()); err != nil { // its memory is wanted for groups
		return nil, err
	}
	d.Warnings = append(append(d.Warnings, summary.Warnings...), warnings...)
	if d.Labelled == 0 {
		d.Warnings = append(d.Warnings, NoLabels)
	}
	if _, err := scan(func(p *datasets.Prompt) error { grouper.Group(p); return nil }); err != nil {
		return nil, err
	}
	groups, err := grouper.Groups()
	if err != nil {
		return nil, err
	}
	d.Texts, err = texts(scan, groups)
	return d, err
}

// texts counts groups and looks up the texts of the largest.
func texts(scan Scan, groups *datasets.Groups) (Texts, error) {
	n := len(groups.Near)
	size := make([]int32, groups.Len())
	exact := int32(0)                     // groups before, which are numbered in their order
	joined := make([]int32, groups.Len()) // exact groups of each near group
	for i, near := range groups.Near {
		size[near]++
		if groups.Exact[i] == exact {
			exact++
			joined[near]++
		}
	}
	t := Texts{Groups: len(size), Templates: groups.Templates, Repeated: n - int(exact), NearRepeated: n - len(size), Examples: []Group{}}
	var shown []int32
	for near, n := range size {
		t.Largest = max(t.Largest, int(n))
		if joined[near] > 1 {
			shown = append(shown, int32(near))
		}
	}
	slices.SortStableFunc(shown, func(a, b int32) int { return int(size[b] - size[a]) })
	shown = shown[:min(len(shown), shownGroups)]
	if len(shown) == 0 {
		return t, nil
	}
	place := map[int32]int{}
	for k, near := range shown {
		place[near] = k
		t.Examples = append(t.Examples, Group{N: int(size[near])})
	}
	i := 0
	told := map[int32]bool{} // exact groups, of which one member says all
	_, err := scan(func(p *datasets.Prompt) error {
		k, wanted := place[groups.Near[i]]
		if e := groups.Exact[i]; wanted && !told[e] && len(t.Examples[k].Few) < shownMembers {
			told[e] = true
			t.Examples[k].Few = append(t.Examples[k].Few, Member{p.ID, beginning(p.Text)})
		}
		i++
		return nil
	})
	return t, err
}

// beginning returns the start of a text that does not keep the whole.
func beginning(text string) string {
	n := 0
	for i := range text {
		if n == shownRunes {
			return strings.Clone(text[:i]) + "…"
		}
		n++
	}
	return text
}

type counter map[string]int

// byNumber sorts by number, then name.
func (c counter) byNumber() []Count {
	counts := make([]Count, 0, len(c))
	for name, n := range c {
		counts = append(counts, Count{name, n})
	}
	slices.SortFunc(counts, func(a, b Count) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Name, b.Name)) })
	return counts
}

// ordered sorts by a list of names, all of which it has.
func (c counter) ordered(names []string) []Count {
	if names == nil {
		return c.byNumber()
	}
	counts := make([]Count, len(names))
	for i, name := range names {
		counts[i] = Count{name, c[name]}
	}
	return counts
}

// wordsOf counts the words of a text.
func wordsOf(text string) int {
	n := 0
	for range strings.FieldsSeq(text) {
		n++
	}
	return n
}

// lengths is how many texts have a length.
type lengths map[int]int

func (l lengths) quantiles() Quantiles {
	sorted := slices.Sorted(maps.Keys(l))
	n, sum := 0, 0
	for length, of := range l {
		n += of
		sum += length * of
	}
	at := func(p int) int { // p in percent
		left := max((n*p+99)/100, 1)
		for _, length := range sorted {
			if left -= l[length]; left <= 0 {
				return length
			}
		}
		return 0
	}
	return Quantiles{Min: at(0), P5: at(5), Median: at(50), P95: at(95), Max: at(100), Mean: float64(sum) / float64(n)}
}
