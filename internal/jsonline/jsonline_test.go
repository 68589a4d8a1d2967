package jsonline

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// fields drains a Scanner.
func fields(text string) ([]string, error) {
	var s Scanner
	s.Reset([]byte(text))
	var all []string
	for s.Next() {
		all = append(all, fmt.Sprintf("%s=%s (%v)", s.Name(), s.Raw(), s.Kind()))
	}
	return all, s.Err()
}

func TestFields(t *testing.T) {
	for text, want := range map[string][]string{
		`{}`:                            nil,
		" \t{ \n } \r ":                 nil,
		`{"":""}`:                       {`="" (a string)`},
		`{"a":1,"a":2}`:                 {`a=1 (a number)`, `a=2 (a number)`},
		` { "a" : -0.5e+10 , "b" : 0 }`: {`a=-0.5e+10 (a number)`, `b=0 (a number)`},
		`{"a":true,"b":false,"c":null}`: {`a=true (true or false)`, `b=false (true or false)`, `c=null (null)`},
		`{"a":{},"b":[ ],"c":{"d":[{}]}}`: {`a={} (an object)`, `b=[ ] (an array)`,
			`c={"d":[{}]} (an object)`},
		`{"a":[1,"]}",{"b":[2]} ],"c":3}`:    {`a=[1,"]}",{"b":[2]} ] (an array)`, `c=3 (a number)`},
		`{"\u00e9\ud83d\ude00\"\/\\":"é\n"}`: {`é😀"/\="é\n" (a string)`},
		`{"\ud83d":1,"x\udE00y":2}`:          {"\ufffd=1 (a number)", "x\ufffdy=2 (a number)"},
		"{\"\u2028\x7f\":\"日本語\U0001F600\"}": {"\u2028\x7f=\"日本語\U0001F600\" (a string)"},
	} {
		got, err := fields(text)
		if !slices.Equal(got, want) || err != nil {
			t.Errorf("%s: got %q, %v, expected %q", text, got, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	cut := ": the text ends inside the object"
	for text, want := range map[string]string{
		``:                                 `not a JSON object: expected { at byte 1, found nothing`,
		"  \n":                             `not a JSON object: expected { at byte 1, found nothing`,
		` [1,2]`:                           `not a JSON object: expected { at byte 2, found an array`,
		`"a`:                               `not a JSON object: expected { at byte 1, found a string`,
		`-1`:                               `not a JSON object: expected { at byte 1, found a number`,
		`nul`:                              `not a JSON object: expected { at byte 1, found null`,
		`id,tier,日本語日本語日本語`:                `not a JSON object: expected { at byte 1, found "id,tier,日本語日"`,
		"\xef\xbb\xbf{}":                   `not a JSON object: expected { at byte 1, found "\ufeff{}"`,
		`{`:                                `expected a name in double quotes at byte 2` + cut,
		`{"`:                               `expected a closing quote at byte 3` + cut,
		`{"a`:                              `expected a closing quote at byte 4` + cut,
		`{"a\`:                             `expected an escape at byte 5` + cut,
		`{"a\u1`:                           `expected four hexadecimal digits after \u at byte 7` + cut,
		`{"a"`:                             `expected a colon at byte 5` + cut,
		`{"a": `:                           `expected a value at byte 6` + cut,
		`{"a":tru`:                         `expected a value at byte 9` + cut,
		`{"a":-`:                           `expected a digit at byte 7` + cut,
		`{"a":1.`:                          `expected a digit at byte 8` + cut,
		`{"a":1e+`:                         `expected a digit at byte 9` + cut,
		`{"a":1`:                           `expected a comma or } at byte 7` + cut,
		`{"a":1,`:                          `expected a name in double quotes at byte 8` + cut,
		`{"a":{"b`:                         `expected a closing quote at byte 9` + cut,
		`{"a":[1`:                          `expected a comma or ] at byte 8` + cut,
		`{"a":[{}`:                         `expected a comma or ] at byte 9` + cut,
		`{"a":1,}`:                         `expected a name in double quotes at byte 8, found "}"`,
		`{,}`:                              `expected a name in double quotes at byte 2, found ",}"`,
		`{'a':1}`:                          `expected a name in double quotes at byte 2, found "'a':1}"`,
		`{a:1}`:                            `expected a name in double quotes at byte 2, found "a:1}"`,
		`{"a" 1}`:                          `expected a colon at byte 6, found "1}"`,
		`{"a":1 "b":2}`:                    `expected a comma or } at byte 8, found "\"b\":2}"`,
		`{"a":truex}`:                      `expected a comma or } at byte 10, found "x}"`,
		`{"a":True}`:                       `expected a value at byte 6, found "True}"`,
		`{"a":tru }`:                       `expected a value at byte 6, found "tru }"`,
		`{"a":}`:                           `expected a value at byte 6, found "}"`,
		`{"a":01}`:                         `expected a number without zeros before it at byte 6, found "01}"`,
		`{"a":-.5}`:                        `expected a digit at byte 7, found ".5}"`,
		`{"a":1.}`:                         `expected a digit at byte 8, found "}"`,
		`{"a":1.e5}`:                       `expected a digit at byte 8, found "e5}"`,
		`{"a":1e}`:                         `expected a digit at byte 8, found "}"`,
		`{"a":+1}`:                         `expected a value at byte 6, found "+1}"`,
		`{"a":0x1}`:                        `expected a comma or } at byte 7, found "x1}"`,
		`{"a":NaN}`:                        `expected a value at byte 6, found "NaN}" (JSON has no NaN or Infinity)`,
		`{"a":nan}`:                        `expected a value at byte 6, found "nan}" (JSON has no NaN or Infinity)`,
		`{"a":[1,-Infinity]}`:              `expected a digit at byte 10, found "Infinity]}" (JSON has no NaN or Infinity)`,
		`{"a":+inf}`:                       `expected a value at byte 6, found "+inf}" (JSON has no NaN or Infinity)`,
		`{"a":info}`:                       `expected a value at byte 6, found "info}"`,
		`{"a":[1,]}`:                       `expected a value at byte 9, found "]}"`,
		`{"a":[1}}`:                        `expected a comma or ] at byte 8, found "}}"`,
		`{"a":{"b":1]}`:                    `expected a comma or } at byte 12, found "]}"`,
		`{"a":{"b":1,}}`:                   `expected a name in double quotes at byte 13, found "}}"`,
		`{"a":1}{"b":2}`:                   `expected nothing after the object at byte 8, found "{\"b\":2}"`,
		`{"a":1} ,`:                        `expected nothing after the object at byte 9, found ","`,
		`{"a":"\x"}`:                       `expected an escape (\" \\ \/ \b \f \n \r \t or \u and four digits) at byte 7, found "\\x\"}"`,
		`{"a":"\u12G4"}`:                   `expected four hexadecimal digits after \u at byte 11, found "G4\"}"`,
		"{\"a\":\"x\ny\"}":                 `expected no control character in a string (\n, \t or \u00.. stands for one) at byte 8, found "\ny\"}"`,
		"{\"a\":\"1234567\x008901\"}":      `expected no control character in a string (\n, \t or \u00.. stands for one) at byte 14, found "\x008901\"}"`,
		"{\"a\":\"é\xff\"}":                `expected UTF-8 at byte 9, found "\xff\"}"`,
		"{\"a\":\"\xed\xa0\x80\"}":         `expected UTF-8 at byte 7, found "\xed\xa0\x80\"}"`,
		"{\"a\":1,\"\xc3\":\"123456789\"}": `expected UTF-8 at byte 9, found "\xc3\":\"123456789\"}"`,
		"{\xa0}":                           `expected a name in double quotes at byte 2, found "\xa0}"`,
	} {
		_, err := fields(text)
		if err == nil || err.Error() != want {
			t.Errorf("%q:\ngot      %v\nexpected %s", text, err, want)
		}
		if got := errors.Is(err, ErrCut); got != strings.HasSuffix(want, cut) {
			t.Errorf("%q: ErrCut is %v", text, got)
		}
		if got := errors.Is(err, ErrNotObject); got != strings.HasPrefix(want, "not a JSON object") {
			t.Errorf("%q: ErrNotObject is %v", text, got)
		}
	}
}

// A line that was cut short is told from a wrong one, wherever it was cut.
func TestEveryPrefixIsCut(t *testing.T) {
	for _, text := range corpus() {
		text = strings.TrimSpace(text)
		for n := 1; n < len(text); n++ {
			if _, err := fields(text[:n]); !errors.Is(err, ErrCut) {
				t.Errorf("%q: got %v", text[:n], err)
			}
		}
	}
}

func TestDepth(t *testing.T) {
	// The limit is for the whole text, the outermost object is the first level.
	for _, pair := range []string{`[]`, `{"a":}`} {
		from, to := pair[:len(pair)-1], pair[len(pair)-1:]
		for _, levels := range []int{1, 63, 64, 65, 128, 129, 5000, maxDepth - 1, maxDepth, maxDepth + 1} {
			text := `{"a":` + strings.Repeat(from, levels) + "1" + strings.Repeat(to, levels) + `}`
			if _, err := fields(text); (err == nil) != json.Valid([]byte(text)) || (err == nil) != (levels < maxDepth) {
				t.Errorf("%d levels of %s: %v", levels, pair, err)
			}
			agreeValid(t, []byte(text))
			agreeValid(t, []byte(text[len(`{"a":`):len(text)-1])) // without the object around it
			if _, err := fields(text[:len(text)-levels/2-1]); errors.Is(err, ErrCut) != (levels < maxDepth) {
				t.Errorf("%d levels of %s, cut: %v", levels, pair, err)
			}
		}
	}
}

// A level closed by the other level's bracket is noticed at every depth.
func TestNestingMixed(t *testing.T) {
	var open strings.Builder
	var closers []byte
	for i := range 200 {
		if i%3 == 0 || i%7 == 2 {
			open.WriteString(`{"a":`)
			closers = append(closers, '}')
		} else {
			open.WriteString(`[`)
			closers = append(closers, ']')
		}
	}
	slices.Reverse(closers)
	agree(t, []byte(`{"a":`+open.String()+"1"+string(closers)+`}`))
	for i := range closers {
		wrong := slices.Clone(closers)
		wrong[i] ^= '}' ^ ']'
		agree(t, []byte(`{"a":`+open.String()+"1"+string(wrong)+`}`))
	}
}

func TestScannerIsUsedAgain(t *testing.T) {
	var s, inner Scanner
	if s.Next() || !errors.Is(s.Err(), ErrNotObject) || s.Next() {
		t.Errorf("zero Scanner: %v", s.Err())
	}
	for range 2 {
		s.Reset([]byte(`{"\u0061":{"b":1},`))
		if !s.Next() || string(s.Name()) != "a" || s.Kind() != Object {
			t.Fatalf("got %s, %v, %v", s.Name(), s.Kind(), s.Err())
		}
		inner.Reset(s.Raw())
		if !inner.Next() || string(inner.Name()) != "b" || string(inner.Raw()) != "1" || inner.Next() || inner.Err() != nil {
			t.Fatalf("got %s, %s, %v", inner.Name(), inner.Raw(), inner.Err())
		}
		if s.Next() || !errors.Is(s.Err(), ErrCut) || s.Next() {
			t.Fatalf("got %v", s.Err())
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	lines := [][]byte{[]byte(logLine), []byte(scoresLine), []byte(`{"\u0061":"\n","b":[[[{}]]]}`)}
	var s Scanner
	text := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() {
		for _, line := range lines {
			s.Reset(line)
			for s.Next() {
				switch s.Kind() {
				case String:
					text = AppendString(text[:0], s.Raw())
				case Number:
					ParseInt(s.Raw())
					ParseFloat(s.Raw())
				}
			}
		}
		ParseFloat([]byte("0.12345678901234567"))
		Valid(lines[0])
		Valid(lines[0][1:])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
