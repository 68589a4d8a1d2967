package openaitest

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// A Kind is what goes wrong with a request.
type Kind string

// The kinds of fault. One that does not fit the request is passed over: the
// request is answered as usual and its [Entry] has no fault.
const (
	None Kind = ""

	// Of any request.
	Status             Kind = "status"               // HTTP Status (0: 500), with a JSON error
	HTML               Kind = "html"                 // HTTP Status (0: 200), with a page
	ErrorIn200         Kind = "error in 200"         // HTTP 200, with a JSON error whose code is Status (0: 502)
	SlowHeaders        Kind = "slow headers"         // Delay before anything, then as usual
	SlowBody           Kind = "slow body"            // Delay before each piece of a stream, or amid the body
	Hang               Kind = "hang"                 // nothing, until the client goes away or the server closes
	ResetBeforeHeaders Kind = "reset before headers" // the connection is reset
	BadJSON            Kind = "bad json"             // half the body; a stream has half a chunk after After pieces, and ends

	// Of any request that is not a stream.
	CutBody Kind = "cut body" // half of what Content-Length says, then the connection closes

	// Of a stream.
	ErrorMidStream Kind = "error mid stream" // after After pieces a comment, an error whose code is Status (0: 502), and the end
	CutStream      Kind = "cut stream"       // after After pieces the connection closes
	CleanCut       Kind = "clean cut"        // after After pieces the end, without finish_reason, usage and [DONE]
	NoDone         Kind = "no done"          // all but [DONE]
	Pings          Kind = "pings"            // 200 comments and blank lines, then as usual
	NotSSE         Kind = "not sse"          // HTTP 200 with words, as text/plain

	// Of chat.
	NoChoices  Kind = "no choices"  // choices are empty, usage is there and billed
	NullFinish Kind = "null finish" // After pieces, finish_reason null, usage 0: nothing is billed

	// Of embeddings.
	FewerVectors Kind = "fewer vectors" // the last is missing
	MoreVectors  Kind = "more vectors"  // one too many
	WrongDims    Kind = "wrong dims"    // the last is longer by one
	HugeNumber   Kind = "huge number"   // an element of the last is 1e39, more than a float32 holds
	ZeroVector   Kind = "zero vector"   // the last is all zeros
	Base64       Kind = "base64"        // in base64 though not asked for

	// Of embeddings of two texts or more.
	Reordered      Kind = "reordered"       // backwards, each with its index
	DuplicateIndex Kind = "duplicate index" // the last has the index of the first
)

var (
	kindsAny    = []Kind{Status, HTML, ErrorIn200, SlowHeaders, SlowBody, Hang, ResetBeforeHeaders, BadJSON}
	kindsWhole  = []Kind{CutBody}
	kindsStream = []Kind{ErrorMidStream, CutStream, CleanCut, NoDone, Pings, NotSSE}
	kindsChat   = []Kind{NoChoices, NullFinish}
	kindsEmbed  = []Kind{FewerVectors, MoreVectors, WrongDims, HugeNumber, ZeroVector, Base64}
	kindsTexts  = []Kind{Reordered, DuplicateIndex}
)

// Kinds are all kinds of fault but None.
func Kinds() []Kind {
	return slices.Concat(kindsAny, kindsWhole, kindsStream, kindsChat, kindsEmbed, kindsTexts)
}

// A Fault is what shall go wrong. The zero Fault is none.
type Fault struct {
	Kind       Kind
	Status     int           // of Status and HTML; the error's code in ErrorIn200 and ErrorMidStream
	RetryAfter string        // this header, with any kind that answers; empty: none
	After      int           // pieces of text that come before it in a stream, and in NullFinish
	Delay      time.Duration // of SlowHeaders and SlowBody
	Body       string        // in place of the body of Status, HTML, ErrorIn200 and NotSSE; empty: the usual one
}

// fits panics over a kind that does not exist, lest a slip passes for no fault.
func (f Fault) fits(q *Request) bool {
	kind := f.Kind
	switch {
	case kind == None, slices.Contains(kindsAny, kind):
		return true
	case slices.Contains(kindsWhole, kind):
		return !q.Stream
	case slices.Contains(kindsStream, kind):
		return q.Stream
	case slices.Contains(kindsChat, kind):
		return q.Path == chatPath
	case slices.Contains(kindsEmbed, kind):
		return q.Path == embedPath
	case slices.Contains(kindsTexts, kind):
		return q.Path == embedPath && len(q.Inputs) > 1
	}
	panic("openaitest: no such kind of fault: " + string(kind))
}

// failed reports whether the fault leaves nothing to answer.
func (x *exchange) failed() bool {
	f := x.fault
	switch f.Kind {
	case Status:
		status := cmp.Or(f.Status, http.StatusInternalServerError)
		if f.Body != "" {
			x.page(status, "application/json", []byte(f.Body))
		} else {
			x.fail(status, "this fault was asked for", nil)
		}
	case HTML:
		page := "<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>Please wait</h1></body></html>\n"
		x.page(cmp.Or(f.Status, http.StatusOK), "text/html; charset=utf-8", []byte(cmp.Or(f.Body, page)))
	case ErrorIn200:
		x.page(http.StatusOK, "application/json", []byte(cmp.Or(f.Body, string(x.upstreamError()))))
	case NotSSE:
		x.page(http.StatusOK, "text/plain; charset=utf-8", []byte(cmp.Or(f.Body, "upstream connect error\n")))
	case ResetBeforeHeaders:
		x.cut(true)
	case SlowHeaders:
		return !x.wait(f.Delay)
	case Hang:
		x.wait(forever)
	default:
		return false
	}
	return true
}

func (x *exchange) upstreamError() []byte {
	return encode(upstreamErrorBody{upstreamErrorObject{"the provider returned an error", cmp.Or(x.fault.Status, http.StatusBadGateway)}})
}
