package synth

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
)

// A Change is how a near-duplicate differs from the text it copies.
type Change int

// The changes. Each text with one differs from the text it copies.
const (
	Original    Change = iota // is no copy
	Typo                      // a letter replaced, left out or doubled
	Case                      // all lower or all upper case
	Punctuation               // all marks left out, or the last one doubled
	Word                      // a word replaced
)

// Source is what prompts name as their source.
const Source = "synthetic"

// A Latent is the truth behind a prompt. A near-duplicate has that of the
// prompt it copies, but for Root and Change.
type Latent struct {
	Root       int     // the row of the prompt it copies; its own if it is no copy
	Change     Change  // how it differs from it
	Difficulty float64 // d, standard normal
	Shared     float64 // z, what models' errors share, standard normal
	Tier       int     // how many thresholds lie at or below d
	WordTier   int     // the tier whose words the text uses
	Words      int     // length of the text that is copied
	Domain     int     // index into the configuration's lists
	Language   int
	TaskType   int
}

// Latent returns the truth behind prompt i.
func (g *Generator) Latent(i int) Latent {
	root, change := i, Original
	for root > 0 {
		r := newRandom(g.config.Seed, streamCopy, root, 0)
		if r.uniform() >= g.config.NearDuplicates {
			break
		}
		if change == Original {
			change = Typo + Change(r.below(int(Word)))
		}
		root = r.below(root)
	}
	r := newRandom(g.config.Seed, streamLatent, root, 0)
	u := r.uniform()
	l := Latent{Root: root, Change: change, Difficulty: quantile(u), Shared: r.normal(), Tier: place(g.tiers, u)}
	l.WordTier = l.Tier
	if own, other := r.uniform() < g.config.WordSignal, r.pick(g.tiers); !own {
		l.WordTier = other
	}
	l.Words = g.words(&r, g.config.Models[l.Tier].Words)
	l.Domain, l.Language, l.TaskType = r.pick(g.domains), r.pick(g.languages), r.pick(g.taskTypes)
	return l
}

// words draws a length around a median, from 3 to 20,000.
func (g *Generator) words(r *random, median float64) int {
	return int(min(max(math.Round(median*math.Exp(g.config.LengthSpread*r.normal())), 3), 20_000))
}

// Prompt returns prompt i.
func (g *Generator) Prompt(i int) datasets.Prompt {
	l := g.Latent(i)
	return g.prompt(i, &l)
}

func (g *Generator) prompt(i int, l *Latent) datasets.Prompt {
	p := datasets.Prompt{
		ID: idOf(i), Text: g.text(i, l), Tier: g.config.Models[l.Tier].Tier, Domain: g.config.Domains[l.Domain].Name,
		Language: g.config.Languages[l.Language].Name, TaskType: g.config.TaskTypes[l.TaskType].Name,
		Reference: string(g.appendValue(nil, l.Root, 0)), Source: Source,
	}
	if g.config.NearDuplicates > 0 {
		p.Group = idOf(l.Root)
	}
	if g.isJSON(l) {
		p.Schema = `{"type":"object","properties":{"answer":{"type":"string"}},"required":["answer"]}`
	}
	return p
}

func idOf(i int) string { return "synth-" + strconv.Itoa(i) }

// isJSON tells whether answers to the prompt must be JSON.
func (g *Generator) isJSON(l *Latent) bool {
	return g.config.TaskTypes[l.TaskType].Name != "general"
}

func (g *Generator) text(i int, l *Latent) string {
	r := newRandom(g.config.Seed, streamText, l.Root, 0)
	words := &g.lexicons[l.Language]
	text := string(g.write(make([]byte, 0, 11*l.Words+16), &r, words, l.WordTier, l.Domain, l.Words))
	if l.Change != Original {
		r := newRandom(g.config.Seed, streamChange, i, 0)
		text = change(&r, l.Change, text, words.common)
	}
	return text
}

// change returns a text as [Generator.write] makes them with one change.
func change(r *random, how Change, text string, common []string) string {
	coin := r.uniform() < .5
	switch how {
	case Case:
		if coin {
			return strings.ToLower(text)
		}
		return strings.ToUpper(text)
	case Punctuation:
		if coin {
			return text + text[len(text)-1:]
		}
		return strings.Map(func(c rune) rune {
			if strings.ContainsRune(".,?!", c) {
				return -1
			}
			return c
		}, text)
	case Typo:
		at := nextLetter(text, r.below(len(text)))
		if at < 0 {
			return text + text[len(text)-1:]
		}
		before, letter, after := text[:at], text[at:at+1], text[at+1:]
		switch r.below(3) {
		case 0:
			letter = string('a' + (text[at]-'a'+1+byte(r.below(25)))%26)
		case 1:
			letter = ""
		case 2:
			letter += letter
		}
		return before + letter + after
	}
	const between = " \n.,?!"
	at := r.below(len(text))
	for strings.IndexByte(between, text[at]) >= 0 {
		at--
	}
	start := strings.LastIndexAny(text[:at], between) + 1
	end := len(text)
	if n := strings.IndexAny(text[at:], between); n >= 0 {
		end = at + n
	}
	k := r.below(len(common))
	if common[k] == text[start:end] {
		k = (k + 1) % len(common)
	}
	return text[:start] + common[k] + text[end:]
}

// nextLetter returns where the first of a to z stands from at on, going round
// the end; −1 if there is none.
func nextLetter(text string, at int) int {
	for range len(text) {
		if c := text[at]; c >= 'a' && c <= 'z' {
			return at
		}
		at = (at + 1) % len(text)
	}
	return -1
}

// inputTokens counts a text's tokens: a quarter of its code points, rounded up.
func inputTokens(text string) int { return (utf8.RuneCountInString(text) + 3) / 4 }
