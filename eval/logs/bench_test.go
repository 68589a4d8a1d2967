package logs

import (
	"bytes"
	"testing"

	"github.com/routeproof/routeproof/datasets/synth"
)

// BenchmarkScan reads a made-up log from memory.
func BenchmarkScan(b *testing.B) {
	g, err := synth.New(synth.Default())
	if err != nil {
		b.Fatal(err)
	}
	var text bytes.Buffer
	if err := g.WriteLogs(&text, 500_000); err != nil {
		b.Fatal(err)
	}
	s := settingsOf(b)
	s.Dearest = &Price{15, 75}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		tallyOf(b, s, source("log", text.Bytes()))
	}
}
