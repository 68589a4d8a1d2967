package live

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"unicode"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/wording"
)

// A Judge says how good a response to a prompt is. Judges are safe for
// concurrent use if what they were made of is.
type Judge interface {
	// Name says who judges and how, for the record, such as exact, choice,
	// number, regex:PATTERN, schema, similarity:hashing-MODEL or llm:MODEL.
	Name() string

	// Score judges a response. The error is for what ends the work: the context
	// is done, or every other request would fail likewise. Whatever else keeps
	// a judge from judging stands in the verdict.
	Score(ctx context.Context, prompt *datasets.Prompt, response string) (Verdict, error)
}

// A Verdict is what a judge says of a response.
type Verdict struct {
	Score   datasets.Optional[float64] // 0 to 1; unknown where there is nothing to judge by
	Why     string                     // one line: why there is no score, or why it is no better; may be empty
	CostUSD eval.Quantity              // of judging; zero and recorded where free
	Stored  bool                       // what the judge came to was in the store: CostUSD was paid before
}

// JudgeDeps is what judges are made of. A judge that needs something which is
// not there is not made.
type JudgeDeps struct {
	// Answer finds the final answer in a response, for exact, choice and
	// number. The zero value takes the whole response.
	Answer policy.Answer

	// Embedder makes the vectors that similarity compares. A local one costs
	// nothing, what a remote one costs is not known.
	Embedder centroids.Embedder

	LLM JudgeLLM
}

// ParseJudge returns the judge that a specification names; "none" is nil. The
// others are
//
//	exact          the final answer is the reference
//	choice         the letter chosen is the reference's
//	number         the final number is the reference's
//	regex:PATTERN  the response matches a Go regular expression
//	regex          the response matches the reference, which is one
//	schema         the response satisfies the prompt's JSON schema
//	similarity     the cosine between response and reference
//	llm            a model's opinion
//
// The error names them all where spec is none of them, and otherwise says what
// the judge lacks.
func ParseJudge(spec string, deps JudgeDeps) (Judge, error) {
	kind, rest, hasRest := strings.Cut(spec, ":")
	switch {
	case kind == "regex" && hasRest:
		return newJudgeRegex(rest)
	case hasRest:
	case kind == "none":
		return nil, nil
	case kind == "exact":
		return judgeExact{deps.Answer}, nil
	case kind == "choice":
		return judgeChoice{newJudgeFinal(deps.Answer), newJudgeLetters()}, nil
	case kind == "number":
		return judgeNumber{newJudgeFinal(deps.Answer), newJudgeFigures()}, nil
	case kind == "regex":
		return judgeRegex{}, nil
	case kind == "schema":
		return judgeSchema{}, nil
	case kind == "similarity":
		if deps.Embedder == nil {
			return nil, errors.New("judge similarity: expected an embedder, found none: name one, such as hashing")
		}
		return judgeSimilarity{deps.Embedder}, nil
	case kind == "llm":
		return newJudgeLLM(deps.LLM)
	}
	names := []string{"none", "exact", "choice", "number", "regex", "schema", "similarity", "llm"}
	return nil, fmt.Errorf("judge: expected none, exact, choice, number, regex:PATTERN, regex, schema, similarity or llm, found %s%s",
		wording.Quote(spec), wording.DidYouMean(kind, names))
}

func judgeFree() eval.Quantity { return eval.Quantity{Origin: eval.Recorded} }

// judgeUnknown is a verdict without a score that cost nothing.
func judgeUnknown(format string, args ...any) Verdict {
	return Verdict{Why: fmt.Sprintf(format, args...), CostUSD: judgeFree()}
}

// judgeRight is 1; judgeWrong is 0 and says why.
func judgeRight() Verdict { return Verdict{Score: datasets.Known(1.0), CostUSD: judgeFree()} }

func judgeWrong(format string, args ...any) Verdict {
	return Verdict{Score: datasets.Known(0.0), Why: fmt.Sprintf(format, args...), CostUSD: judgeFree()}
}

func judgeNoReference() Verdict { return judgeUnknown("the prompt has no reference") }

func judgeBlank(text string) bool { return strings.TrimSpace(text) == "" }

// judgeLine makes one line of at most 300 code points of a text from anybody.
func judgeLine(text string) string {
	const most = 300
	text = text[:min(len(text), 8*most)]
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	line := []rune(strings.Join(strings.Fields(printable), " "))
	if len(line) > most {
		return string(line[:most]) + "…"
	}
	return string(line)
}

// judgeFailed is the verdict where a model or embedder at an endpoint could not
// be asked, or the error that ends the work.
func judgeFailed(ctx context.Context, what string, err error) (Verdict, error) {
	if ctx.Err() != nil {
		return Verdict{}, ctx.Err()
	}
	failure := openaiapi.AsError(err)
	if failure == nil || failure.Fatal() {
		return Verdict{}, fmt.Errorf("%s: %w", what, err)
	}
	v := Verdict{Why: judgeLine(what + ": " + failure.Error()), Stored: failure.Stored}
	switch {
	case failure.Usage.CostUSD != nil:
		v.CostUSD = eval.Quantity{Value: *failure.Usage.CostUSD, Origin: eval.Recorded}
	case !failure.CostUnknown():
		v.CostUSD = judgeFree()
	}
	return v, nil
}

// judgeExact gives 1 where the final answer is the reference, both without
// white space at their ends and in lower case, else 0.
type judgeExact struct{ answer policy.Answer }

func (judgeExact) Name() string { return "exact" }

func (j judgeExact) Score(_ context.Context, prompt *datasets.Prompt, response string) (Verdict, error) {
	want, ok := policy.Answer{}.Of(prompt.Reference)
	if !ok {
		return judgeNoReference(), nil
	}
	got, ok := j.answer.Of(response)
	switch {
	case !ok:
		return judgeWrong("no answer in the response"), nil
	case got != want:
		return judgeWrong("expected %s, found %s", wording.Quote(want), wording.Quote(got)), nil
	}
	return judgeRight(), nil
}

// judgeRegex gives 1 where a regular expression is found in the response, else
// 0. It is the prompt's reference if pattern is nil.
type judgeRegex struct{ pattern *regexp.Regexp }

func newJudgeRegex(pattern string) (Judge, error) {
	if pattern == "" {
		return nil, errors.New("judge regex: expected a pattern behind the colon, found none; without the colon the reference is the pattern")
	}
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("judge regex: expected a Go regular expression: %w", err)
	}
	return judgeRegex{compiled}, nil
}

func (j judgeRegex) Name() string {
	if j.pattern == nil {
		return "regex"
	}
	return "regex:" + j.pattern.String()
}

func (j judgeRegex) Score(_ context.Context, prompt *datasets.Prompt, response string) (Verdict, error) {
	pattern := j.pattern
	if pattern == nil {
		if judgeBlank(prompt.Reference) {
			return judgeNoReference(), nil
		}
		var err error
		if pattern, err = regexp.Compile(prompt.Reference); err != nil {
			return judgeUnknown("the reference is no regular expression: %s", judgeLine(err.Error())), nil
		}
	}
	if !pattern.MatchString(response) {
		return judgeWrong("the pattern is not found"), nil
	}
	return judgeRight(), nil
}

// judgeSchema gives 1 where the response, without a code fence around it,
// satisfies the prompt's JSON schema, else 0. It has no state: a schema is
// compiled each time, which is cheaper than the response was.
type judgeSchema struct{}

func (judgeSchema) Name() string { return "schema" }

func (judgeSchema) Score(_ context.Context, prompt *datasets.Prompt, response string) (Verdict, error) {
	if judgeBlank(prompt.Schema) {
		return judgeUnknown("the prompt has no schema"), nil
	}
	schema, err := policy.ParseSchema(prompt.Schema)
	if err != nil {
		return judgeUnknown("the prompt's schema is none: %s", judgeLine(err.Error())), nil
	}
	if !schema.Satisfied(policy.UnwrapFence(response)) {
		return judgeWrong("the response does not satisfy the schema"), nil
	}
	return judgeRight(), nil
}

// judgeSimilarity gives the cosine between the vectors of response and
// reference, 0 where it is negative.
type judgeSimilarity struct{ embedder centroids.Embedder }

func (j judgeSimilarity) Name() string {
	id := j.embedder.Identity()
	return "similarity:" + id.Kind + "-" + id.Model
}

func (j judgeSimilarity) Score(ctx context.Context, prompt *datasets.Prompt, response string) (Verdict, error) {
	if judgeBlank(prompt.Reference) {
		return judgeNoReference(), nil
	}
	if lookup, ok := j.embedder.(centroids.Lookup); ok && !(lookup.Knows(response) && lookup.Knows(prompt.Reference)) {
		return judgeUnknown("the embedder has no vector of the response or of the reference"), nil
	}
	cosine, cost, err := policy.Cosine{Embedder: j.embedder, Remote: j.embedder.Identity().Kind == remote.Kind}.Similarity(ctx, response, prompt.Reference)
	switch {
	case err != nil:
		return judgeFailed(ctx, "embedding for similarity", err)
	case math.IsNaN(cosine):
		return judgeUnknown("the response or the reference has no vector"), nil
	}
	return Verdict{Score: datasets.Known(max(0, cosine)), CostUSD: cost}, nil
}
