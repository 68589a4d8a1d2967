package reports

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/routeproof/routeproof/eval/gate"
)

// noFlips is how the flips of a classifier without any are written. Within a text its
// quotes would be escaped.
const noFlips = `"flips": []`

// writeWithFlips writes a document whose classifiers have no flips, with those of each,
// in their order, in their place. They are not held in memory. Each write ends where a
// text does, so that whoever looks at what is written sees texts whole.
func writeWithFlips(w io.Writer, document any, each func(visit func(classifier int, f gate.Flip) error) error) error {
	var bare bytes.Buffer
	if err := writeJSON(&bare, document); err != nil {
		return err
	}
	parts := bytes.Split(bare.Bytes(), []byte(noFlips))
	var out bytes.Buffer // not written yet
	out.Write(parts[0])
	open := false // flips of the classifier at were written
	at, indent := 0, ""
	goTo := func(classifier int) {
		for ; at < classifier; at++ {
			if open {
				out.WriteString("\n" + indent + "]")
			} else {
				out.WriteString(noFlips)
			}
			open = false
			out.Write(parts[at+1])
		}
	}
	err := each(func(i int, f gate.Flip) error {
		goTo(i)
		if open {
			out.WriteString(",\n")
		} else {
			indent = lastLine(parts[i])
			out.WriteString(strings.TrimSuffix(noFlips, "]") + "\n")
			open = true
		}
		out.WriteString(indent + "  ")
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent(indent+"  ", "  ")
		if err := enc.Encode(f); err != nil {
			return err
		}
		out.Truncate(out.Len() - 1) // the end of the line
		if out.Len() < flipsAtOnce {
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

const flipsAtOnce = 1 << 16 // bytes of them that are written

// lastLine is what of the last line there is.
func lastLine(text []byte) string { return string(text[bytes.LastIndexByte(text, '\n')+1:]) }
