package policy

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// BenchmarkChecks looks at answers of some 470 bytes: as text, as JSON that the
// task type requires, and as text in which a phrase seems to begin everywhere;
// and at long ones.
func BenchmarkChecks(b *testing.B) {
	sentence := "In that case it is as well to ask another, since I know of it only in part. "
	for _, c := range []struct{ name, task, format, text string }{
		{"text", "", "%s%d", sentence},
		{"JSON", "extraction", `{"answer": "%s", "score": %d}`, sentence},
		{"anchors", "", "%s%d", "I don't, I'm not, as an am I can not "},
		{"beginnings", "", "%s%d", "i don't kno"},
	} {
		b.Run(c.name, func(b *testing.B) {
			texts := make([]string, 1000)
			for i := range texts {
				texts[i] = fmt.Sprintf(c.format, strings.Repeat(c.text, 500/len(c.text))[i%30:], i)
			}
			benchmarkChecks(b, c.task, texts)
		})
		b.Run(c.name+"/4MiB", func(b *testing.B) {
			benchmarkChecks(b, c.task, []string{fmt.Sprintf(c.format, strings.Repeat(c.text, 4<<20/len(c.text)), 1)})
		})
	}
}

func benchmarkChecks(b *testing.B, task string, texts []string) {
	checks, request := newChecks(b, DefaultChecks()), &Request{TaskType: task}
	calls, size := make([]Call, len(texts)), 0
	for i, text := range texts {
		calls[i] = answered(text)
		size += len(text)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for i := range calls {
			if reasons, err := checks.Check(request, &calls[i]); err != nil || reasons != 0 {
				b.Fatal(reasons, err)
			}
		}
	}
}

func BenchmarkNewChecks(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newChecks(b, DefaultChecks())
	}
}

// even embeds texts as vectors of unit norm, all elements alike but for a sign that
// depends on the text.
type even []float32

func (e even) Identity() centroids.Identity {
	return centroids.Identity{Kind: "benchmark", Model: "even", Dims: len(e), Preprocessing: "none"}
}

func (e even) Embed(_ context.Context, dst []float32, texts []string) error {
	for i, text := range texts {
		v := dst[i*len(e) : (i+1)*len(e)]
		copy(v, e)
		v[text[0]] = -v[text[0]]
	}
	return nil
}

func BenchmarkCosine(b *testing.B) {
	vector := make(even, 1536)
	for i := range vector {
		vector[i] = float32(1 / math.Sqrt(1536))
	}
	agreement := Cosine{Embedder: vector}
	b.SetBytes(int64(2 * 4 * len(vector)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := agreement.Similarity(context.Background(), "a", "b"); err != nil {
			b.Fatal(err)
		}
	}
}
