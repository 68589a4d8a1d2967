package openaiapi

import (
	"testing"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// What an attempt that was repeated may have been billed is not forgotten for
// the last one, of which nothing was.
func TestBilledBefore(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Fault: func(r *openaitest.Request) openaitest.Fault {
		if r.Seen == 0 {
			return openaitest.Fault{Kind: openaitest.ErrorIn200, Status: 502}
		}
		return openaitest.Fault{Kind: openaitest.Status, Status: 503}
	}})
	store := newStore(t)
	c := newClient(t, s.URL, func(c *Config) { c.Store = store })
	q := ChatRequest{Model: "m", User: "q", MaxTokens: 5, Price: price()}
	for _, stored := range []bool{false, true} {
		_, err := c.Chat(t.Context(), q)
		if e := AsError(err); e == nil || e.Status != 503 || !e.CostUnknown() || e.Stored != stored {
			t.Errorf("%+v", e)
		}
	}
	if s.Count() != 3 || c.Ledger().Fresh().Unknown != 1 {
		t.Errorf("%d requests, %+v", s.Count(), c.Ledger().Fresh())
	}
}
