package main

import (
	"context"

	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/eval/policy"
)

// checkResponses looks at each response's length, phrases of doubt and, where
// its task type requires it, JSON.
func checkResponses(folder string) (row, error) {
	texts, err := readTexts(folder)
	if err != nil {
		return row{}, err
	}
	structured, err := readArray[uint8](folder, "structured.u8")
	if err != nil {
		return row{}, err
	}
	checks, err := policy.NewChecks(policy.DefaultChecks())
	if err != nil {
		return row{}, err
	}
	requests := [2]policy.Request{{}, {TaskType: "structured_output"}}
	reasons := make([]uint8, len(texts))
	const unknown = 255
	return row{
		rounds: 5,
		run: func() error {
			share(len(texts), func(from, to int) {
				for i := from; i < to; i++ {
					r, err := checks.Check(&requests[structured[i]], &policy.Call{Response: policy.NewText(texts[i])})
					if reasons[i] = uint8(r); err != nil {
						reasons[i] = unknown
					}
				}
			})
			return nil
		},
		save: func() error { return writeArray(folder, "reasons.u8", reasons) },
	}, nil
}

// hashTexts embeds prompts with the embedder that needs no model.
func hashTexts(folder string) (row, error) {
	texts, err := readTexts(folder)
	if err != nil {
		return row{}, err
	}
	e, err := embedder.NewHashing(embedder.DefaultDims)
	if err != nil {
		return row{}, err
	}
	vectors := make([]float32, len(texts)*embedder.DefaultDims)
	return row{
		rounds: 5,
		run:    func() error { return e.Embed(context.Background(), vectors, texts) },
		save:   func() error { return writeArray(folder, "ours.f32", vectors[:1000*embedder.DefaultDims]) },
	}, nil
}
