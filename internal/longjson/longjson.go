// Package longjson writes JSON documents with lists that are not held in memory.
package longjson

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// Write writes a document as [json.Encoder] does, indented by two spaces and without
// escaping for HTML, but with other elements in its lists of a name, which must be
// empty and not nil: each visits the elements of all, by number of the list in the
// document, in their order. They are not held in memory. Each write ends where a text
// does, so that whoever looks at what is written sees texts whole.
func Write(w io.Writer, document any, name string, each func(visit func(list int, element any) error) error) error {
	var bare bytes.Buffer
	if err := encode(&bare, document, ""); err != nil {
		return err
	}
	hole := `"` + name + `": []` // within a text its quotes would be escaped
	parts := bytes.Split(bare.Bytes(), []byte(hole))
	var out bytes.Buffer // not written yet
	out.Write(parts[0])
	open := false // elements of the list at were written
	at, indent := 0, ""
	goTo := func(list int) {
		for ; at < list; at++ {
			if open {
				out.WriteString("\n" + indent + "]")
			} else {
				out.WriteString(hole)
			}
			open = false
			out.Write(parts[at+1])
		}
	}
	err := each(func(list int, element any) error {
		goTo(list)
		if open {
			out.WriteString(",\n")
		} else {
			indent = lastLine(parts[list])
			out.WriteString(strings.TrimSuffix(hole, "]") + "\n")
			open = true
		}
		out.WriteString(indent + "  ")
		if err := encode(&out, element, indent+"  "); err != nil {
			return err
		}
		out.Truncate(out.Len() - 1) // the end of the line
		if out.Len() < atOnce {
			return nil
		}
		_, err := out.WriteTo(w)
		return err
	})
	if err != nil {
		return err
	}
	goTo(len(parts) - 1)
	_, err = out.WriteTo(w)
	return err
}

const atOnce = 1 << 16 // bytes of elements that are written

func encode(out *bytes.Buffer, v any, prefix string) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, "  ")
	return enc.Encode(v)
}

// lastLine is what of the last line there is.
func lastLine(text []byte) string { return string(text[bytes.LastIndexByte(text, '\n')+1:]) }
