package jsonline

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const (
	logLine = `{"ts":1736121601,"feature":"support_bot","msg_hash":"9913cde9b6cf","tier":"SIMPLE","model":"openai/gpt-4o-mini",` +
		`"input_tokens":15,"output_tokens":62,"cost_usd":0.00003945,"latency_ms":1021,"escalated":false}`
	scoresLine = `{"ts":1736121601,"feature":"support_bot","scores":{"SIMPLE":0.7134,"MEDIUM":0.2011,"COMPLEX":0.0612,"REASONING":0.0243},` +
		`"tier":"SIMPLE","margin":0.5123,"model":"openai/gpt-4o-mini","cost_usd":0.00003945}`
)

// different returns lines as in a log, no two of which branch alike: a processor
// learns a single line by heart.
func different() []string {
	random := rand.New(rand.NewPCG(1, 1))
	lines := make([]string, 2000)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"ts":%d,"feature":"%s","msg_hash":"%012x","tier":"%s","model":"%s","input_tokens":%d,"output_tokens":%d,"cost_usd":%.*f,"latency_ms":%d,"escalated":%t}`,
			1736121601+i, "support_bot_of_the_shop"[:5+random.IntN(15)], random.Uint64()>>16,
			[]string{"SIMPLE", "MEDIUM", "COMPLEX", "REASONING"}[random.IntN(4)],
			[]string{"openai/gpt-4o-mini", "anthropic/claude-sonnet-4", "deepseek/r1"}[random.IntN(3)],
			random.IntN(1<<random.IntN(14)+1), random.IntN(1<<random.IntN(12)+1), 4+random.IntN(6), random.Float64()/100,
			random.IntN(20_000), random.IntN(10) == 0)
	}
	return lines
}

func benchmarks() []struct {
	name  string
	lines []string
} {
	prompt := strings.Repeat(`Summarise the ticket below in two sentences and say what the customer wants.\n\nThe \"order\" arrived late. `, 19)
	return []struct {
		name  string
		lines []string
	}{
		{"log", []string{logLine}},
		{"different", different()},
		{"spaced", []string{strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(logLine)}},
		{"scores", []string{scoresLine}},
		{"prompt", []string{`{"id":"a1","prompt":"` + prompt + `","tier":"SIMPLE"}`}},
		{"chinese", []string{`{"id":"a1","prompt":"` + strings.Repeat("请用两句话总结下面的工单，并说明客户想要什么。", 28) + `","tier":"SIMPLE"}`}},
	}
}

func benchmarkLines(b *testing.B, read func(line []byte) bool) {
	for _, bench := range benchmarks() {
		b.Run(bench.name, func(b *testing.B) {
			var lines [][]byte
			size := 0
			for _, line := range bench.lines {
				lines = append(lines, []byte(line))
				size += len(line)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, line := range lines {
					if !read(line) {
						b.Fatal("not valid")
					}
				}
			}
		})
	}
}

func BenchmarkScanner(b *testing.B) {
	var s Scanner
	total := 0
	benchmarkLines(b, func(line []byte) bool {
		s.Reset(line)
		for s.Next() {
			total += len(s.Name()) + len(s.Raw()) + int(s.Kind())
		}
		return s.Err() == nil
	})
	if total == 0 {
		b.Fatal("no fields")
	}
}

// What checking alone costs with the standard library.
func BenchmarkJSONValid(b *testing.B) { benchmarkLines(b, json.Valid) }

func BenchmarkParseFloat(b *testing.B) {
	raw := []byte("0.00003945")
	for b.Loop() {
		if _, ok := ParseFloat(raw); !ok {
			b.Fatal("not ok")
		}
	}
}

func BenchmarkParseInt(b *testing.B) {
	raw := []byte("1736121601")
	for b.Loop() {
		if _, ok := ParseInt(raw); !ok {
			b.Fatal("not ok")
		}
	}
}
