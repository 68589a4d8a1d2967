package synth

import "strings"

const (
	commonWords = 4000 // of a language
	topicWords  = 200  // of a tier or a domain in a language

	tierWordShare   = .25 // of a text's words behind the first
	domainWordShare = .15
	numberShare     = .02
)

// A lexicon is the made-up words of a language: lists by falling frequency, of
// which no two share a word.
type lexicon struct {
	common []string
	tier   [][]string
	domain [][]string
}

// newLexicons makes up the words. They do not depend on the seed, so that sets
// of different seeds are samples of one population.
func newLexicons(languages, tiers, domains int) []lexicon {
	seen := map[string]bool{}
	out := make([]lexicon, languages)
	for i := range out {
		s := newSpeaker(i, seen)
		out[i].common = s.list(commonWords)
		for range tiers {
			out[i].tier = append(out[i].tier, s.list(topicWords))
		}
		for range domains {
			out[i].domain = append(out[i].domain, s.list(topicWords))
		}
	}
	return out
}

// A speaker makes up words out of a language's own choice of syllables. Words
// begin with a consonant of ASCII.
type speaker struct {
	random               random
	onset, nucleus, coda []string
	seen                 map[string]bool
}

func newSpeaker(language int, seen map[string]bool) *speaker {
	s := &speaker{random: newRandom(0, streamVocabulary, language, 0), seen: seen}
	vowels := "a e i o u ai ea ee ie oo ou"
	if language > 0 {
		vowels = "a e i o u ä ö ü á é ó ã ei ue io"
	}
	s.onset = s.choose(14, "b c d f g h l m n p r s t v w br ch cl cr dr fl fr gr pl pr sh sl sp st str th tr")
	s.nucleus = s.choose(6, vowels)
	s.coda = append(s.choose(8, "b d g k l m n p r s t ck ll nd ng nt rd rt st"), "", "")
	return s
}

// choose returns n of the given syllable parts.
func (s *speaker) choose(n int, from string) []string {
	parts := strings.Fields(from)
	for i := range n {
		j := i + s.random.below(len(parts)-i)
		parts[i], parts[j] = parts[j], parts[i]
	}
	return parts[:n:n]
}

func (s *speaker) syllable() string {
	return s.onset[s.random.below(len(s.onset))] + s.nucleus[s.random.below(len(s.nucleus))] + s.coda[s.random.below(len(s.coda))]
}

// list makes up n new words. Frequent ones tend to be short.
func (s *speaker) list(n int) []string {
	words := make([]string, n)
	for i := range words {
		w := s.syllable()
		for range s.random.below(1 + min(3, 6*i/n)) {
			w += s.syllable()
		}
		for s.seen[w] {
			w += s.syllable()
		}
		s.seen[w] = true
		words[i] = w
	}
	return words
}

// write appends a text of n words in the words of a tier and a domain.
func (g *Generator) write(dst []byte, r *random, l *lexicon, tier, domain, n int) []byte {
	inSentence := 0
	for i := range n {
		u := r.uniform()
		start := len(dst)
		switch {
		case i == 0 || u < tierWordShare:
			dst = append(dst, l.tier[tier][g.topicLaw.draw(r)]...)
		case u < tierWordShare+domainWordShare:
			dst = append(dst, l.domain[domain][g.topicLaw.draw(r)]...)
		case u < tierWordShare+domainWordShare+numberShare:
			dst = appendWhole(dst, 2+r.below(998))
		default:
			dst = append(dst, l.common[g.commonLaw.draw(r)]...)
		}
		if c := dst[start]; inSentence == 0 && c >= 'a' {
			dst[start] = c - 'a' + 'A'
		}
		inSentence++
		v := r.uniform()
		switch {
		case i == n-1 || inSentence >= 4 && v < .11:
			dst = append(dst, mark(r.uniform()))
			inSentence = 0
			if v < .02 && i < n-1 {
				dst = append(dst, '\n')
				continue
			}
		case v > .93:
			dst = append(dst, ',')
		}
		if i < n-1 {
			dst = append(dst, ' ')
		}
	}
	return dst
}

// mark ends a sentence.
func mark(u float64) byte {
	switch {
	case u < .7:
		return '.'
	case u < .95:
		return '?'
	}
	return '!'
}
