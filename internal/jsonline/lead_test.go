package jsonline

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// walk lists a text's fields and its error, read by leads of another text where
// there are some, and leaves its own leads there.
func walk(text []byte, leads *[]Lead) (out []string, liked int) {
	var s Scanner
	s.Reset(text)
	for i := 0; ; i++ {
		like := leads != nil && i < len(*leads) && s.NextLike(&(*leads)[i])
		if like {
			liked++
		} else if !s.Next() {
			break
		}
		out = append(out, fmt.Sprintf("%s %s %s", s.Name(), s.Kind(), s.Raw()))
		if leads != nil {
			if i == len(*leads) {
				*leads = append(*leads, Lead{})
			}
			s.Lead(&(*leads)[i])
		}
	}
	return append(out, fmt.Sprint(s.Err())), liked
}

// likeNext fails unless reading by the leads of other gives the same as without.
func likeNext(t *testing.T, other, text []byte) (liked int) {
	t.Helper()
	var leads []Lead
	walk(other, &leads)
	want, _ := walk(text, nil)
	got, liked := walk(text, &leads)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("%q by the leads of %q:\n%s\nexpected\n%s", text, other, got, want)
	}
	return liked
}

func TestLeads(t *testing.T) {
	for _, c := range []struct {
		other, text string
		liked       int
	}{
		{`{"a":1,"b":2,"c":3}`, `{"a":"x","b":[],"c":{}}`, 2},
		{`{"a":1,"b":2,"c":3}`, `{"a":1,"b":2}`, 1},
		{`{"a":1,"b":2}`, `{"a":1, "b":2}`, 0},
		{`{"a":1, "b" : 2}`, `{"a":1, "b" : true }`, 1},
		{`{"a":1 ,"b":2}`, `{"a":1 ,"b":2}`, 0}, // the comma is behind a space
		{`{"a":1,"\u0062":2}`, `{"a":1,"\u0062":2}`, 0},
		{`{"a":1,"b":2}`, `{"a":1,"b":}`, 0},
		{`{"a":1,"b":2}`, `{"a":1,"b":`, 0},
		{`{"a":1,"b":2}`, `,"b":2}`, 0},
		{`{"b":2}`, `{"a":1{"b":2}`, 0},
		{`{"a":1,"b":2}`, `{"a":1,"b":2,}`, 1},
		{`{"a":1,"b":2}`, `{"a":1,"b":02}`, 0},
		{`{"a":1,"b":2}`, ``, 0},
	} {
		if liked := likeNext(t, []byte(c.other), []byte(c.text)); liked != c.liked {
			t.Errorf("%s by the leads of %s: %d fields, expected %d", c.text, c.other, liked, c.liked)
		}
	}
}

func TestLeadsOfMutations(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	texts := corpus()
	liked := 0
	for range 100_000 {
		other := []byte(texts[random.IntN(len(texts))])
		text := mutate(random, other)
		if random.IntN(2) == 0 {
			other = mutate(random, other)
		}
		liked += likeNext(t, other, text)
	}
	if liked < 100_000 {
		t.Errorf("only %d fields were read by a lead", liked)
	}
}

func TestLeadsAllocateNothing(t *testing.T) {
	var s Scanner
	var leads [16]Lead
	text := []byte(logLine)
	read := func() {
		s.Reset(text)
		for i := 0; s.NextLike(&leads[i]) || s.Next(); i++ {
			s.Lead(&leads[i])
		}
	}
	read()
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzLeads(f *testing.F) {
	for _, text := range corpus() {
		f.Add([]byte(logLine), []byte(text))
		f.Add([]byte(text), []byte(text))
	}
	f.Fuzz(func(t *testing.T, other, text []byte) { likeNext(t, other, text) })
}
