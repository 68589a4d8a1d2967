package policy

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// BenchmarkChecks looks at answers of some 470 bytes: as text, and as JSON that
// the task type requires.
func BenchmarkChecks(b *testing.B) {
	checks := newChecks(b, DefaultChecks())
	sentence := "In that case it is as well to ask another, since I know of it only in part. "
	for _, c := range []struct{ name, task, format string }{
		{"text", "", "%s%d"}, {"JSON", "extraction", `{"answer": "%s", "score": %d}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			calls, size := make([]Call, 1000), 0
			for i := range calls {
				calls[i] = answered(fmt.Sprintf(c.format, strings.Repeat(sentence, 6)[i%30:], i))
				size += len(calls[i].Response.Value)
			}
			request := &Request{TaskType: c.task}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for i := range calls {
					if reasons, err := checks.Check(request, &calls[i]); err != nil || reasons != 0 {
						b.Fatal(reasons, err)
					}
				}
			}
		})
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
