package synth

import "bytes"

// doubt is what uncertain answers say, refusal all that refusing ones do. Each
// holds a phrase that routers look for: I'm not sure, I don't know, I don't
// have enough; I cannot, I'm unable, as an AI.
func doubt(r *random) string {
	switch r.below(3) {
	case 0:
		return "I'm not sure about this one."
	case 1:
		return "I don't know this for certain."
	}
	return "I don't have enough context to tell."
}

func refusal(r *random) string {
	switch r.below(3) {
	case 0:
		return "I cannot help with this request."
	case 1:
		return "I'm unable to answer that question."
	}
	return "As an AI, I have to decline this one."
}

const (
	leastFiller = 4 // words
	mostFiller  = 40
)

// response writes the text of an answer. The filler before the final answer is
// three quarters of a word for each token of output, 4 to 40 words.
func (g *Generator) response(i, model int, l *Latent, c *call) string {
	r := newRandom(g.config.Seed, streamResponse, i, model)
	k := 0
	if !c.right {
		k = 1 + r.below(g.config.Distractors)
	}
	switch c.form {
	case empty:
		return ""
	case refusing:
		return refusal(&r)
	}
	var dst []byte
	value := func() { dst = g.appendValue(dst, l.Root, k) }
	filler := func() {
		n := min(max(c.output*3/4, leastFiller), mostFiller)
		start := len(dst)
		dst = g.write(dst, &r, &g.lexicons[l.Language], l.WordTier, l.Domain, n)
		copy(dst[start:], bytes.ReplaceAll(dst[start:], []byte{'\n'}, []byte{' '}))
	}
	add := func(s string) { dst = append(dst, s...) }
	prose := func() {
		if c.form == uncertain {
			add(doubt(&r))
		} else {
			filler()
		}
		add(" Answer: ")
		value()
	}
	if !g.isJSON(l) {
		if c.form == short {
			value()
		} else {
			prose()
		}
		return string(dst)
	}
	variant := 0 // of malformed JSON
	if c.form == malformed {
		if variant = r.below(3); variant == 0 {
			prose()
			return string(dst)
		}
	}
	add("{")
	switch c.form {
	case uncertain:
		add(`"note":"` + doubt(&r) + `",`)
	case short:
	default:
		add(`"reasoning":"`)
		filler()
		add(`",`)
	}
	add(`"answer":"`)
	value()
	switch variant {
	case 0:
		add(`"}`)
	case 1: // cut off
		add(`"`)
	case 2: // a comma too many
		add(`",}`)
	}
	return string(dst)
}

// appendValue appends final answer k to a prompt: 0 is the right one, 1 … D are
// distractors. It depends on the prompt's row, not on the seed.
func (g *Generator) appendValue(dst []byte, root, k int) []byte {
	return appendWhole(append(dst, 'k'), 10_000+int(fmix(uint64(root)+1)%80_000)+k)
}
