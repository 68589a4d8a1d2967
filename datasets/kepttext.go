package datasets

// A Text is the text of a prompt of a [PromptSet]. That of no prompt is empty.
type Text struct {
	from *PromptSet
	row  int32
}

// NewText returns a text that is in memory.
func NewText(value string) Text {
	s := NewPromptSet()
	if err := s.Add(&Prompt{Text: value}); err != nil {
		s.lost.Store(&err)
	}
	return s.Text(0)
}

// Read returns the text.
func (t Text) Read() (string, error) {
	texts, err := ReadTexts([]Text{t})
	if err != nil {
		return "", err
	}
	return texts[0], nil
}

// ReadTexts returns texts. Those that stand one behind the other are read in one
// piece, and share memory.
func ReadTexts(texts []Text) ([]string, error) {
	out := make([]string, 0, len(texts))
	for len(out) < len(texts) {
		these := texts[len(out):]
		s := these[0].from
		if s == nil {
			out = append(out, "")
			continue
		}
		row := func(k int) int {
			if these[k].from != s {
				return -1
			}
			return int(these[k].row)
		}
		err := s.each(s.together(len(these), row), row, nil, func(_ int, piece string) error {
			_, rest := cutName(piece)
			text, _ := cutName(rest)
			out = append(out, text)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
