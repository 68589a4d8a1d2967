package openaiapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server may say the key back in every place that there is: none of it reaches
// an answer, an error or the store.
func TestSecrets(t *testing.T) {
	const hush = `hush "hush" \quiet/`
	escaped := func(s string) string { // as JSON may have it
		var b strings.Builder
		for i, r := range s {
			if i%3 < 2 || r == '"' || r == '\\' {
				fmt.Fprintf(&b, `\u%04X`, r)
			} else {
				b.WriteRune(r)
			}
		}
		return b.String()
	}
	inJSONOf := func(s string) string {
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Trim(string(raw), `"`)
	}
	slashed := func(s string) string { return strings.ReplaceAll(inJSONOf(s), "/", `\/`) }
	long := strings.Repeat("x", 280) // a message is cut amid the secret
	at := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	handlers := map[string]http.HandlerFunc{
		"header names": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-"+strings.ReplaceAll(r.Header.Get("Authorization")[7:], "/", "-"), "1")
			w.Header().Set("Content-Type", r.Header.Get("Authorization"))
			w.Header().Set("Retry-After", r.Header.Get("Authorization"))
			fmt.Fprint(w, r.Header.Get("Authorization"))
		},
		"no HTTP": func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprintf(conn, "HTTP/1.1 %s %s\r\n\r\n", r.Header.Get("Authorization"), long)
			_ = conn.Close()
		},
		"a status line": func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprintf(conn, "%s%s\r\n\r\n", long, r.Header.Get("Authorization"))
			_ = conn.Close()
		},
		"a stream in pieces": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", sse)
			for _, half := range []string{testKey[:9], testKey[9:]} {
				fmt.Fprintf(w, `data: {"choices":[{"index":0,"delta":{"content":"%s"},"logprobs":{"content":[{"token":"%[1]s","logprob":-1}]}}]}`+"\n\n", half)
			}
			fmt.Fprint(w, finish+done)
		},
	}
	for name, as := range map[string]func(string) string{
		"plain":   inJSONOf,
		"escaped": escaped,
		"slashed": slashed,
	} {
		for _, secret := range []string{testKey, hush} {
			said := as(secret)
			label := fmt.Sprintf("%s %.4s ", name, secret)
			answer := `{"id":"` + said + `","model":"` + said + `","choices":[{"index":0,"message":{"content":"it is ` + said + `"},"logprobs":{"content":[{"token":"` + said + `","logprob":-1}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"note":"` + said + `","` + said + `":1}}`
			failure := `{"error":{"code":400,"message":"` + long + said + `"},"usage":{"note":"` + said + `"}}`
			handlers[label+"answer"] = at(200, inJSON, answer)
			handlers[label+"error under 200"] = at(200, inJSON, failure)
			handlers[label+"error"] = at(400, inJSON, failure)
			handlers[label+"error of the provider"] = at(400, inJSON, `{"error":{"message":"no","metadata":{"raw":"`+inJSONOf(said)+`"}}}`)
			handlers[label+"words"] = at(400, "text/plain", long+secret)
			handlers[label+"page"] = at(200, "text/html", "<title>"+secret+"</title>")
			handlers[label+"page under 502"] = at(502, "text/html", "<title>"+long+secret+"</title>")
			handlers[label+"other object"] = at(200, inJSON, `{"x":"`+said+`"}`)
			handlers[label+"events"] = at(200, sse, strings.ReplaceAll(piece, "hello", said)+`data: {"choices":[{"index":0,"delta":{},"finish_reason":"`+said+`"}],"usage":{"note":"`+said+`"}}`+"\n\n"+done)
			handlers[label+"error amid events"] = at(200, sse, piece+`data: {"error":{"message":"`+said+`"}}`+"\n\n")
			handlers[label+"half an event"] = at(200, sse, piece+`data: {"x":"`+said+"\n\n")
		}
	}
	n := 0
	for name, handler := range handlers {
		for _, stream := range []bool{false, true} {
			s := httptest.NewServer(handler)
			path := filepath.Join(t.TempDir(), fmt.Sprint(n, ".db"))
			n++
			store, err := OpenStore(path)
			if err != nil {
				t.Fatal(err)
			}
			c := newClient(t, s.URL, func(c *Config) { c.Store, c.Secrets, c.Retries = store, map[string]string{"X-Hush": hush}, -1 })
			r, err := c.Chat(t.Context(), ChatRequest{Model: "m", User: "hi", Stream: stream, TopLogprobs: 1})
			var journal []Entry
			if err := store.Journal(func(e Entry) error { journal = append(journal, e); return nil }); err != nil {
				t.Error(err)
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
			file, readErr := os.ReadFile(path)
			if readErr != nil {
				t.Fatal(readErr)
			}
			failure := AsError(err)
			shown := fmt.Sprintf("%+v %v %+v %+v", r, err, failure, journal)
			if r == nil && failure == nil {
				t.Errorf("%s: %v", name, err)
			}
			if failure != nil {
				shown += string(failure.Usage.Raw)
			}
			if r != nil {
				shown += string(r.Usage.Raw)
				for _, token := range r.Logprobs {
					shown += token.Text
				}
			}
			for _, secret := range []string{testKey, testKey[:12], hush, inJSONOf(hush), hush[:10], escaped(testKey), slashed(testKey)} {
				for place, content := range map[string]string{"shown": shown, "the store": string(file)} {
					if strings.Contains(content, secret) {
						t.Errorf("%s, stream=%t: %s holds %q: %.300s", name, stream, place, secret, content[strings.Index(content, secret):])
					}
				}
			}
			s.Close()
		}
	}
}

func TestHide(t *testing.T) {
	const secret = `a"b/c\d`
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{`plain`, `plain`},
		{secret, redacted},
		{secret + secret, redacted + redacted},
		{`<` + secret + `>`, `<` + redacted + `>`},
		{`{"x":"a\"b\/c\\d"}`, `{"x":"` + redacted + `"}`},
		{`{"x":"\u0061\u0022b\u002Fc\u005cd"}`, `{"x":"` + redacted + `"}`},
		{`{"x":"\\u0061\"b/c\\d"}`, `{"x":"\\u0061\"b/c\\d"}`}, // a backslash and words
		{`a\"b/c\\`, `a\"b/c\\`},
		{`\u006`, `\u006`},
		{`\`, `\`},
		{`\\` + secret, `\\` + redacted},
		{`\` + secret, `\` + redacted},
	} {
		if got := string(hide([]byte(c.in), []string{secret})); got != c.want {
			t.Errorf("%s: got %s, expected %s", c.in, got, c.want)
		}
	}
	r := newRedactor(Config{Key: "abc", Secrets: map[string]string{"A": "short", "B": "long enough to be one"}})
	for in, want := range map[string]string{"abc short": "abc short", "it is long enough to be one": "it is " + redacted} {
		if got := r.text(in); got != want {
			t.Errorf("text %q: got %q", in, got)
		}
		if got := r.bytes([]byte(in)); !bytes.Equal(got, []byte(want)) {
			t.Errorf("bytes %q: got %q", in, got)
		}
	}
	if got := r.message("abc short"); got != "abc "+redacted {
		t.Errorf("message: got %q", got)
	}
}
