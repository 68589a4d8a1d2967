package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"math"

	"github.com/routeproof/routeproof/eval"
)

// A LogRecord is what a router logs of a request. Unknown is null.
type LogRecord struct {
	Time         *int64   `json:"ts"`         // Unix time in seconds
	Feature      string   `json:"feature"`    // the request's domain
	MessageHash  string   `json:"msg_hash"`   // the first 12 hex digits of the SHA-256 of the request's text
	Tier         string   `json:"tier"`       // that answered; empty where none did
	StartTier    string   `json:"start_tier"` // that was asked first
	Model        string   `json:"model"`
	InputTokens  *int     `json:"input_tokens"` // of the call that answered
	OutputTokens *int     `json:"output_tokens"`
	CostUSD      *float64 `json:"cost_usd"`   // of all calls, to 8 decimals
	LatencyMS    *int64   `json:"latency_ms"` // of all calls
	Escalated    bool     `json:"escalated"`
}

// NewLogRecord returns the record of a request that was served, without a time.
func NewLogRecord(request *Request, s *Served, models []Model) (LogRecord, error) {
	text, err := request.Text.Read()
	if err != nil {
		return LogRecord{}, err
	}
	sum := sha256.Sum256([]byte(text))
	l := LogRecord{Feature: request.Domain, MessageHash: hex.EncodeToString(sum[:6]), StartTier: models[s.Start].Tier, Escalated: s.Escalated}
	if s.CostUSD.Known() {
		usd := math.Round(s.CostUSD.Value*1e8) / 1e8
		l.CostUSD = &usd
	}
	l.LatencyMS = wholeMS(s.LatencyMS)
	if call, ok := s.Answer(); ok {
		l.Tier, l.Model = models[s.Rung].Tier, models[s.Rung].Name
		l.InputTokens, l.OutputTokens = call.InputTokens.Pointer(), call.OutputTokens.Pointer()
	}
	return l, nil
}

func wholeMS(q eval.Quantity) *int64 {
	if !q.Known() {
		return nil
	}
	ms := int64(q.Value)
	return &ms
}
