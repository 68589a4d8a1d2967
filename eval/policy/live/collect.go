package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// A Plan says which prompts are served, and how.
type Plan struct {
	Prompts  []datasets.Prompt
	Policies []policy.Policy // each serves every prompt

	Workers   int // requests served at a time; 0: one
	StopAfter int // calls that fail one after the other until it is given up; 0: never
	Progress  func(done, total int)
}

// Every returns a policy for each rung alone: all models answer every prompt.
func Every(models []policy.Model) []policy.Policy {
	all := make([]policy.Policy, len(models))
	for i := range models {
		all[i] = policy.Single(i)
	}
	return all
}

// A StoppedError is the error of a collection in which too many calls failed
// one after the other.
type StoppedError struct {
	Failed int
	Last   string
}

func (e *StoppedError) Error() string {
	return fmt.Sprintf("%d calls failed one after the other, the last with: %s", e.Failed, e.Last)
}

// Collect serves the plan. It returns when everything was served, at the first
// error that concerns more than one request, or when ctx is done and what was
// under way then has been answered. What was answered stands in the clients'
// store.
func Collect(ctx context.Context, b *Backend, p Plan) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	watch := &watch{plan: p, stop: stop, total: len(p.Prompts) * len(p.Policies)}
	next := make(chan int)
	var wg sync.WaitGroup
	for range max(1, p.Workers) {
		wg.Go(func() {
			for at := range next {
				s := &single{Backend: b, prompt: &p.Prompts[at/len(p.Policies)], each: watch.call}
				service, err := s.serve(ctx, p.Policies[at%len(p.Policies)])
				if err != nil {
					stop(err)
					continue
				}
				watch.served(service)
			}
		})
	}
	for at := 0; at < watch.total && ctx.Err() == nil; at++ {
		select {
		case next <- at:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// serve serves the prompt.
func (s *single) serve(ctx context.Context, p policy.Policy) (*Service, error) {
	request, err := RequestOf(s.prompt)
	if err != nil {
		return nil, err
	}
	served, err := p.Serve(ctx, s, &request)
	service := &Service{Prompt: s.prompt, Request: request, Served: &served, Records: s.records}
	slices.SortFunc(service.Records, func(a, b Record) int { return cmp.Compare(a.Rung, b.Rung) })
	unrecorded := slices.ContainsFunc(served.Attempts, func(a policy.Attempt) bool { return a.Unrecorded })
	failure := openaiapi.AsError(err)
	switch {
	case unrecorded, errors.Is(err, policy.ErrUnrecorded), errors.Is(err, openaiapi.ErrNotHeld):
		service.Served, err = nil, nil
	case failure != nil && !failure.Fatal():
		service.Served, service.failure, err = nil, failure, nil
	}
	return service, err
}

// RequestOf is the request that a prompt is.
func RequestOf(p *datasets.Prompt) (policy.Request, error) {
	q := policy.Request{ID: p.ID, Text: policy.NewText(p.Text), Domain: p.Domain, TaskType: p.TaskType}
	if p.Schema != "" {
		schema, err := policy.ParseSchema(p.Schema)
		if err != nil {
			return q, fmt.Errorf("schema of prompt %q: %w", p.ID, err)
		}
		q.Schema = schema
	}
	return q, nil
}

// watch counts what is done and what fails.
type watch struct {
	plan  Plan
	stop  context.CancelCauseFunc
	total int

	mu        sync.Mutex
	done      int
	failed    int // calls, one after the other
	undecided int // requests likewise, over what decides on their answers
}

func (w *watch) call(r *Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case r.Stored:
	case r.Outcome.Error == "":
		w.failed = 0
	default:
		w.fail(&w.failed, r.Outcome.Error)
	}
}

func (w *watch) fail(n *int, why string) {
	if *n++; w.plan.StopAfter > 0 && *n >= w.plan.StopAfter {
		w.stop(&StoppedError{*n, why})
	}
}

func (w *watch) served(s *Service) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case s.failure == nil:
		w.undecided = 0
	case !s.failure.Stored:
		w.fail(&w.undecided, s.failure.Error())
	}
	w.done++
	if w.plan.Progress != nil {
		w.plan.Progress(w.done, w.total)
	}
}

// A Service is how one policy served one prompt.
type Service struct {
	Prompt  *datasets.Prompt
	Request policy.Request
	Served  *policy.Served // nil where a call that it needs was not made yet, or what decides on its answers failed
	Records []Record       // the calls that were made, by rung

	failure *openaiapi.Error // of what decides, such as an embedder
}

// Replay serves the plan in order with a backend whose clients are offline, and
// visits each service.
func Replay(ctx context.Context, offline *Backend, p Plan, visit func(*Service) error) error {
	for i := range p.Prompts {
		for _, by := range p.Policies {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s := &single{Backend: offline, prompt: &p.Prompts[i]}
			service, err := s.serve(ctx, by)
			if err == nil {
				err = visit(service)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
