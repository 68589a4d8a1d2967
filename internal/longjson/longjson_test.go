package longjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
)

type inner struct {
	Name string `json:"name"`
	Long []any  `json:"long"`
}

type outer struct {
	Inner []inner `json:"inner"`
	Long  []any   `json:"long"`
	Short []any   `json:"short"`
}

// Elements that are written one by one make the document that holds them, also where a
// list has none and texts look like one.
func TestWrite(t *testing.T) {
	element := map[string]any{"text": "<&> \"long\": []", "list": []int{1, 2}, "none": []int{}}
	for _, lists := range [][][]any{{{}, {}, {}}, {{1}, {}, {}}, {{}, {element, 2.5, nil}, {}}, {{}, {}, {element}}, {{"a", element}, {element}, {1, 2, 3}}} {
		document := outer{[]inner{{`"long": []`, lists[0]}, {"b", lists[1]}}, lists[2], []any{}}
		var want, got bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(document); err != nil {
			t.Fatal(err)
		}
		document.Inner[0].Long, document.Inner[1].Long, document.Long = []any{}, []any{}, []any{}
		err := Write(&got, document, "long", func(visit func(int, any) error) error {
			for i, list := range lists {
				for _, x := range list {
					if err := visit(i, x); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil || got.String() != want.String() {
			t.Errorf("%v:\n%s\nwant\n%s", err, got.String(), want.String())
		}
	}
}

// What an element cannot be, and what visiting ends in, are errors.
func TestWriteFails(t *testing.T) {
	lost := errors.New("lost")
	for name, each := range map[string]func(func(int, any) error) error{
		"a function": func(visit func(int, any) error) error { return visit(0, func() {}) },
		"lost":       func(func(int, any) error) error { return lost },
	} {
		if err := Write(io.Discard, outer{Long: []any{}}, "long", each); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := Write(io.Discard, func() {}, "long", nil); err == nil {
		t.Error("a document that cannot be: no error")
	}
}
