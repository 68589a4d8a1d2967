package jsonline

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// corpus holds valid objects with everything that JSON has.
func corpus() []string {
	return []string{
		`{}`, logLine, scoresLine,
		` { "a" : [ 1 , { "b" : null } , [ ] , "x" ] , "c" : { } } `,
		`{"n":[0,-0,0.0,-1,12,1.5,1e5,1E-5,-1.25e+10,123456789012345678901234567890,1e400,5e-324]}`,
		`{"i":9223372036854775807,"j":-9223372036854775808,"k":9223372036854775808,"l":-9223372036854775809}`,
		`{"f":0.1,"g":123456789012345.6,"h":9007199254740993,"e":1e22,"d":1e23,"c":-0}`,
		`{"s":"\"\\\/\b\f\n\r\t\u0000\u00e9\u20ac\ud83d\ude00","lone":"\ud83d","low":"\udc00\ud83d\u0041\ud83dx"}`,
		"{\"u\":\"é日本語\U0001F600\x7f\u2028\",\"日\":true,\"\\u65e5\":false}",
		`{"long":"` + strings.Repeat("0123456789", 10) + `","deep":[[[[{"a":[{"b":{"c":[[]]}}]}]]]]}`,
	}
}

// agree fails unless everything here says of a text what encoding/json says.
func agree(t *testing.T, text []byte) {
	t.Helper()
	agreeValid(t, text)
	trimmed := bytes.Trim(text, " \t\r\n")
	object := len(trimmed) > 0 && trimmed[0] == '{'
	want := json.Valid(text) && utf8.Valid(text) && object
	var s Scanner
	s.Reset(text)
	var oracle *json.Decoder
	if want {
		oracle = json.NewDecoder(bytes.NewReader(text))
		if _, err := oracle.Token(); err != nil {
			t.Fatal(err)
		}
	}
	for s.Next() {
		if want {
			agreeField(t, text, &s, oracle)
		}
	}
	err := s.Err()
	switch {
	case (err == nil) != want:
		t.Fatalf("%q: got %v, expected valid is %v", text, err, want)
	case want && oracle.More():
		t.Fatalf("%q: fields are missing", text)
	case errors.Is(err, ErrNotObject) == object:
		t.Fatalf("%q: got %v", text, err)
	case err != nil && (!utf8.ValidString(err.Error()) || len(err.Error()) > 220):
		t.Fatalf("%q: bad error %q", text, err)
	}
	// The oracle accepts what is no UTF-8.
	if object && utf8.Valid(text) {
		var value json.RawMessage
		cut := json.NewDecoder(bytes.NewReader(trimmed)).Decode(&value)
		if errors.Is(cut, io.ErrUnexpectedEOF) != errors.Is(err, ErrCut) {
			t.Fatalf("%q: got %v, encoding/json %v", text, err, cut)
		}
	}
}

func agreeValid(t *testing.T, text []byte) {
	t.Helper()
	if got, want := Valid(text), json.Valid(text); got != want {
		t.Fatalf("%q: valid is %t, expected %t", text, got, want)
	}
}

func agreeField(t *testing.T, text []byte, s *Scanner, oracle *json.Decoder) {
	t.Helper()
	name, err := oracle.Token()
	if err != nil || name != string(s.Name()) {
		t.Fatalf("%q: got name %q, expected %q, %v", text, s.Name(), name, err)
	}
	var raw json.RawMessage
	if err := oracle.Decode(&raw); err != nil || !bytes.Equal(raw, s.Raw()) {
		t.Fatalf("%q: got value %q, expected %q, %v", text, s.Raw(), raw, err)
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	kind := Null
	switch v := value.(type) {
	case string:
		kind = String
		if got := AppendString([]byte("before"), s.Raw()); string(got) != "before"+v {
			t.Fatalf("%s: decoded as %q, expected %q", raw, got, v)
		}
	case json.Number:
		kind = Number
	case bool:
		if kind = False; v {
			kind = True
		}
	case map[string]any:
		kind = Object
		agree(t, s.Raw())
	case []any:
		kind = Array
	}
	if s.Kind() != kind {
		t.Fatalf("%s: got %v, expected %v", raw, s.Kind(), kind)
	}
	agreeNumber(t, s.Raw(), kind == Number)
}

func agreeNumber(t *testing.T, raw []byte, number bool) {
	t.Helper()
	f, ok := ParseFloat(raw)
	want, err := strconv.ParseFloat(string(raw), 64)
	if ok != (number && err == nil) || ok && math.Float64bits(f) != math.Float64bits(want) {
		t.Fatalf("%s: got %v, %v, expected %v, %v", raw, f, ok, want, err)
	}
	i, ok := ParseInt(raw)
	wantInt, err := strconv.ParseInt(string(raw), 10, 64)
	if ok != (number && err == nil) || ok && i != wantInt {
		t.Fatalf("%s: got %v, %v, expected %v, %v", raw, i, ok, wantInt, err)
	}
}

func TestAgreesOnCorpus(t *testing.T) {
	for _, text := range corpus() {
		if _, err := fields(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		agree(t, []byte(text))
		for n := range text {
			agree(t, []byte(text[:n]))
			agree(t, []byte(text[n:]))
		}
	}
}

// Every text of up to four of these as a value, and in a string.
func TestAgreesOnShortTexts(t *testing.T) {
	alphabet := []string{"0", "1", "-", "+", ".", "e", "E", `"`, `\`, `\u00`, "n", "null", ",", "}", "]", "[", "{", `"a":`, " ", "é", "\xc3", "\t"}
	var extend func(prefix string, left int)
	extend = func(prefix string, left int) {
		agreeValid(t, []byte(prefix))
		agree(t, []byte(`{"a":`+prefix+`}`))
		agree(t, []byte(`{"`+prefix+`":"`+prefix+`"}`))
		if left > 0 {
			for _, more := range alphabet {
				extend(prefix+more, left-1)
			}
		}
	}
	depth := 4
	if testing.Short() {
		depth = 2
	}
	extend("", depth)
}

// Two neighbours of any bytes at every place of an eight-byte step.
func TestAgreesOnNeighbours(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 7
	}
	for a := 0; a < 1<<16; a += step {
		text := []byte(`{"a":"0123456789","b":"c"}`)
		place := 6 + a%9
		text[place], text[place+1] = byte(a>>8), byte(a)
		agree(t, text)
	}
	for place := range 10 {
		for c := range 256 {
			text := []byte(`{"a":"0123456789","b":"c"}`)
			text[6+place] = byte(c)
			agree(t, text)
			agree(t, append(text[:6+place+1], '"', '}'))
		}
	}
}

func TestAgreesOnMutations(t *testing.T) {
	rounds := 200_000
	if testing.Short() {
		rounds = 5_000
	}
	random := rand.New(rand.NewPCG(7, 7))
	texts := corpus()
	for range rounds {
		text := []byte(texts[random.IntN(len(texts))])
		for range 1 + random.IntN(3) {
			text = mutate(random, text)
		}
		agree(t, text)
	}
}

func mutate(random *rand.Rand, text []byte) []byte {
	parts := []string{`"`, `\`, `\u`, `\ud83d`, `\udc00`, "{", "}", "[", "]", ",", ":", " ", "0", "1", "-", ".", "e", "NaN", "null", "true", `{"a":1}`, "[1]",
		"\x00", "\n", "\x1f", "\x7f", "\x80", "\xff", "\xc3", "é", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\U0001F600", "\ufeff"}
	at := random.IntN(len(text) + 1)
	to := min(len(text), at+random.IntN(4))
	var with []byte
	switch random.IntN(4) {
	case 0: // remove
	case 1:
		with = []byte{byte(random.Uint32())}
	case 2:
		with = []byte(parts[random.IntN(len(parts))])
	case 3:
		from := random.IntN(len(text) + 1)
		with = text[from:min(len(text), from+random.IntN(20))]
	}
	return bytes.Join([][]byte{text[:at], text[to:]}, with)
}

func TestAgreesOnNumbers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for range 200_000 {
		agreeNumber(t, []byte(number(random.Uint64()>>random.IntN(64), random.IntN(60)-30, random.IntN(25), random.IntN(4))), true)
	}
	for _, raw := range []string{"9007199254740992", "9007199254740993", "9007199254740992e22", "9007199254740993e22", "1e22", "1e23", "1e-22", "1e-23",
		"0e99", "-0e-99", "0.0e+9", "1e308", "1.7976931348623157e308", "1.7976931348623159e308", "2e308", "4.9e-324", "2e-324", "1e-9999", "0e9999999999999999999999",
		"1e9223372036854775807", "18446744073709551616", "18446744073709551615", "184467440737095516160", "0.0000000000000000000000001", "0.00000000000000000001",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "9999999999999999999", "99999999999999999999"} {
		agreeNumber(t, []byte(raw), true)
	}
	for _, raw := range []string{"", "-", "e5", "1e", "1e+", "1e+-5", `"1"`, "null", "[1]", "{}", "1x", "1 "} {
		if v, ok := ParseFloat([]byte(raw)); ok || v != 0 {
			t.Errorf("ParseFloat takes %q", raw)
		}
		if v, ok := ParseInt([]byte(raw)); ok || v != 0 {
			t.Errorf("ParseInt takes %q", raw)
		}
	}
}

// number makes a JSON number of digits, with a point before the last few of them
// and an exponent where the form says so.
func number(digits uint64, exponent, point, form int) string {
	text := strconv.FormatUint(digits, 10)
	if form&1 != 0 && point > 0 {
		text = strings.Repeat("0", max(0, point+1-len(text))) + text
		text = text[:len(text)-point] + "." + text[len(text)-point:]
	}
	if form&2 != 0 {
		text += "e" + strconv.Itoa(exponent)
	}
	if digits%3 == 0 {
		text = "-" + text
	}
	return text
}

func FuzzScanner(f *testing.F) {
	for _, text := range corpus() {
		f.Add([]byte(text))
	}
	for _, text := range []string{"", "[1]", `{"a":NaN}`, `{"a":"` + "\xff" + `"}`, `{"a":1}x`, `{"a":01}`, `{"a":"\ud83d\n"}`, `{"a":[{]}`, "{\"a\":\"\x01\"}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		agree(t, text)
		// Of what is not valid, something is returned.
		AppendString(nil, text)
		ParseInt(text)
		ParseFloat(text)
	})
}

func FuzzNumbers(f *testing.F) {
	f.Add(uint64(3945), int16(0), uint8(8), uint8(1))
	f.Add(uint64(1<<53+1), int16(22), uint8(0), uint8(2))
	f.Add(uint64(math.MaxUint64), int16(-330), uint8(3), uint8(3))
	f.Fuzz(func(t *testing.T, digits uint64, exponent int16, point, form uint8) {
		agreeNumber(t, []byte(number(digits, int(exponent), int(point), int(form))), true)
	})
}
