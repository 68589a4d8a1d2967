package openaiapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func FuzzUsage(f *testing.F) {
	for _, seed := range []string{
		`{"prompt_tokens":3,"completion_tokens":2,"cost":0.25}`, `{"prompt_tokens":0}`, `null`, `{}`, `[]`, `"x"`, `7`, ``,
		`{"cost":1e308,"is_byok":true,"cost_details":{"upstream_inference_cost":1e308}}`, `{"cost":"0.1"}`, `{"cost":-1}`,
		`{"prompt_tokens":1e300,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":5}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		u := usageOf(raw)
		for _, n := range []*int{u.InputTokens, u.OutputTokens, u.CachedTokens, u.ReasoningTokens} {
			if n != nil && *n < 0 {
				t.Errorf("%s: %d tokens", raw, *n)
			}
		}
		if c := u.CostUSD; c != nil && !(*c >= 0 && *c < 2e15) {
			t.Errorf("%s: $%v", raw, *c)
		}
		first, err := json.Marshal(u)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		var again Usage
		if err := json.Unmarshal(first, &again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(u.Raw, again.Raw) {
			t.Errorf("%s: kept as %s, then %s", raw, u.Raw, again.Raw)
		}
	})
}

func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"error":{"message":"no","metadata":{"raw":"x","provider_name":"y"}}}`, `{"error":"no"}`, `{"message":"no"}`, `{"error":{"message":7}}`,
		`<html><title>x</title>`, `<title>`, ``, `[]`, "\xff\xfe", `{"error":{"code":"429"}}`, strings.Repeat("é ", 400), "\x1b[31m",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m := shorten(messageOf(body))
		if n := utf8.RuneCountInString(m); n > maxMessage+1 || !utf8.ValidString(m) || strings.ContainsAny(m, "\n\r\x1b\x00") {
			t.Errorf("%q: %q of %d code points", body, m, n)
		}
		if json.Valid(body) {
			_ = inBody(body).Error()
		}
	})
}

func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		piece + finish + lastly + done, ": ping\n\n", "data:\n", "data: {}\n", `{"error":"x"}`, `error: {"code":1}`, "data: [DONE]", "data: {", "\r\n\r", "data: null\n",
		`data: {"error":null,"choices":[]}` + "\n", `data: {"choices":[{"error":{"code":502}}]}` + "\n", strings.ReplaceAll(piece, "hello", testKey), "data: \"\\u0073\"\n",
	} {
		f.Add([]byte(seed), true)
	}
	redact := newRedactor(Config{Key: testKey})
	f.Fuzz(func(t *testing.T, stream []byte, breaks bool) {
		var body io.Reader = iotest.OneByteReader(bytes.NewReader(stream))
		broken := errors.New("broken")
		if breaks {
			body = io.MultiReader(bytes.NewReader(stream), iotest.ErrReader(broken))
		}
		x := &exchange{stream: true, status: 200, cancel: func() {}}
		e := newEvents(io.NopCloser(body), x, redact)
		out, err := io.ReadAll(e)
		if len(out) > 2*len(stream)+64*bytes.Count(stream, []byte("\n"))+64 {
			t.Errorf("%q became %d bytes", stream, len(out))
		}
		if err != nil && AsError(err) == nil && !(breaks && errors.Is(err, broken)) {
			t.Errorf("%q: %v", stream, err)
		}
		if AsError(err) != nil && x.failure == nil {
			t.Errorf("%q: %v was not noted", stream, err)
		}
		for line := range bytes.Lines(out) {
			data, ok := bytes.CutPrefix(line, []byte("data: "))
			if !ok || !json.Valid(data) && string(data) != "[DONE]\n" {
				t.Errorf("%q: passed on %q", stream, line)
			}
		}
		if bytes.Contains(out, []byte(testKey)) {
			t.Errorf("%q: the key is passed on", stream)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

func FuzzHide(f *testing.F) {
	f.Add([]byte(`{"x":"sk-\u0074est"}`), "sk-test")
	f.Add([]byte(`\\\"`), `\"`)
	f.Fuzz(func(t *testing.T, b []byte, secret string) {
		if len(secret) < 4 || strings.Contains(redacted, secret) {
			return
		}
		got := hide(bytes.Clone(b), []string{secret})
		if bytes.Contains(got, []byte(secret)) && !strings.ContainsAny(secret, "[]") {
			t.Errorf("%q is in %q", secret, got)
		}
	})
}
