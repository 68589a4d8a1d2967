package synth

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
)

// everything returns all that there is of rows i < n, in the order asked for.
func everything(g *Generator, n int, order []int) []string {
	out := make([]string, n)
	for _, i := range order {
		out[i] = fmt.Sprintf("%+v %+v %+v %s", g.Latent(i), g.Prompt(i), g.Answer(i), g.AppendLog(nil, i))
		for m := range g.config.Models {
			out[i] += fmt.Sprintf("%+v", g.Outcome(i, m))
		}
	}
	return out
}

// TestRowsStandAlone asks for rows forwards, backwards and at once.
func TestRowsStandAlone(t *testing.T) {
	const n = 100
	var order []int
	for i := range n {
		order = append(order, i)
	}
	want := everything(newGenerator(t, nil), n, order)
	g := newGenerator(t, nil)
	slices.Reverse(order)
	if diff := cmp.Diff(want, everything(g, n, order)); diff != "" {
		t.Errorf("backwards: want −, got +:\n%s", diff)
	}
	g = newGenerator(t, nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if !slices.Equal(want, everything(g, n, order)) {
				t.Error("rows asked for at once differ")
			}
		})
	}
	wg.Wait()
	if other := everything(newGenerator(t, func(c *Config) { c.Seed = 2 }), n, order); other[7] == want[7] {
		t.Error("another seed gives the same row")
	}
}

// TestPrefix compares files of different length.
func TestPrefix(t *testing.T) {
	g := newGenerator(t, nil)
	f, err := datasets.FormatOf("x.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	write := func(n int) (string, string, string) {
		var p, o, l strings.Builder
		if err := datasets.Prompts(nil).Write(&p, f, datasets.WriteOptions{}, g.Prompts(n)); err != nil {
			t.Fatal(err)
		}
		if err := datasets.Outcomes().Write(&o, f, datasets.WriteOptions{}, g.Outcomes(n)); err != nil {
			t.Fatal(err)
		}
		if err := g.WriteLogs(&l, n); err != nil {
			t.Fatal(err)
		}
		return p.String(), o.String(), l.String()
	}
	p, o, l := write(40)
	longP, longO, longL := write(400)
	if !strings.HasPrefix(longP, p) || !strings.HasPrefix(longO, o) || !strings.HasPrefix(longL, l) {
		t.Error("the first rows depend on how many follow")
	}
}

// TestGolden holds that what a seed gives stays what it is. A change is one to
// tell users of.
func TestGolden(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("last bits of floats differ between architectures")
	}
	g := newGenerator(t, func(c *Config) { c.Logs.Scores = true })
	order := make([]int, 200)
	for i := range order {
		order[i] = i
	}
	h := sha256.New()
	for _, row := range everything(g, len(order), order) {
		fmt.Fprintln(h, row)
	}
	const want = "9545fe82a8df4941fdf15e58a1e3d5737af76cfbfa597174c4bfe72f0e963096"
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("%s, expected %s", got, want)
	}
}

func TestPromptShares(t *testing.T) {
	g := newGenerator(t, alone)
	const n = 20_000
	tiers, languages, domains, tasks := make([]tally, 4), make([]tally, 3), make([]tally, 6), make([]tally, 4)
	words := make([][]float64, 4)
	var sum, squares float64
	for i := range n {
		l := g.Latent(i)
		for k := range tiers {
			tiers[k].add(l.Tier == k)
			tasks[k].add(l.TaskType == k)
		}
		for k := range languages {
			languages[k].add(l.Language == k)
		}
		for k := range domains {
			domains[k].add(l.Domain == k)
		}
		words[l.Tier] = append(words[l.Tier], float64(l.Words))
		sum += l.Difficulty
		squares += l.Difficulty * l.Difficulty
		if l.Root != i || l.Change != Original {
			t.Fatalf("prompt %d is a near-duplicate: %+v", i, l)
		}
	}
	for k, m := range g.config.Models {
		tiers[k].check(t, m.Tier, m.Share)
		tasks[k].check(t, g.config.TaskTypes[k].Name, g.config.TaskTypes[k].Weight)
		slices.Sort(words[k])
		if median := words[k][len(words[k])/2]; math.Abs(median/m.Words-1) > .1 {
			t.Errorf("%s: a median of %g words, expected about %g", m.Tier, median, m.Words)
		}
	}
	for k, s := range g.config.Languages {
		languages[k].check(t, s.Name, s.Weight)
	}
	for k, s := range g.config.Domains {
		domains[k].check(t, s.Name, 1./6)
	}
	// Four standard errors of the mean and of the variance of N(0, 1).
	if mean, variance := sum/n, squares/n; math.Abs(mean) > 4/math.Sqrt(n) || math.Abs(variance-1) > 4*math.Sqrt(2./n) {
		t.Errorf("difficulty has mean %g and variance %g, expected 0 and 1", mean, variance)
	}
}

func TestTexts(t *testing.T) {
	g := newGenerator(t, alone)
	counts := map[string]int{}
	for i := range 3000 {
		l, p := g.Latent(i), g.Prompt(i)
		if got := len(strings.Fields(p.Text)); got != l.Words {
			t.Fatalf("%q has %d words, expected %d", p.Text, got, l.Words)
		}
		if !utf8.ValidString(p.Text) || strings.TrimSpace(p.Text) != p.Text || !strings.ContainsAny(p.Text[len(p.Text)-1:], ".?!") {
			t.Errorf("%q", p.Text)
		}
		if l.Language == 0 {
			for w := range strings.FieldsSeq(strings.ToLower(p.Text)) {
				counts[strings.Trim(w, ".,?!")]++
			}
		}
	}
	// Zipf: the first word comes 10 times as often as the tenth.
	common := g.lexicons[0].common
	if ratio := float64(counts[common[0]]) / float64(counts[common[9]]); ratio < 8 || ratio > 12.5 {
		t.Errorf("the first word comes %.1f times as often as the tenth, expected 10", ratio)
	}
	list := map[string]bool{}
	n := 0
	for _, l := range g.lexicons {
		for _, words := range append(append([][]string{l.common}, l.tier...), l.domain...) {
			for _, w := range words {
				list[w] = true
				n++
			}
		}
	}
	if len(list) != n {
		t.Errorf("%d different words of %d", len(list), n)
	}
}

// TestWordLimit names for each text the tier that its first word tells, and
// finds the documented accuracy.
func TestWordLimit(t *testing.T) {
	for _, c := range []struct{ signal, want float64 }{
		{1, 1}, {0, .45},
		// By hand: .45·(.6+.4·.45) + .30·(.6+.4·.3) + .18·(.6+.4·.18) + .07·(.6+.4·.07).
		{.6, .73192},
		// By hand, where the last two tiers' words point to SIMPLE or MEDIUM:
		// .45·(.1+.9·.45) + (.30+.18+.07)·.9·.45.
		{.1, .45},
	} {
		g := newGenerator(t, func(config *Config) { alone(config); config.WordSignal = c.signal })
		limit := g.Truth().WordLimit
		if math.Abs(limit-c.want) > 1e-12 {
			t.Errorf("signal %g: limit %g, expected %g", c.signal, limit, c.want)
		}
		told := map[string]int{}
		for i := range g.lexicons {
			for tier, list := range g.lexicons[i].tier {
				for _, w := range list {
					told[w] = tier
				}
			}
		}
		var right tally
		for i := range 2000 {
			p := g.Prompt(i)
			first := strings.Trim(strings.ToLower(strings.Fields(p.Text)[0]), ".,?!")
			w, ok := told[first]
			if !ok {
				t.Fatalf("%q begins with no word of a tier", p.Text)
			}
			best, most := 0, 0.0
			for k, m := range g.config.Models {
				q := (1 - c.signal) * m.Share
				if k == w {
					q += c.signal
				}
				if q > most {
					best, most = k, q
				}
			}
			right.add(p.Tier == g.config.Models[best].Tier)
		}
		right.check(t, fmt.Sprintf("accuracy at signal %g", c.signal), limit)
	}
}

func TestNearDuplicates(t *testing.T) {
	g := newGenerator(t, func(c *Config) { c.NearDuplicates = .3 })
	var copies tally
	changes := make([]tally, Word+1)
	for i := range 5000 {
		l, p := g.Latent(i), g.Prompt(i)
		copies.add(l.Change != Original)
		if (l.Root == i) != (l.Change == Original) || l.Root > i {
			t.Fatalf("prompt %d: %+v", i, l)
		}
		if p.Group != g.Prompt(l.Root).ID {
			t.Errorf("prompt %d has group %q", i, p.Group)
		}
		if l.Change == Original {
			continue
		}
		for k := Typo; k <= Word; k++ {
			changes[k].add(l.Change == k)
		}
		root := g.Prompt(l.Root)
		if l.Change != Original && p.Text == root.Text {
			t.Errorf("prompt %d is no changed copy: %q", i, p.Text)
		}
		if l.Change == Case && !strings.EqualFold(p.Text, root.Text) {
			t.Errorf("prompt %d differs in more than case: %q and %q", i, p.Text, root.Text)
		}
		if a, b := len(strings.Fields(p.Text)), len(strings.Fields(root.Text)); b-a > 1 || a > b {
			t.Errorf("prompt %d has %d words, its source %d", i, a, b)
		}
		source := g.Latent(l.Root)
		if l.Root, l.Change = source.Root, source.Change; l != source || p.Tier != root.Tier || p.Reference != root.Reference {
			t.Errorf("prompt %d has another truth than its source", i)
		}
	}
	copies.check(t, "near-duplicates", .3)
	for k := Typo; k <= Word; k++ {
		changes[k].check(t, fmt.Sprintf("change %d", k), .25)
	}
	if p := newGenerator(t, alone).Prompt(3); p.Group != "" {
		t.Errorf("group %q where there are no near-duplicates", p.Group)
	}
}

// TestChange looks at texts that leave little to change.
func TestChange(t *testing.T) {
	r := newRandom(1, streamChange, 0, 0)
	for _, text := range []string{"Tä 12 34.", "Bo. 1? 2!", "Bo bo bo."} {
		for k := Typo; k <= Word; k++ {
			for range 200 {
				if got := change(&r, k, text, []string{"bo", "da"}); got == text || !utf8.ValidString(got) {
					t.Fatalf("change %d of %q: %q", k, text, got)
				}
			}
		}
	}
}
