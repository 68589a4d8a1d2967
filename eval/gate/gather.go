package gate

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/routeproof/routeproof/internal/spill"
)

// pairsAtOnce is how many classifiers are taken together where something is kept of their
// prompts, which bounds it.
const pairsAtOnce = 32

// each gathers what there is of the pairs, some at once, and does something for
// each of them, as many at once as there are processors. They do not depend on one another.
func each[T any](ctx context.Context, c *check, pairs []*pair, do func(*pair) (T, error)) ([]T, error) {
	out := make([]T, 0, len(pairs))
	some := max(1, len(pairs))
	if slices.ContainsFunc(pairs, func(p *pair) bool { return p.claims.on || p.spent.on }) {
		some = pairsAtOnce
	}
	for some := range slices.Chunk(pairs, some) {
		err := c.gather(ctx, some)
		if err == nil {
			var done []T
			done, err = parallel(ctx, some, do)
			out = append(out, done...)
		}
		for _, p := range some {
			err = errors.Join(err, p.close())
		}
		if err != nil {
			return nil, err
		}
	}
	return out, context.Cause(ctx)
}

// parallel does something for all pairs.
func parallel[T any](ctx context.Context, pairs []*pair, do func(*pair) (T, error)) ([]T, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	out := make([]T, len(pairs))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(len(pairs), runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range next {
				var err error
				if out[i], err = do(pairs[i]); err != nil {
					stop(err)
				}
			}
		})
	}
	for i := range pairs {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wait.Wait()
	return out, context.Cause(ctx)
}

// gather goes through both sides and takes in what pairs have in common, group by
// group: first the prompts that are a group each, by id, then groups by name.
func (c *check) gather(ctx context.Context, pairs []*pair) error {
	groups := &spill.Sorter{Limit: c.near(), What: "groups"}
	defer groups.Close()
	var base, cand []*classifier
	for _, p := range pairs {
		base, cand = append(base, p.base), append(cand, p.cand)
	}
	wanted := [2][]bool{c.base.want(base), c.cand.want(cand)}
	var record []byte
	err := c.each(ctx, wanted, func(b, d *prompt) error {
		if b == nil || d == nil || b.truth != d.truth {
			return nil
		}
		if len(b.group) > 0 {
			record = spill.AppendKey(spill.AppendKey(record[:0], b.group), b.id)
			record = append(appendBytes(record, b.raw), d.raw...)
			return groups.Add(record)
		}
		for _, p := range pairs {
			if err := errors.Join(p.add(b, d), p.end()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.gatherGroups(ctx, groups, wanted, pairs)
}

// gatherGroups takes in prompts of groups, by group and id.
func (c *check) gatherGroups(ctx context.Context, groups *spill.Sorter, wanted [2][]bool, pairs []*pair) error {
	end := func() error {
		for _, p := range pairs {
			if err := p.end(); err != nil {
				return err
			}
		}
		return nil
	}
	var b, d prompt
	var group, name, id, rest []byte // name is that of the group under way
	n := 0
	for record, err := range groups.All() {
		if err != nil {
			return err
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n++
		group, rest = spill.CutKey(group[:0], record)
		id, rest = spill.CutKey(id[:0], rest)
		if !bytes.Equal(group, name) { // before the first nothing is under way
			if err := end(); err != nil {
				return err
			}
			name = append(name[:0], group...)
		}
		r := reading(rest)
		c.base.read(&b, r.bytes(), wanted[0])
		c.cand.read(&d, r, wanted[1])
		for _, p := range pairs {
			if err := p.add(&b, &d); err != nil {
				return err
			}
		}
	}
	return end()
}

// near is how many bytes of what is gathered are in memory.
func (c *check) near() int {
	if near := c.base.source.near; near > 0 {
		return near
	}
	return nearBytes
}

// room is where a pair keeps something of each prompt.
func (c *check) room(what string) spill.File {
	return spill.File{Limit: c.near() / pairsAtOnce, What: what}
}

// sorter sorts something of each prompt, for one pair.
func (c *check) sorter(what string) *spill.Sorter {
	return &spill.Sorter{Limit: c.near() / 2, What: what}
}

// close gives up what was gathered, but for the flips.
func (p *pair) close() error {
	p.groups, p.domains, p.lengths, p.open, p.labels, p.key = table{}, nil, nil, nil, nil, nil
	return errors.Join(p.claims.rows.Close(), p.spent.groups.Close())
}
