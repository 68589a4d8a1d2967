package datasets

// A Text is the text of a prompt, in memory or in a [PromptSet].
type Text struct {
	value           string
	from            *PromptSet // nil: value is the text
	block, at, size int32
}

// NewText returns a text that is in memory.
func NewText(value string) Text { return Text{value: value} }

// Read returns the text.
func (t Text) Read() (string, error) {
	if t.from == nil {
		return t.value, nil
	}
	return t.from.read(t.block, t.at, t.at+t.size)
}

// ReadTexts returns texts. Those that stand one behind the other are read in one
// piece, and share memory.
func ReadTexts(texts []Text) ([]string, error) {
	out := make([]string, 0, len(texts))
	for len(out) < len(texts) {
		first := &texts[len(out)]
		if first.from == nil {
			out = append(out, first.value)
			continue
		}
		these := texts[len(out):]
		n := inOneBlock(len(these), func(k int) (block, at int32) {
			if these[k].from != first.from {
				return -1, 0
			}
			return these[k].block, these[k].at
		})
		end := &these[n-1]
		piece, err := first.from.read(end.block, first.at, end.at+end.size)
		if err != nil {
			return nil, err
		}
		for _, t := range these[:n] {
			at := t.at - first.at
			out = append(out, piece[at:at+t.size])
		}
	}
	return out, nil
}
