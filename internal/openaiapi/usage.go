package openaiapi

import (
	"encoding/json"
	"math"
	"strconv"
)

// figure is a number in usage. What is none is unknown, and spoils nothing else.
type figure struct {
	known bool
	value float64
}

// UnmarshalJSON implements [json.Unmarshaler].
func (f *figure) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(string(b), 64)
	*f = figure{err == nil && v >= 0 && v < 1e15, v} // else it is none, and sums stay finite
	return nil
}

// count is a number of tokens; nil where it can be none.
func (f figure) count() *int {
	if !f.known || f.value > math.MaxInt32 || f.value != math.Trunc(f.value) {
		return nil
	}
	n := int(f.value)
	return &n
}

// usageOf reads a usage object. Figures that cannot be are unknown, and so are
// all tokens of a server that counts none of the input, which aborted.
func usageOf(raw json.RawMessage) Usage {
	if !present(raw) {
		return Usage{}
	}
	var told struct {
		Prompt     figure `json:"prompt_tokens"`
		Completion figure `json:"completion_tokens"`
		Cost       figure `json:"cost"`
		OwnKey     bool   `json:"is_byok"`
		Details    struct {
			Upstream figure `json:"upstream_inference_cost"`
		} `json:"cost_details"`
		PromptDetails struct {
			Cached figure `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
		CompletionDetails struct {
			Reasoning figure `json:"reasoning_tokens"`
		} `json:"completion_tokens_details"`
	}
	var u Usage
	if len(raw) <= maxUsage {
		u.Raw, _ = json.Marshal(raw) // as it will come out of the store; nil where it is no JSON
	}
	_ = json.Unmarshal(raw, &told) // members of other types than expected are left out
	if told.Cost.known {
		u.CostUSD = &told.Cost.value
		if told.OwnKey && told.Details.Upstream.known {
			*u.CostUSD += told.Details.Upstream.value // the router bills its fee only
		}
	}
	if told.Prompt.known && told.Prompt.value == 0 {
		return u
	}
	u.InputTokens, u.OutputTokens = told.Prompt.count(), told.Completion.count()
	u.CachedTokens, u.ReasoningTokens = told.PromptDetails.Cached.count(), told.CompletionDetails.Reasoning.count()
	return u
}
