package openaitest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"unicode"
)

// vocabulary has more words than a token can have alternatives.
var vocabulary = strings.Fields("amber birch cedar delta ember fjord grove heron inlet jetty kelp " +
	"larch maple north ocean pebble quarry river stone tide umber valley willow yarrow zephyr")

// words is the answer where Config has none.
func words(r *Request) string {
	random := rand.New(rand.NewPCG(r.seed, 1))
	answer := make([]string, 3+random.IntN(6))
	for i := range answer {
		answer[i] = vocabulary[random.IntN(len(vocabulary))]
	}
	return strings.Join(answer, " ")
}

// split cuts text into words, each with the white space before it; what is left
// belongs to the last.
func split(text string) []string {
	var pieces []string
	start, inWord := 0, false
	for i, c := range text {
		if unicode.IsSpace(c) && inWord {
			pieces = append(pieces, text[start:i])
			start = i
		}
		inWord = !unicode.IsSpace(c)
	}
	switch rest := text[start:]; {
	case rest == "":
	case inWord || len(pieces) == 0:
		pieces = append(pieces, rest)
	default:
		pieces[len(pieces)-1] += rest
	}
	return pieces
}

func (x *exchange) chat() {
	q := x.request
	pieces, finish := split(x.s.config.Answer(q)), "stop"
	if q.MaxTokens > 0 && len(pieces) > q.MaxTokens {
		pieces, finish = pieces[:q.MaxTokens], "length"
	}
	in, out := q.inputTokens, max(1, len(pieces))
	reason := &finish
	if x.fault.Kind == NullFinish {
		pieces = pieces[:min(len(pieces), x.fault.After)]
		in, out, reason = 0, 0, nil
	}
	if q.Stream {
		x.stream(pieces, reason, in, out)
		return
	}
	answer := x.completion("chat.completion", choice{
		Message:      &message{Role: "assistant", Content: strings.Join(pieces, "")},
		Logprobs:     x.logprobs(pieces, 0),
		FinishReason: reason,
	})
	if x.fault.Kind == NoChoices {
		answer.Choices = []choice{}
	}
	answer.Usage = x.usage(in, out)
	x.body(encode(answer), in+out, x.tells())
}

func (x *exchange) stream(pieces []string, reason *string, in, out int) {
	x.begin(http.StatusOK, "text/event-stream", -1)
	kind, after := x.fault.Kind, len(pieces)
	switch kind {
	case ErrorMidStream, CutStream, CleanCut, BadJSON:
		after = min(after, x.fault.After)
	case Pings:
		if !x.send([]byte(strings.Repeat(": ping\n\n", 200)), mark{}) {
			return
		}
	}
	if kind != NoChoices {
		empty := ""
		if !x.chunk(mark{}, choice{Delta: &delta{Role: "assistant", Content: &empty}}) {
			return
		}
		for i, piece := range pieces[:after] {
			gap := x.s.config.TokenGap
			if i == 0 {
				gap = 0
			}
			if kind == SlowBody {
				gap += x.fault.Delay
			}
			billed := in + i + 1
			if kind == NullFinish {
				billed = 0
			}
			if !x.wait(gap) || !x.chunk(mark{tokens: billed}, choice{Delta: &delta{Content: &piece}, Logprobs: x.logprobs(pieces[i:i+1], i)}) {
				return
			}
		}
	}

	switch kind {
	case ErrorMidStream:
		x.send(fmt.Appendf(nil, ": ping\n\ndata: %s\n\n", x.upstreamError()), mark{last: true})
		return
	case CutStream:
		x.cut(false)
		return
	case CleanCut:
		x.leave()
		return
	case BadJSON:
		chunk := encode(x.completion("chat.completion.chunk", choice{Delta: &delta{}}))
		x.send(fmt.Appendf(nil, "data: %s\n\n", chunk[:len(chunk)/2]), mark{last: true})
		return
	}

	withUsage := (x.request.streamUsage || kind == NoChoices) && !x.s.config.NoUsage
	if kind != NoChoices && !x.chunk(mark{tokens: in + out, last: kind == NoDone && !withUsage}, choice{Delta: &delta{}, FinishReason: reason}) {
		return
	}
	if withUsage {
		m := mark{tokens: in + out, told: x.tells(), last: kind == NoDone}
		answer := x.completion("chat.completion.chunk")
		answer.Usage = x.usage(in, out)
		if !x.send(fmt.Appendf(nil, "data: %s\n\n", encode(answer)), m) {
			return
		}
	}
	if kind != NoDone {
		x.send([]byte("data: [DONE]\n\n"), mark{tokens: in + out, last: true})
	}
}

func (x *exchange) chunk(m mark, c choice) bool {
	return x.send(fmt.Appendf(nil, "data: %s\n\n", encode(x.completion("chat.completion.chunk", c))), m)
}

func (x *exchange) completion(object string, choices ...choice) completion {
	if choices == nil {
		choices = []choice{}
	}
	q := x.request
	return completion{ID: fmt.Sprintf("chatcmpl-%016x-%d", q.hash, q.Seen), Object: object, Created: created, Model: q.Model, Choices: choices}
}

// tells reports whether usage with its cost is in answers.
func (x *exchange) tells() bool { return !x.s.config.NoUsage && !x.s.config.NoCost }

func (x *exchange) usage(in, out int) *usage {
	if x.s.config.NoUsage {
		return nil
	}
	return &usage{
		PromptTokens: in, CompletionTokens: out, TotalTokens: in + out,
		PromptDetails: &promptDetails{}, CompletionDetails: &completionDetails{},
		Cost: x.costTold(in + out),
	}
}

func (x *exchange) costTold(tokens int) *float64 {
	if x.s.config.NoCost {
		return nil
	}
	cost := x.s.cost(tokens)
	return &cost
}

// logprobs are made from each token and its place, which counts from first. A
// token has at least half of the probability, alternatives halve what is left.
func (x *exchange) logprobs(tokens []string, first int) *logprobs {
	q := x.request
	if !q.logprobs || x.s.config.NoLogprobs {
		return nil
	}
	content := make([]tokenLogprob, len(tokens))
	for i, token := range tokens {
		random := rand.New(rand.NewPCG(hashOf(token), uint64(first+i)))
		p := 0.5 + random.Float64()/2
		t := tokenLogprob{alternative: newAlternative(token, p), Top: []alternative{}}
		if q.topLogprobs > 0 {
			t.Top = append(t.Top, t.alternative)
		}
		word := strings.TrimLeftFunc(token, unicode.IsSpace)
		space := token[:len(token)-len(word)]
		rest := 1 - p
		for _, j := range random.Perm(len(vocabulary)) {
			if len(t.Top) >= q.topLogprobs {
				break
			}
			if vocabulary[j] != word {
				rest /= 2
				t.Top = append(t.Top, newAlternative(space+vocabulary[j], rest))
			}
		}
		content[i] = t
	}
	return &logprobs{Content: content}
}

func newAlternative(token string, p float64) alternative {
	bytes := make([]int, len(token))
	for i := range len(token) {
		bytes[i] = int(token[i])
	}
	return alternative{token, math.Log(p), bytes}
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}
