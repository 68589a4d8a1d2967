package embedder

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// structuralScratch is what embedding one text needs, reused for the next.
type structuralScratch struct {
	word, pair []byte // in lower case: the word that is being read; the one before, a space, and it
	distinct   map[uint64]struct{}
	features   []float64
}

// logCount is ln(1 + n).
func logCount(n int) float64 { return math.Log(float64(1 + n)) }

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// scan fills features with those of a text; false where it is blank.
func (e *Structural) scan(s *structuralScratch, text string) bool {
	text = firstRunes(text, maxRunes)
	trimmed := strings.TrimFunc(text, unicode.IsSpace)
	if trimmed == "" {
		return false
	}
	chars, lines, words := countChars(text), countLines(text), e.countWords(s, text)
	n := float64(max(1, words.n))
	share := func(count int) float64 { return float64(count) / float64(chars.n) }
	length := logCount(chars.n)
	last, _ := utf8.DecodeLastRuneInString(trimmed)
	first, _ := utf8.DecodeRuneInString(trimmed)
	s.features = append(s.features[:0],
		length, length*length, logCount(words.n), logCount(lines.filled), logCount(lines.paragraphs),
		logCount(lines.firstParagraph), logCount(lines.lastParagraph), logCount(chars.ends),
		math.Log(1+float64(words.n)/float64(1+chars.ends)), min(12, float64(words.runes)/n),
		logCount(words.long), float64(words.long)/n, float64(len(s.distinct))/n,
		indicator(isQuestion(last)), logCount(chars.questions), indicator(lines.asksFirst),
		indicator(words.opens&lexWhat != 0), indicator(words.opens&lexWhy != 0),
		indicator(words.opens&lexAuxiliary != 0), indicator(words.opens&lexImperative != 0),
		share(chars.digits), logCount(chars.numbers), share(chars.symbols), share(chars.upper), share(chars.beyondASCII),
		logCount(chars.commas), logCount(chars.colons), logCount(chars.quotes), logCount(chars.brackets), logCount(lines.bullets),
		logCount(chars.code), logCount(words.mixed), logCount(chars.mathematics), logCount(chars.money), indicator(unicode.Is(unicode.Lu, first)),
	)
	for bit := firstCounted; bit < len(lexiconNames); bit++ {
		hits, is := words.hits[bit], lexicon(1)<<bit
		s.features = append(s.features, logCount(hits))
		if is&withShare != 0 {
			s.features = append(s.features, min(1, float64(hits)/n))
		}
		if is&withFirst != 0 {
			s.features = append(s.features, indicator(words.head&is != 0))
		}
	}
	return true
}

// firstRunes returns at most n code points of a text.
func firstRunes(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

func isQuestion(r rune) bool { return r == '?' || r == '？' }

// charCounts counts the code points of a text.
type charCounts struct {
	n, ends, questions                           int
	digits, numbers, symbols, upper, beyondASCII int
	commas, colons, quotes, brackets, code       int
	mathematics, money                           int
}

func countChars(text string) (c charCounts) {
	number := false // the code point before is of category N
	for _, r := range text {
		c.n++
		if r >= utf8.RuneSelf {
			c.beyondASCII++
		}
		was := number
		number = false
		switch {
		case unicode.IsNumber(r):
			number = true
			if unicode.IsDigit(r) {
				c.digits++
			}
			if !was {
				c.numbers++
			}
		case unicode.IsUpper(r):
			c.upper++
		case unicode.IsPunct(r) || unicode.IsSymbol(r):
			c.symbols++
			c.mark(r)
		}
	}
	return c
}

// mark counts what a punctuation mark or symbol stands for.
func (c *charCounts) mark(r rune) {
	switch r {
	case '.', '!', '。', '！':
		c.ends++
	case '?', '？':
		c.ends++
		c.questions++
	case ',', '、', '，':
		c.commas++
	case ':', ';', '：', '；':
		c.colons++
	case '"', '“', '”', '«', '»':
		c.quotes++
	case '(', '（':
		c.brackets++
	case '{', '}', '<', '>', '=', '_', '\\', '`', '|', '#', '[', ']':
		c.code++
	case '*', '/', '^':
		c.mathematics++
	case '%':
		c.money++
	}
	switch {
	case unicode.Is(unicode.Sm, r):
		c.mathematics++
	case unicode.Is(unicode.Sc, r):
		c.money++
	}
}

// lineCounts counts the lines of a text that is not blank.
type lineCounts struct {
	filled, bullets, paragraphs   int
	firstParagraph, lastParagraph int // code points
	asksFirst                     bool
}

func countLines(text string) (c lineCounts) {
	inside := false
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimFunc(line, unicode.IsSpace)
		if line == "" {
			inside = false
			continue
		}
		if c.filled++; c.filled == 1 {
			c.asksFirst = strings.ContainsFunc(line, isQuestion)
		}
		if isBullet(line) {
			c.bullets++
		}
		if !inside {
			inside = true
			c.paragraphs++
			c.lastParagraph = 0
		}
		n := utf8.RuneCountInString(line)
		if c.lastParagraph += n; c.paragraphs == 1 {
			c.firstParagraph += n
		}
	}
	return c
}

// isBullet tells whether a line, trimmed, begins like one of a list.
func isBullet(line string) bool {
	for _, mark := range []string{"-", "*", "•"} {
		if rest, ok := strings.CutPrefix(line, mark); ok {
			r, _ := utf8.DecodeRuneInString(rest)
			return rest != "" && unicode.IsSpace(r)
		}
	}
	rest := strings.TrimLeft(line, "0123456789")
	return rest != line && rest != "" && (rest[0] == '.' || rest[0] == ')')
}

// wordCounts counts the words of a text.
type wordCounts struct {
	n, runes, long, mixed int
	opens                 lexicon // those of the first word that is not polite
	head                  lexicon // those of the first words
	hits                  [len(lexiconNames)]int
}

func (e *Structural) countWords(s *structuralScratch, text string) (c wordCounts) {
	clear(s.distinct)
	s.word, s.pair = s.word[:0], s.pair[:0]
	greeting := true
	length, mixed, before := 0, false, rune(0)
	end := func() {
		if length == 0 {
			return
		}
		own := e.words[string(s.word)]
		in := own
		if c.n++; greeting && in&lexPolite == 0 {
			greeting, c.opens = false, in
		}
		if c.n > 1 {
			s.pair = append(append(s.pair, ' '), s.word...)
			in |= c.add(e.pairs[string(s.pair)])
		}
		c.add(own)
		if c.n <= headWords {
			c.head |= in
		}
		c.runes += length
		if length >= 8 {
			c.long++
		}
		if mixed {
			c.mixed++
		}
		hash := fnvOffset
		for _, b := range s.word {
			hash = fnv(hash, b)
		}
		s.distinct[hash] = struct{}{}
		s.pair = append(s.pair[:0], s.word...)
		s.word, length, mixed, before = s.word[:0], 0, false, 0
	}
	for _, r := range text {
		if !inWord(r) {
			end()
			continue
		}
		mixed = mixed || isCapital(r) && unicode.Is(unicode.Ll, before)
		s.word = utf8.AppendRune(s.word, unicode.ToLower(r))
		length, before = length+1, r
	}
	end()
	return c
}

// inWord tells whether a code point is one of a word: of category L, M or N.
func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N)
}

func isCapital(r rune) bool {
	if r < utf8.RuneSelf {
		return 'A' <= r && r <= 'Z'
	}
	return unicode.Is(unicode.Lu, r)
}

// add counts one hit in each lexicon.
func (c *wordCounts) add(in lexicon) lexicon {
	for bit := firstCounted; in>>bit != 0; bit++ {
		c.hits[bit] += int(in >> bit & 1)
	}
	return in
}
