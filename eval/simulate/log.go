package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/routeproof/routeproof/eval/policy"
)

// WriteLog serves requests by a policy and writes what a router would log of
// each as JSON Lines, in order, with the request's domain for the feature and
// without a time. Requests that the record says too little of are left out.
func WriteLog(ctx context.Context, w io.Writer, p policy.Policy, backend policy.Backend, requests policy.Requests) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return eachAtHand(ctx, backend, requests, func(q *policy.Request, b policy.Backend) error {
		s, err := p.Serve(ctx, b, q)
		if errors.Is(err, policy.ErrUnrecorded) {
			return nil
		}
		if err != nil {
			return err
		}
		record, err := policy.NewLogRecord(q, &s, backend.Models())
		if err != nil {
			return err
		}
		return enc.Encode(record)
	})
}
