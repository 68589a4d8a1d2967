package datasets

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// benchOutcomes are the answers of four models to n prompts, with texts.
func benchOutcomes(n int) []Outcome {
	random := rand.New(rand.NewPCG(7, 7))
	words := strings.Fields("please summarise the ticket below in two sentences and \"say\" what customer wants, über 3,000 €: order arrived late\nand")
	text := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(words[random.IntN(len(words))])
			b.WriteByte(' ')
		}
		return b.String()
	}
	var rows []Outcome
	for i := range n {
		prompt := text(70)
		for _, model := range []string{"openai/gpt-4o-mini", "anthropic/claude-haiku-3-5", "anthropic/claude-sonnet-4", "anthropic/claude-opus-4"} {
			rows = append(rows, Outcome{
				ID: fmt.Sprintf("prompt-%d", i), Model: model, Prompt: prompt, Domain: "law", Response: Known(text(40)), Score: Known(float64(random.IntN(2))),
				Confidence: Known(random.Float64()), InputTokens: Known(random.IntN(2000)), OutputTokens: Known(random.IntN(900)), CostUSD: Known(random.Float64() / 1000),
				LatencyMS: Known(1000 + float64(random.IntN(90_000))/100), TTFTMS: Known(float64(random.IntN(90_000)) / 100), FinishReason: "stop",
			})
		}
	}
	return rows
}

func BenchmarkReadOutcomes(b *testing.B) {
	rows := benchOutcomes(10_000)
	for _, f := range benchFormats[:3] {
		b.Run(nameOf(f), func(b *testing.B) {
			var out bytes.Buffer
			if err := Outcomes().Write(&out, f, WriteOptions{}, putAll(rows)); err != nil {
				b.Fatal(err)
			}
			path := writeTemp(b, "f", out.Bytes())
			b.SetBytes(int64(out.Len()))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				if _, err := Outcomes().ScanFile(path, nil, func(*Outcome) error { n++; return nil }); err != nil || n != len(rows) {
					b.Fatal(n, err)
				}
			}
		})
	}
}
