package openaitest

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

// unitVector is the vector where Config has none.
func unitVector(text string, dims int) []float32 {
	random := rand.New(rand.NewPCG(hashOf(text), 2))
	long := make([]float64, dims)
	square := 0.0
	for i := range long {
		long[i] = random.NormFloat64()
		square += long[i] * long[i]
	}
	vector := make([]float32, dims)
	for i, v := range long {
		vector[i] = float32(v / math.Sqrt(square))
	}
	return vector
}

func (x *exchange) embed() {
	q := x.request
	dims := q.Dims
	if dims == 0 {
		dims = x.s.config.Dims
	}
	vectors := make([][]float32, len(q.Inputs))
	for i, text := range q.Inputs {
		vectors[i] = x.s.config.Embed(text, dims)
	}
	last := len(vectors) - 1
	switch x.fault.Kind {
	case FewerVectors:
		vectors = vectors[:last]
	case MoreVectors:
		vectors = append(vectors, vectors[last])
	case WrongDims:
		vectors[last] = append(slices.Clone(vectors[last]), 0)
	case ZeroVector:
		vectors[last] = make([]float32, dims)
	}

	answer := embeddings{Object: "list", Model: q.Model, Data: make([]embedding, len(vectors))}
	for i, vector := range vectors {
		e := embedding{Object: "embedding", Index: i, Embedding: vector}
		if q.base64 || x.fault.Kind == Base64 {
			e.Embedding = inBase64(vector)
		}
		answer.Data[i] = e
	}
	switch x.fault.Kind {
	case HugeNumber:
		long := make([]float64, len(vectors[last]))
		for i, v := range vectors[last] {
			long[i] = float64(v)
		}
		long[0] = 1e39
		answer.Data[last].Embedding = long
	case Reordered:
		slices.Reverse(answer.Data)
	case DuplicateIndex:
		answer.Data[last].Index = 0
	}
	if !x.s.config.NoUsage {
		answer.Usage = &embedUsage{PromptTokens: q.inputTokens, TotalTokens: q.inputTokens, Cost: x.costTold(q.inputTokens)}
	}
	x.body(encode(answer), q.inputTokens, x.tells())
}

func inBase64(vector []float32) string {
	var b []byte
	for _, v := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return base64.StdEncoding.EncodeToString(b)
}
