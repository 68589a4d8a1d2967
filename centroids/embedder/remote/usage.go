package remote

import "github.com/routeproof/routeproof/internal/openaiapi"

// Usage sums up the replies that an [Embedder] had. What a reply from the store
// cost was paid before and counts nothing here. Failed requests and costs
// computed from prices are in the ledger of the client.
type Usage struct {
	Requests int // answered by the server
	Stored   int // answered from the store

	InputTokens   int     // of Requests, as far as the server said it
	TokensUnknown int     // of Requests, those of which it did not
	CostUSD       float64 // of Requests, as far as the server said what it billed
	CostUnknown   int     // of Requests, those of which it did not
}

// Usage returns what was used so far, the request of New included.
func (e *Embedder) Usage() Usage {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.usage
}

// keep adds what a reply used.
func (e *Embedder) keep(reply *openaiapi.EmbedReply) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if reply.Stored {
		e.usage.Stored++
		return
	}
	e.usage.Requests++
	if n := reply.Usage.InputTokens; n != nil {
		e.usage.InputTokens += *n
	} else {
		e.usage.TokensUnknown++
	}
	if usd := reply.Usage.CostUSD; usd != nil {
		e.usage.CostUSD += *usd
	} else {
		e.usage.CostUnknown++
	}
}
