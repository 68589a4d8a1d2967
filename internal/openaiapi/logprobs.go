package openaiapi

import (
	"bytes"
	"encoding/json"
)

// addLogprobs takes in the log-probabilities of the first choice. go-openai makes
// 0, a certain token, of one that is missing.
func (x *exchange) addLogprobs(choices json.RawMessage) {
	if !bytes.Contains(choices, []byte(`"logprobs"`)) {
		return
	}
	type alternative struct {
		Text    string   `json:"token"`
		Logprob *float64 `json:"logprob"`
	}
	var told []struct {
		Index    int `json:"index"`
		Logprobs struct {
			Content []struct {
				alternative
				Top []alternative `json:"top_logprobs"`
			} `json:"content"`
		} `json:"logprobs"`
	}
	if json.Unmarshal(choices, &told) != nil {
		x.vague = true
		return
	}
	for _, choice := range told {
		if choice.Index != 0 {
			continue
		}
		for _, t := range choice.Logprobs.Content {
			if t.Logprob == nil || !plausible(*t.Logprob) {
				x.vague = true
				return
			}
			token := Token{Text: t.Text, Logprob: *t.Logprob}
			for _, a := range t.Top {
				if a.Logprob != nil && plausible(*a.Logprob) {
					token.Top = append(token.Top, Alternative{a.Text, *a.Logprob})
				}
			}
			x.tokens = append(x.tokens, token)
		}
	}
}

// plausible tells whether a number can be a log-probability, but for rounding: none is
// over 0, and the sum of none so low as servers write for never (−9999) is infinite.
func plausible(logprob float64) bool { return logprob >= -1e6 && logprob <= 1e-3 }

// logprobs are those of all tokens, or none.
func (x *exchange) logprobs() []Token {
	if x.vague {
		return nil
	}
	return x.tokens
}
