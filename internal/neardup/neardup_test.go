package neardup

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// Groups returns, for each text, the index of the first text of its group.
func Groups(texts []string) []int32 { return groupsNear(texts, math.MaxInt) }

// groupsNear is Groups with so many bytes of sketches in memory.
func groupsNear(texts []string, near int) []int32 {
	c := NewCounter()
	c.Add(texts)
	f := c.Finder(near)
	f.Add(texts)
	groups, _, err := f.Groups()
	if err := cmp.Or(err, f.Close()); err != nil {
		panic(err)
	}
	return groups
}

// joined reports whether all texts are in one group.
func joined(texts ...string) bool {
	groups := Groups(texts)
	return !slices.ContainsFunc(groups, func(g int32) bool { return g != groups[0] })
}

func TestNormalisation(t *testing.T) {
	if groups := Groups(nil); len(groups) != 0 {
		t.Errorf("no texts: %v", groups)
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"What is a monad?", " what IS\ta monad", true},
		{"e-mail, please", "E mail\n(please)", true},
		{"don't", "don’t", true},
		{"I can't log in", "I cant log in", true},
		{"e-mail", "email", true},
		{"the rapist", "therapist", true}, // a price of that
		{"foot ball", "football", true},
		{"photo\u00adsynthesis", "photosynthesis", true},
		{"ﬁne ＡＢＣ", "fine abc", true},
		{"caf\u00e9", "cafe\u0301", true},
		{"\u110b\u1161\u11ab", "안", true},
		{"ΟΔΟΣ", "οδος", true},
		{"1 2", "12", false},
		{"1.5", "15", false},
		{"1.5", "1,5", true},
		{"5-3", "5*3", false},
		{"5 - 3", "5-3", true},
		{"5/3", "5%3", false},
		{"5-3", "5 3", false},
		{"and/or", "and or", true},
		{"ÄÖÜ ПРИВЕТ", "äöü привет", true},
		{"天地玄黄。宇宙洪荒", "天地玄黄宇宙洪荒", true},
		{"天地玄黄。宇宙洪荒", "天地玄黄，宇宙洪荒", true},
		{"2 + 2", "2 - 2", false}, // the one a symbol, the other punctuation
		{"2 + 2", "2 + 3", false},
		{"😀", "😡", false},
		{"e\u0301", "e", false},
		{"?!", "?!", true},
		{"?!", "...", false}, // not equal just because nothing is left
		{"? !", "?\n !  ", true},
		{"", "  ", true},
		{"", "?", false},
		{"\xff", "\xfe", true}, // both U+FFFD
		{"What is DNA?", "What is RNA?", false},
		{"日本の首都", "日本の首相", false},
		{"What is the capital of France?", "What is the capital of Spain?", true},
		{"What is the capital of France?", "What was a capital of Spain?", false},
	} {
		if got := joined(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: joined %v, expected %v", c.a, c.b, got, c.want)
		}
	}
}

// mixture returns texts with copies, variants and templates, in some order.
func mixture(seed uint64, n int) []string {
	w, han := newWriter(seed), newHanWriter(seed)
	template := w.text(60)
	var texts []string
	for i := range n {
		if i%10 == 0 {
			text := han.text(10 + w.rng.IntN(30))
			texts = append(texts, text, strings.ReplaceAll(text, "，", ""), han.plant(text, "typo"))
		}
		text := w.text(3 + w.rng.IntN(60))
		if i%4 == 0 {
			text = template + " " + text
		}
		texts = append(texts, text)
		for w.rng.IntN(3) == 0 {
			text = w.plant(text, kinds[w.rng.IntN(len(kinds))])
			texts = append(texts, text)
		}
	}
	return texts
}

func TestOrderAndProcessorsDoNotMatter(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rng := rand.New(rand.NewPCG(1, 2))
	texts := mixture(11, 1500)
	want := Groups(texts)
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		if got := Groups(texts); !slices.Equal(got, want) {
			t.Fatalf("GOMAXPROCS %d gives other groups", procs)
		}
		order := rng.Perm(len(texts))
		shuffled := make([]string, len(texts))
		for to, from := range order {
			shuffled[to] = texts[from]
		}
		if !samePartition(want, order, Groups(shuffled)) {
			t.Fatalf("another order gives other groups")
		}
	}
	// Nor does how the texts are cut into batches, or that the passes differ.
	c := NewCounter()
	for batch := range slices.Chunk(texts, 17) {
		c.Add(batch)
	}
	f := c.Finder(math.MaxInt)
	for batch := range slices.Chunk(texts, 1000) {
		f.Add(batch)
	}
	if got, _, _ := f.Groups(); !slices.Equal(got, want) {
		t.Error("batches give other groups")
	}
}

// A second pass over other texts is an error, and over fewer is none.
func TestOtherTexts(t *testing.T) {
	texts := mixture(12, 100)
	for _, c := range []struct {
		counted, added int
		ok             bool
	}{{len(texts), len(texts) - 1, true}, {len(texts) - 1, len(texts), false}, {0, 1, false}, {1, 0, true}} {
		n := NewCounter()
		n.Add(texts[:c.counted])
		f := n.Finder(math.MaxInt)
		f.Add(texts[:c.added])
		if groups, _, err := f.Groups(); (err == nil) != c.ok || c.ok && len(groups) != c.added {
			t.Errorf("%d texts are counted, %d added: %d groups, %v", c.counted, c.added, len(groups), err)
		}
	}
}

// samePartition reports whether got, of the texts in another order, groups
// them like want.
func samePartition(want []int32, order []int, got []int32) bool {
	to, from := map[int32]int32{}, map[int32]int32{}
	for i, g := range got {
		w := want[order[i]]
		if a, ok := to[g]; ok && a != w {
			return false
		}
		if b, ok := from[w]; ok && b != g {
			return false
		}
		to[g], from[w] = w, g
	}
	return true
}

// Copies are grouped however many there are, and make nothing common: a
// variant of a text with many copies is still found.
func TestCopies(t *testing.T) {
	w := newWriter(13)
	text := w.text(80)
	texts := []string{text}
	for range 3000 {
		texts = append(texts, w.plant(text, "case"), w.plant(text, "punctuation"))
	}
	texts = append(texts, w.plant(text, "word changed"), w.plant(text, "typo"))
	if !joined(texts...) {
		t.Error("copies and variants of one text are not one group")
	}
}

// Questions in one template are no duplicates, in sets large and small; two
// variants of one of them are.
func TestTemplate(t *testing.T) {
	w := newWriter(14)
	before, after := w.text(60), w.text(20)
	for _, n := range []int{10, 30, 100, 3000} {
		var texts []string
		for range n {
			texts = append(texts, before+"\n"+w.text(15+w.rng.IntN(30))+"\n"+after)
		}
		texts = append(texts, strings.Replace(texts[0], after, w.plant(after, "typo"), 1))
		groups := Groups(texts)
		for i, g := range groups {
			if want := int32(i % n); g != want {
				t.Errorf("%d questions: text %d is in group %d, expected %d", n, i, g, want)
			}
		}
	}
	// Short ones, that differ in one word.
	var short []string
	for i := range 100 {
		short = append(short, fmt.Sprintf("What is the capital of number%d?", i))
	}
	for i, g := range Groups(short) {
		if int(g) != i {
			t.Errorf("%q joined %q", short[i], short[g])
		}
	}
}

// A template with two places to fill in makes chains of texts that are one word
// apart. They are no family.
func TestTemplateWithTwoPlaces(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	words := vocabulary(rng, 150)
	var texts []string
	for range 300 {
		texts = append(texts, fmt.Sprintf("How do I get from %s to %s by train?", words[rng.IntN(150)], words[rng.IntN(150)]))
	}
	c := NewCounter()
	c.Add(texts)
	f := c.Finder(math.MaxInt)
	f.Add(texts)
	groups, templates, _ := f.Groups()
	sizes := map[int32]int{}
	for _, g := range groups {
		sizes[g]++
	}
	largest := slices.Max(slices.Collect(maps.Values(sizes)))
	t.Logf("%d groups, the largest of %d; %d templates", len(sizes), largest, templates)
	if largest > maxFamily || templates < 200 {
		t.Errorf("largest group of %d, %d templates", largest, templates)
	}
}

// More variants of one text than a template may have are not joined, but they
// are counted.
func TestLargeFamily(t *testing.T) {
	w := newWriter(19)
	for _, n := range []int{15, 40, 200} {
		texts := []string{}
		for range 1000 {
			texts = append(texts, w.text(40+w.rng.IntN(40)))
		}
		text := w.text(150)
		for len(texts) < 1000+n {
			texts = append(texts, w.plant(text, "typo"))
		}
		c := NewCounter()
		c.Add(texts)
		f := c.Finder(math.MaxInt)
		f.Add(texts)
		groups, templates, _ := f.Groups()
		of := map[int32]bool{}
		for _, g := range groups[1000:] {
			of[g] = true
		}
		t.Logf("%d variants: %d groups, %d templates", n, len(of), templates)
		if len(of) > 1 && templates < n*8/10 {
			t.Errorf("%d variants are in %d groups, %d are counted", n, len(of), templates)
		}
		if n < minCommon && len(of) > 1 {
			t.Errorf("%d variants are in %d groups", n, len(of))
		}
	}
}

// TestAgainstAllPairs compares with exact similarities of all pairs.
func TestAgainstAllPairs(t *testing.T) {
	must, mustNot := 0, 0
	for seed := range uint64(12) {
		w := newWriter(100 + seed)
		var texts []string
		for range 12 {
			text := w.text(40 + w.rng.IntN(60))
			texts = append(texts, text)
			for range 4 {
				for range w.rng.IntN(5) {
					text = w.plant(text, kinds[3+w.rng.IntN(3)])
				}
				texts = append(texts, text)
			}
		}
		groups := Groups(texts)
		sets := make([]map[string]bool, len(texts))
		for i, text := range texts {
			sets[i] = shingleSet(text)
		}
		// No two are joined without a chain of pairs that may be similar.
		may := NewSets(len(texts))
		for i := range texts {
			for o := range i {
				switch similarity := jaccard(sets[i], sets[o]); {
				case similarity >= 0.75:
					must++
					if groups[i] != groups[o] {
						t.Errorf("similarity %.2f, not joined:\n%s\n%s", similarity, texts[i], texts[o])
					}
					fallthrough
				case similarity > 0.45:
					may.Join(int32(i), int32(o))
				}
			}
		}
		for i := range texts {
			for o := range i {
				if may.Root(int32(i)) == may.Root(int32(o)) {
					continue
				}
				mustNot++
				if groups[i] == groups[o] {
					t.Errorf("joined without similarity:\n%s\n%s", texts[i], texts[o])
				}
			}
		}
	}
	t.Logf("%d pairs had to be joined, %d not to", must, mustNot)
}

// TestMinHashIsUnbiased checks the lanes for small and large sets.
func TestMinHashIsUnbiased(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, size := range []int{8, 20, 130, 2000} {
		for _, similarity := range []float64{0.2, 0.6, 0.9} {
			const trials = 300
			sum, square := 0.0, 0.0
			common := int(math.Round(similarity * float64(size)))
			for range trials {
				all := make([]uint64, size)
				for i := range all {
					all[i] = rng.Uint64()
				}
				half := common + (size-common)/2
				var a, b sketch
				a.minHash(all[:half])
				b.minHash(slices.Concat(all[:common], all[half:]))
				agree := 0
				for i, lane := range a.lanes {
					if lane == b.lanes[i] {
						agree++
					}
				}
				deviation := float64(agree)/lanes - float64(common)/float64(size)
				sum, square = sum+deviation, square+deviation*deviation
			}
			mean, sd := sum/trials, math.Sqrt(square/trials)
			j := float64(common) / float64(size)
			theory := math.Sqrt(j * (1 - j) / lanes)
			if math.Abs(mean) > 4*theory/math.Sqrt(trials) || sd > 1.2*theory {
				t.Errorf("%d shingles, similarity %.2f: mean error %.4f, standard error %.4f, expected about %.4f", size, j, mean, sd, theory)
			}
		}
	}
}

// Two long texts are compared by a sample of their shingles.
func TestLongTexts(t *testing.T) {
	w := newWriter(15)
	long := w.text(40000)
	other := w.text(40000)
	if !joined(long, w.plant(w.plant(long, "word deleted"), "word inserted")) {
		t.Error("two variants of a long text are not joined")
	}
	if repeated := strings.Repeat(long[:10000]+" ", 100); !joined(repeated, repeated+w.text(3)) {
		t.Error("two variants of a long text that repeats itself are not joined")
	}
	if joined(long, other) || joined(long, long[:len(long)/3]) {
		t.Error("different long texts are joined")
	}
}

// TestHostile groups what would take minutes if all pairs of a bucket were
// compared, and other extremes.
func TestHostile(t *testing.T) {
	w := newWriter(16)
	const limit = time.Minute // generous: the race detector, slow machines
	repeat := func(n int, text func(i int) string) []string {
		texts := make([]string, n)
		for i := range texts {
			texts[i] = text(i)
		}
		return texts
	}
	base, template := w.text(60), w.text(8000)
	big := strings.Repeat(w.text(2000)+" ", 8<<20/12000)
	sets := map[string][]string{
		"all equal":         repeat(50000, func(int) string { return base }),
		"one huge template": repeat(60, func(int) string { return template + w.text(10) }),
		"one typo each":     repeat(3000, func(int) string { return w.plant(base, "typo") }),
		"one word each":     repeat(30000, func(i int) string { return fmt.Sprintf("which of these is a kind of %d", i) }),
		"one letter":        repeat(1000, func(i int) string { return strings.Repeat("a", i) }),
		"same words":        repeat(10000, func(i int) string { return strings.Repeat("a ", i%30) + "b" }),
		"8 MiB":             {big, big + "x", strings.Repeat("? ", 1<<19), strings.Repeat("語", 1<<18)},
	}
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		start := time.Now()
		groups := Groups(sets[name])
		took := time.Since(start)
		different := map[int32]bool{}
		for _, g := range groups {
			different[g] = true
		}
		t.Logf("%s: %d texts, %d groups, %v", name, len(groups), len(different), took.Round(time.Millisecond))
		if took > limit {
			t.Errorf("%s took %v", name, took)
		}
	}
	// Where no shingle is known to be common, all texts share all buckets.
	start := time.Now()
	typos := repeat(10000, func(int) string { return w.plant(base, "typo") })
	c := NewCounter()
	c.Add(typos)
	for _, s := range c.scratches {
		clear(s.counts)
	}
	f := c.Finder(math.MaxInt)
	f.Add(typos)
	if groups, _, _ := f.Groups(); slices.Max(groups) > 0 || time.Since(start) > limit {
		t.Errorf("10,000 variants of one text: not one group, or slow: %v", time.Since(start))
	}
	t.Log("one bucket:", time.Since(start).Round(time.Millisecond))
}

// Sketches in a temporary file give the same groups, and what cannot be kept or
// read back is an error.
func TestSketchesBeyondMemory(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	texts := mixture(21, 12_000)
	want := Groups(texts)
	for _, near := range []int{0, 3 * blockLen * int(sketchSize)} {
		if got := groupsNear(texts, near); !slices.Equal(got, want) {
			t.Errorf("other groups with %d bytes in memory", near)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left", err, left)
	}
	finder := func() *Finder {
		c := NewCounter()
		c.Add(texts)
		f := c.Finder(0)
		f.Add(texts)
		return f
	}
	given := finder()
	if err := given.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := given.Groups(); err == nil {
		t.Error("sketches were given up, and no error")
	}
	t.Setenv("TMPDIR", folder+"/none")
	if _, _, err := finder().Groups(); err == nil {
		t.Error("there is no place for sketches, and no error")
	}
}

func FuzzGroups(f *testing.F) {
	f.Add("What is a monad?\nwhat is a monad")
	f.Add("\xff\n?\n\n語語語語語語語語語語語語語\n語語語語語語語語語語語語口")
	f.Add(strings.Join(mixture(17, 5), "\n"))
	f.Fuzz(func(t *testing.T, data string) {
		texts := strings.Split(data, "\n")
		groups := Groups(texts)
		folded := map[string]int32{}
		order := make([]int, len(texts))
		reversed := make([]string, len(texts))
		for i, g := range groups {
			if g < 0 || int(g) > i || groups[g] != g {
				t.Fatalf("text %d is in group %d", i, g)
			}
			key := strings.Join(strings.Fields(strings.ToLower(texts[i])), " ")
			if first, ok := folded[key]; ok && groups[first] != g {
				t.Fatalf("%q and %q are not joined", texts[first], texts[i])
			}
			folded[key] = int32(i)
			order[len(texts)-1-i], reversed[len(texts)-1-i] = i, texts[i]
		}
		if !samePartition(groups, order, Groups(reversed)) {
			t.Fatal("the reverse order gives other groups")
		}
	})
}

func BenchmarkGroupsOfTen(b *testing.B) {
	texts := mixture(20, 10)
	for b.Loop() {
		Groups(texts)
	}
}

func BenchmarkGroups(b *testing.B) {
	w := newWriter(18)
	texts := make([]string, 100000)
	for i := range texts {
		texts[i] = w.text(30 + w.rng.IntN(30))
	}
	for i := 0; i < len(texts); i += 10 {
		texts[i] = w.plant(texts[i/2], kinds[w.rng.IntN(len(kinds))])
	}
	b.ReportAllocs()
	for b.Loop() {
		Groups(texts)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(texts)), "ns/text")
}

// Memory is what the documentation says, where sketches are in a temporary file.
func TestMemory(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	const n = 200_000
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("text %d", i)
	}
	measured := func() (live, allocated float64) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc), float64(m.TotalAlloc)
	}
	const room = 8 // bytes a text that do not grow: counters, sketches of a batch
	before, _ := measured()
	c := NewCounter()
	for batch := range slices.Chunk(texts, 1000) {
		c.Add(batch)
	}
	c.scratches = nil
	if counted, _ := measured(); counted-before > (16+room)*n {
		t.Errorf("a counter takes %.1f bytes a text", (counted-before)/n)
	}
	f := c.Finder(0)
	defer f.Close()
	c = nil
	for batch := range slices.Chunk(texts, 1000) {
		f.Add(batch)
	}
	f.scratches = nil
	added, allocated := measured()
	if added-before > (16+4+4+room)*n {
		t.Errorf("a finder takes %.1f bytes a text", (added-before)/n)
	}
	groups, _, err := f.Groups()
	if err != nil || len(groups) != n {
		t.Fatal(len(groups), err)
	}
	after, all := measured()
	if all-allocated > (12+2*8+room)*n || after-before > (4+room)*n {
		t.Errorf("grouping takes %.1f bytes a text, and %.1f are left", (all-allocated)/n, (after-before)/n)
	}
	runtime.KeepAlive(texts)
	runtime.KeepAlive(groups)
}
