package classify

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/routeproof/routeproof/eval"
)

// The default tiers.
const (
	simple = iota
	medium
	complex
	frontier
)

// defaultRule is the rule of the default configuration.
func defaultRule() RuleConfig {
	return RuleConfig{
		FrontierPatterns: []string{
			`\b(research|synthesise|autonomous|multi-step|write a comprehensive)\b`,
			`\b(analyze the entire|compare all|explain in depth)\b`,
		},
		SimplePatterns: []string{
			`\b(what is|what are|who is|when did|yes or no|true or false)\b`,
			`\b(define|meaning of|how do you spell)\b`,
		},
		SimpleBelowWords: 15, LongAboveWords: 200,
		FrontierTier: frontier, SimpleTier: simple, LongTier: complex, DefaultTier: medium,
	}
}

func ask(t testing.TB, c eval.Classifier, texts ...string) []eval.Decision {
	t.Helper()
	requests := make([]eval.Request, len(texts))
	for i, text := range texts {
		requests[i] = eval.Request{ID: fmt.Sprint(i), Text: text}
	}
	decisions, err := c.Classify(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	return decisions
}

// words returns n words.
func words(n int) string { return strings.TrimSpace(strings.Repeat("word ", n)) }

func TestRule(t *testing.T) {
	rule, err := NewRule("rule", defaultRule())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		tier       int
		stage      string
	}{
		{"frontier", "Please research this.", frontier, stageFrontier},
		{"the second frontier pattern", "Explain in depth how it works", frontier, stageFrontier},
		{"frontier before simple", "What is the research about?", frontier, stageFrontier},
		{"frontier however long", "research " + words(300), frontier, stageFrontier},
		{"simple", "what is the capital of France?", simple, stageSimple},
		{"the second simple pattern", "Define entropy.", simple, stageSimple},
		{"case", "WHAT IS THIS", simple, stageSimple},
		{"case of frontier", "Write A Comprehensive guide", frontier, stageFrontier},
		{"14 words", "what is " + words(12), simple, stageSimple},
		{"15 words", "what is " + words(13), medium, stageDefault},
		{"200 words", words(200), medium, stageDefault},
		{"201 words", words(201), complex, stageLong},
		{"201 words with a simple pattern", "what is " + words(199), complex, stageLong},
		{"14 words at any white space", "what is\t" + strings.Repeat("a\u00a0b\n", 6), simple, stageSimple},
		{"16 words at any white space", "what is\t" + strings.Repeat("a\u00a0b\n", 7), medium, stageDefault},
		{"part of a word", "researcher whatis", medium, stageDefault},
		{"neither", "Summarise this mail", medium, stageDefault},
		{"empty", "", medium, stageDefault},
		{"white space", " \n\t ", medium, stageDefault},
	} {
		d := ask(t, rule, c.text)[0]
		if d.Tier != c.tier || d.Stage != c.stage {
			t.Errorf("%s: tier %d by %s, want %d by %s", c.name, d.Tier, d.Stage, c.tier, c.stage)
		}
		if want := c.stage == stageFrontier || c.stage == stageSimple; RuleIsSure(d) != want {
			t.Errorf("%s: sure %v, want %v", c.name, !want, want)
		}
		if d.CostUSD != (eval.Quantity{Value: 0, Origin: eval.Computed}) || d.LatencyMS != (eval.Quantity{Value: 0, Origin: eval.Assumed}) || d.Confidence != nil || d.Scores != nil {
			t.Errorf("%s: decision %+v, want one that is free and has no confidence", c.name, d)
		}
	}
}

func TestRuleWithoutPatterns(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*RuleConfig)
		text   string
		want   int
	}{
		{"no frontier patterns", func(c *RuleConfig) { c.FrontierPatterns = nil }, "what is research", simple},
		{"no simple patterns", func(c *RuleConfig) { c.SimplePatterns = nil }, "what is this", medium},
		{"nor a short text", func(c *RuleConfig) { c.SimplePatterns = nil }, "", medium},
		{"no patterns", func(c *RuleConfig) { c.SimplePatterns, c.FrontierPatterns = nil, nil }, words(201), complex},
		{"other tiers", func(c *RuleConfig) { c.SimpleTier = 2 }, "what is this", 2},
		{"other bounds", func(c *RuleConfig) { c.LongAboveWords = 2 }, words(3), complex},
		// A pattern stays what it is alone: its alternatives do not reach over.
		{"alternatives at the top", func(c *RuleConfig) { c.FrontierPatterns = []string{`^a|b$`, `c`} }, "b c", frontier},
		{"flags", func(c *RuleConfig) { c.FrontierPatterns = []string{`(?-i)ABC`, `def`} }, "DEF", frontier},
		{"an anchor", func(c *RuleConfig) { c.FrontierPatterns = []string{`^a`, `z$`} }, "b a", medium},
	} {
		config := defaultRule()
		c.change(&config)
		rule, err := NewRule("rule", config)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(t, rule, c.text)[0].Tier; got != c.want {
			t.Errorf("%s: tier %d, want %d", c.name, got, c.want)
		}
	}
}

func TestBadPattern(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*RuleConfig)
		mention []string
	}{
		{"frontier", func(c *RuleConfig) { c.FrontierPatterns = []string{"fine", `(open`} }, []string{"frontier_patterns", "number 2", `"(open"`}},
		{"simple", func(c *RuleConfig) { c.SimplePatterns = []string{`a{2,1}`} }, []string{"simple_patterns", "number 1", `"a{2,1}"`}},
		// Closing a group that another pattern opens is no way out of one's own.
		{"two halves", func(c *RuleConfig) { c.SimplePatterns = []string{`a)`, `(b`} }, []string{"simple_patterns", "number 1", `"a)"`}},
	} {
		config := defaultRule()
		c.change(&config)
		_, err := NewRule("rule", config)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, m := range c.mention {
			if !strings.Contains(err.Error(), m) {
				t.Errorf("%s: error %q does not hold %q", c.name, err, m)
			}
		}
	}
}

func TestRuleCancelled(t *testing.T) {
	rule, err := NewRule("rule", defaultRule())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := rule.Classify(ctx, make([]eval.Request, 3)); d != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v, want context.Canceled alone", d, err)
	}
}

type publicPrompt struct{ ID, Prompt, Tier string }

// publicPrompts reads the public prompts, or skips the test.
func publicPrompts(t *testing.T) []publicPrompt {
	t.Helper()
	f, err := os.Open("../../../shared/data/prompts/tiers_public.jsonl.gz")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no shared data: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []publicPrompt
	for d := json.NewDecoder(z); ; {
		var p publicPrompt
		if err := d.Decode(&p); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
}

// Counts and hash come from rule_classify of section 03 of
// seed/cost-optimised-model-routing.txt, run by Python 3.11 on the prompts in
// file order, hashing f"{id} {tier}\n" for each in UTF-8.
func TestRuleOnPublicPrompts(t *testing.T) {
	prompts := publicPrompts(t)
	rule, err := NewRule("rule", defaultRule())
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	counts := map[string]int{}
	for _, p := range prompts {
		tier := []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}[ask(t, rule, p.Prompt)[0].Tier]
		counts[tier]++
		fmt.Fprintf(h, "%s %s\n", p.ID, tier)
	}
	if diff := cmp.Diff(map[string]int{"SIMPLE": 11, "MEDIUM": 359, "COMPLEX": 10, "FRONTIER": 7}, counts); diff != "" {
		t.Errorf("(-Python +got):\n%s", diff)
	}
	if got, want := hex.EncodeToString(h.Sum(nil)), "02d1b368c2928ef3a5bc511be9fa25617116eaeb52b8b05341823274cb8b5754"; got != want {
		t.Errorf("hash of the decisions %s, want %s", got, want)
	}
}
