package llm

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// alternatives are texts with probabilities.
type alternatives []struct {
	text string
	p    float64
}

// tokenOf is the token that stands first among its own alternatives, as servers
// give it.
func tokenOf(a alternatives) openaiapi.Token {
	t := openaiapi.Token{Text: a[0].text, Logprob: math.Log(a[0].p)}
	for _, x := range a {
		t.Top = append(t.Top, openaiapi.Alternative{Text: x.text, Logprob: math.Log(x.p)})
	}
	return t
}

func TestTierScores(t *testing.T) {
	standard := []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}
	for name, c := range map[string]struct {
		tiers  []string
		tokens []alternatives
		want   []float64 // nil: none
	}{
		"whole words":         {standard, []alternatives{{{"SIMPLE", 0.6}, {"MEDIUM", 0.2}, {"COMPLEX", 0.15}, {"FRONTIER", 0.05}}}, []float64{0.6, 0.2, 0.15, 0.05}},
		"some are missing":    {standard, []alternatives{{{"SIMPLE", 0.6}, {"MEDIUM", 0.2}}}, []float64{0.75, 0.25, 0, 0}},
		"others are left out": {standard, []alternatives{{{"SIMPLE", 0.3}, {"The", 0.3}, {"MEDIUM", 0.1}, {"42", 0.2}}}, []float64{0.75, 0.25, 0, 0}},
		"split words":         {standard, []alternatives{{{"FRONT", 0.6}, {"COM", 0.2}, {"SIM", 0.2}}, {{"IER", 1}}}, []float64{0.2, 0, 0.2, 0.6}},
		"one letter":          {standard, []alternatives{{{"C", 0.5}, {"F", 0.5}}, {{"OMPLEX", 1}}}, []float64{0, 0, 0.5, 0.5}},
		"marks and case": {standard, []alternatives{{{" Simple", 0.3}, {"simple", 0.1}, {"\"SIMPLE", 0.1}, {"**MEDIUM**", 0.2}, {"\n\nMed", 0.1}, {"COMPLEX.", 0.1}, {"'frontier'", 0.1}}},
			[]float64{0.5, 0.3, 0.1, 0.1}},
		"blank before":             {standard, []alternatives{{{"\n", 0.8}, {"MEDIUM", 0.2}}, {{"**", 0.9}, {"COMPLEX", 0.1}}, {{"SIMPLE", 0.5}, {"MEDIUM", 0.5}}}, []float64{0.36, 0.56, 0.08, 0}},
		"an empty token":           {standard, []alternatives{{{"", 1}}, {{"SIMPLE", 0.5}, {"MEDIUM", 0.5}}}, []float64{0.5, 0.5, 0, 0}},
		"words behind":             {standard, []alternatives{{{"SIMPLE", 0.6}, {"MEDIUM", 0.4}}, {{" because", 0.5}, {"FRONTIER", 0.5}}}, []float64{0.6, 0.4, 0, 0}},
		"another answer":           {standard, []alternatives{{{"Sorry", 0.6}, {"MEDIUM", 0.3}, {"SIMPLE", 0.1}}, {{"SIMPLE", 1}}}, []float64{0.25, 0.75, 0, 0}},
		"a longer word":            {standard, []alternatives{{{"SIMPLER", 0.5}, {"MEDIUM", 0.25}}}, []float64{0, 1, 0, 0}},
		"no tier":                  {standard, []alternatives{{{"Sorry", 0.9}, {"I", 0.1}}}, nil},
		"nothing but blank":        {standard, []alternatives{{{"\n", 0.9}}, {{"...", 0.9}}}, nil},
		"no tokens":                {standard, nil, nil},
		"nothing is likely":        {standard, []alternatives{{{"SIMPLE", 0}, {"MEDIUM", 0}}}, nil},
		"certain":                  {standard, []alternatives{{{"SIMPLE", 1}}}, []float64{1, 0, 0, 0}},
		"several tiers, then one":  {[]string{"SIMPLE", "SLOW", "MEDIUM"}, []alternatives{{{"S", 0.8}, {"MEDIUM", 0.2}}, {{"IMPLE", 0.75}, {"LOW", 0.25}}}, []float64{0.6, 0.2, 0.2}},
		"several tiers, not taken": {[]string{"SIMPLE", "SLOW", "MEDIUM"}, []alternatives{{{"MEDIUM", 0.6}, {"S", 0.4}}}, []float64{0.2, 0.2, 0.6}},
		"several tiers, cut":       {[]string{"SIMPLE", "SLOW", "MEDIUM"}, []alternatives{{{"S", 0.6}, {"M", 0.4}}}, []float64{0.3, 0.3, 0.4}},
		"numbered": {[]string{"TIER-1", "TIER-2", "TIER-3"}, []alternatives{{{"T", 0.9}, {"TIER-3", 0.1}}, {{"IER", 1}}, {{"-", 1}}, {{"2", 0.5}, {"1", 0.3}, {"3", 0.2}}},
			[]float64{0.27, 0.45, 0.28}},
		"in each other, the longer":  {[]string{"C", "C++", "JAVA"}, []alternatives{{{"C++", 0.5}, {"C", 0.3}, {"JAVA", 0.2}}}, []float64{0.3, 0.5, 0.2}},
		"in each other, split":       {[]string{"C", "C++", "JAVA"}, []alternatives{{{"C", 0.8}, {"JAVA", 0.2}}, {{"++", 0.75}, {"\n", 0.25}}}, []float64{0.2, 0.6, 0.2}},
		"in each other, the shorter": {[]string{"C", "C++", "JAVA"}, []alternatives{{{"C", 0.8}, {"JAVA", 0.2}}, {{"\n", 0.75}, {"++", 0.25}}}, []float64{0.6, 0.2, 0.2}},
		"in each other, the end":     {[]string{"C", "C++", "JAVA"}, []alternatives{{{"C", 0.8}, {"JAVA", 0.2}}}, []float64{0.8, 0, 0.2}},
		"marks in names":             {[]string{"+1", "-1", "#"}, []alternatives{{{"\"", 1}}, {{"+", 0.5}, {"-", 0.3}, {"#", 0.2}}, {{"1", 1}}}, []float64{0.5, 0.3, 0.2}},
		"two words":                  {[]string{"low cost", "low delay", "best"}, []alternatives{{{"Low", 0.8}, {" best", 0.2}}, {{" cost", 0.5}, {" delay", 0.5}}}, []float64{0.4, 0.4, 0.2}},
		"too long to be a name":      {standard, append(repeat(alternatives{{" ", 1}}, 64), alternatives{{"SIMPLE", 1}}), nil},
	} {
		var tokens []openaiapi.Token
		for _, a := range c.tokens {
			tokens = append(tokens, tokenOf(a))
		}
		got := TierScores(tokens, tiersOf(t, c.tiers...))
		if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func repeat(a alternatives, n int) []alternatives {
	all := make([]alternatives, n)
	for i := range all {
		all[i] = a
	}
	return all
}

// What is no log-probability is left out, and the token is counted once, by
// whichever of its figures is one.
func TestTierScoresOfNoProbabilities(t *testing.T) {
	tiers := tiersOf(t, "A", "B")
	nan, half := math.NaN(), math.Log(0.5)
	for name, c := range map[string]struct {
		own, among, other float64
		want              []float64
	}{
		"as it should be":      {half, half, half, []float64{0.5, 0.5}},
		"another among them":   {half, math.Log(0.1), half, []float64{0.5, 0.5}},
		"own is NaN":           {nan, half, half, []float64{0.5, 0.5}},
		"own is positive":      {7, half, half, []float64{0.5, 0.5}},
		"both are":             {nan, 0.5, half, []float64{0, 1}},
		"other is NaN":         {half, half, nan, []float64{1, 0}},
		"other is positive":    {half, half, math.Inf(1), []float64{1, 0}},
		"rounded above 0":      {1e-7, 1e-7, math.Inf(-1), []float64{1, 0}},
		"none is":              {nan, nan, 1, nil},
		"negative, far beyond": {-1e308, -1e308, -9999, nil},
	} {
		tokens := []openaiapi.Token{{Text: "A", Logprob: c.own, Top: []openaiapi.Alternative{{Text: "A", Logprob: c.among}, {Text: "B", Logprob: c.other}}}}
		if diff := cmp.Diff(c.want, TierScores(tokens, tiers), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// bruteScores follows every answer to where it can be told, as the comment of
// TierScores has it.
func bruteScores(tokens []openaiapi.Token, names []string) []float64 {
	scores := make([]float64, len(names))
	said, reached := "", 1.0
	for i, t := range tokens {
		p := map[string]float64{}
		for _, a := range t.Top {
			p[a.Text] = math.Exp(a.Logprob)
		}
		p[t.Text] = math.Exp(t.Logprob)
		for text := range p {
			named, open := bruteMeaning(said+text, names)
			undecided := len(open) > 1 || len(open) == 1 && named >= 0 || blank(said+text)
			if text == t.Text && undecided && i+1 < len(tokens) {
				continue // what follows tells
			}
			if named >= 0 {
				open = []int{named}
			}
			for _, k := range open {
				scores[k] += reached * p[text] / float64(len(open))
			}
		}
		said, reached = said+t.Text, reached*p[t.Text]
		if named, open := bruteMeaning(said, names); !(len(open) > 1 || len(open) == 1 && named >= 0 || blank(said)) {
			break
		}
	}
	sum := 0.0
	for _, s := range scores {
		sum += s
	}
	if sum == 0 {
		return nil
	}
	for k := range scores {
		scores[k] /= sum
	}
	return scores
}

// bruteMeaning returns the longest name that text is, −1 for none, and the names
// that it is the beginning of.
func bruteMeaning(text string, names []string) (named int, open []int) {
	named = -1
	text = strings.ToUpper(text)
	begun := map[int]bool{}
	for i := range len(text) + 1 {
		if !blank(text[:i]) {
			continue
		}
		for k, name := range names {
			name = strings.ToUpper(name)
			for j := i; j <= len(text); j++ {
				if text[i:j] == name && blank(text[j:]) && (named < 0 || len(name) > len(names[named]) || len(name) == len(names[named]) && k < named) {
					named = k
				}
			}
			for n := 1; n < len(name); n++ {
				if text[i:] == name[:n] {
					begun[k] = true
				}
			}
		}
	}
	for k := range names {
		if begun[k] {
			open = append(open, k)
		}
	}
	return named, open
}

func TestTierScoresBrute(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	some := 0
	for _, names := range [][]string{
		{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}, {"SIMPLE", "SLOW", "SLOWER"}, {"C", "C++", "C#", "JAVA"}, {"T-1", "T-2", "T-12"}, {"a", "ab", "abc", "b"}, {"-", "+", "+-"},
	} {
		tiers := tiersOf(t, names...)
		pieces := []string{"", " ", "\n", "**", "\"", ".", "-", "+", "Sorry", "1", "2", "#"}
		for _, name := range names {
			for range 4 {
				i := random.IntN(len(name))
				j := i + 1 + random.IntN(len(name)-i)
				pieces = append(pieces, name[:j], name[i:j], strings.ToLower(name[i:]), " "+name[:j])
			}
		}
		for range 4000 {
			tokens := make([]openaiapi.Token, random.IntN(5))
			for i := range tokens {
				a := alternatives{}
				rest := 1.0
				for range 1 + random.IntN(5) {
					p := rest * random.Float64()
					a, rest = append(a, struct {
						text string
						p    float64
					}{pieces[random.IntN(len(pieces))], p}), rest-p
				}
				tokens[i] = tokenOf(a)
				if random.IntN(2) == 0 {
					tokens[i].Top = tokens[i].Top[1:]
				}
				seen := map[string]bool{tokens[i].Text: true} // no two of a text: which counts is another test's
				var top []openaiapi.Alternative
				for _, x := range tokens[i].Top {
					if !seen[x.Text] {
						seen[x.Text] = true
						top = append(top, x)
					}
				}
				tokens[i].Top = top
			}
			want, got := bruteScores(tokens, tiers.Names()), TierScores(tokens, tiers)
			if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 1e-12)); diff != "" {
				t.Fatalf("%v of %+v (-want +got):\n%s", names, tokens, diff)
			}
			checkScores(t, got)
			if got != nil {
				some++
			}
		}
	}
	if some < 5000 {
		t.Errorf("%d have scores, expected many", some)
	}
}

func checkScores(t *testing.T, scores []float64) {
	t.Helper()
	sum := 0.0
	for _, s := range scores {
		sum += s
		if !(s >= 0 && s <= 1) {
			t.Errorf("scores %v, expected 0 to 1", scores)
		}
	}
	if scores != nil && math.Abs(sum-1) > 1e-9 {
		t.Errorf("scores %v have the sum %g, expected 1", scores, sum)
	}
}

func TestParseLogprobs(t *testing.T) {
	nan := math.NaN()
	want := []openaiapi.Token{
		{Text: "SIM", Logprob: -0.25, Top: []openaiapi.Alternative{{Text: "SIM", Logprob: -0.25}, {Text: "M", Logprob: -2}}},
		{Text: "PLE", Logprob: 0},
	}
	list := `[{"token":"SIM","logprob":-0.25,"bytes":[83],"top_logprobs":[{"token":"SIM","logprob":-0.25},{"token":"M","logprob":-2,"bytes":null}]},{"token":"PLE","logprob":-0}]`
	for text, want := range map[string][]openaiapi.Token{
		list: want, `{"content":` + list + `}`: want, ` {"content": ` + list + `, "refusal": null}`: want,
		`[{"token":"A","logprob":-1,"top_logprobs":null}]`: {{Text: "A", Logprob: -1}},
		`[{"token":"A"}]`: {{Text: "A", Logprob: nan}},
		`[{"token":"A","logprob":null,"top_logprobs":[{"token":"B"},{}]}]`: {{Text: "A", Logprob: nan, Top: []openaiapi.Alternative{{Text: "B", Logprob: nan}, {Logprob: nan}}}},
		`[null]`: {{Logprob: nan}},
		`{"tokens":["A"],"token_logprobs":[-0.5],"top_logprobs":[{"A":-0.5}]}`: nil,

		"": nil, "null": nil, "[]": nil, "{}": nil, `{"content":null}`: nil, `{"content":[]}`: nil, `{"content":{}}`: nil, `{"content":"x"}`: nil,
		"1": nil, `"x"`: nil, "true": nil, "[1]": nil, `[["A",-1]]`: nil, `[{"token":1}]`: nil, `[{"token":"A","logprob":"-1"}]`: nil,
		`[{"token":"A","logprob":-1`: nil, `[{"token":"A","logprob":1e999}]`: nil, `[{"token":"A","logprob":NaN}]`: nil, list + list: nil, "\xff": nil,
		strings.Repeat("[", 20_000): nil, strings.Repeat(`{"content":`, 20_000): nil,
	} {
		if diff := cmp.Diff(want, parseLogprobs(text), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%.80q (-want +got):\n%s", text, diff)
		}
	}
}

// Whatever stands in a file, scores are none or sum to 1, and tokens that were
// written are read as they were.
func FuzzParseLogprobs(f *testing.F) {
	for _, seed := range []string{
		`[{"token":"SIMPLE","logprob":-0.1,"top_logprobs":[{"token":"M","logprob":-3}]}]`, `{"content":[{"token":" front","logprob":-0.1},{"token":"IER","logprob":0}]}`,
		`[{"token":"S"}]`, `null`, `[{"token":"\ud800","logprob":5}]`, `{"content":[{"token":"C","logprob":-1e-9,"top_logprobs":[{"token":"C","logprob":1}]}]}`,
	} {
		f.Add(seed)
	}
	all := []centroids.Tiers{centroids.DefaultTiers(), tiersOf(f, "S", "SLOW", "C", "C++", "+")}
	f.Fuzz(func(t *testing.T, text string) {
		tokens := parseLogprobs(text)
		for _, tiers := range all {
			scores := TierScores(tokens, tiers)
			checkScores(t, scores)
			if scores != nil && len(scores) != tiers.Len() {
				t.Errorf("%d scores of %d tiers", len(scores), tiers.Len())
			}
		}
		raw, err := json.Marshal(tokens)
		if err != nil {
			return // NaN, where a log-probability is missing
		}
		for _, again := range []string{string(raw), `{"content":` + string(raw) + `}`} {
			if diff := cmp.Diff(tokens, parseLogprobs(again), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%q is read again as (-want +got):\n%s", text, diff)
			}
		}
	})
}
