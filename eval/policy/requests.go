package policy

import (
	"slices"
	"strings"
)

// Requests are requests in an order that stays. They are safe for concurrent use.
type Requests interface {
	Len() int
	// At returns request i, from 0.
	At(i int) Request
}

// A List is requests that are in memory.
type List []Request

// Len implements [Requests].
func (l List) Len() int { return len(l) }

// At implements [Requests].
func (l List) At(i int) Request { return l[i] }

// RecordedRequests are the requests of a [Recorded], which holds what they ask, by id:
// one takes 8 bytes more. Nothing may be changed while they are read.
type RecordedRequests struct {
	TaskType string  // of requests that are described without one
	Groups   []int32 // by request, see [Request]; all 0 at first

	of    *Recorded
	order []int32 // numbers of requests
}

// asked is what a request asks, 16 bytes.
type asked struct {
	at    int64 // of its text
	size  uint32
	about int32 // number of what is said of it
}

// An about is what is said of requests, of many the same.
type about struct {
	domain, taskType string
	schema           *Schema
}

// abouts numbers what is said of requests. Number 0 is nothing.
type abouts struct {
	all    []about
	number map[about]int32
}

func newAbouts() abouts { return abouts{[]about{{}}, map[about]int32{{}: 0}} }

func (a *abouts) add(x about) int32 {
	number, known := a.number[x]
	if !known {
		number = int32(len(a.all))
		a.all, a.number[x] = append(a.all, x), number
	}
	return number
}

// Requests returns a request for each prompt that a ladder model answered, by
// id, without task types.
func (r *Recorded) Requests() *RecordedRequests {
	q := &RecordedRequests{of: r, order: r.ids.Order()}
	q.Groups = make([]int32, len(q.order))
	return q
}

// Len implements [Requests].
func (q *RecordedRequests) Len() int { return len(q.order) }

// At implements [Requests].
func (q *RecordedRequests) At(i int) Request {
	number := q.order[i]
	asked := q.of.asked[number]
	x := q.of.abouts.all[asked.about]
	request := Request{ID: q.of.ids.Name(int(number)), Domain: x.domain, Group: q.Groups[i], TaskType: x.taskType, Schema: x.schema}
	if request.TaskType == "" {
		request.TaskType = q.TaskType
	}
	if asked.size > 0 {
		request.Text = q.of.text(ref{asked.at, asked.size})
	}
	return request
}

// Find returns where the request of an id stands.
func (q *RecordedRequests) Find(id string) (i int, ok bool) {
	return slices.BinarySearchFunc(q.order, id, func(number int32, id string) int { return strings.Compare(q.of.ids.Name(int(number)), id) })
}

// Describe says of request i what is not empty; a text only where it has none yet.
func (q *RecordedRequests) Describe(i int, text, domain, taskType string, schema *Schema) error {
	number := q.order[i]
	x := q.of.abouts.all[q.of.asked[number].about]
	if domain != "" {
		x.domain = domain
	}
	if taskType != "" {
		x.taskType = taskType
	}
	if schema != nil {
		x.schema = schema
	}
	q.of.asked[number].about = q.of.abouts.add(x)
	return q.of.ask(int(number), text)
}
