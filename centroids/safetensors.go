package centroids

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"
)

// The safetensors format: an unsigned 64-bit little-endian length, a JSON
// header of that length, then the tensors' bytes. The header maps each tensor
// name to its dtype, shape and byte range within the data; its optional entry
// __metadata__ maps strings to strings. See
// https://github.com/huggingface/safetensors#format.
//
// This codec takes what the artifact needs: dtype F32, ranges that cover the
// data without gap or overlap.

const (
	metadataKey   = "__metadata__"
	maxHeader     = 16 << 20
	maxTensors    = 4096
	maxDimensions = 8
)

// tensor is a named row-major float32 array.
type tensor struct {
	name  string
	shape []int
	data  []float32
}

// tensorHeader is a header entry. Pointers tell an absent field from a zero.
type tensorHeader struct {
	DType   *string   `json:"dtype"`
	Shape   *[]int64  `json:"shape"`
	Offsets *[2]int64 `json:"data_offsets"`
}

// encodeSafetensors lays the tensors out in the given order, without gaps.
// The header is padded with spaces so that the data starts at a multiple of 8.
func encodeSafetensors(metadata map[string]string, tensors []tensor) ([]byte, error) {
	var header bytes.Buffer
	header.WriteByte('{')
	if err := writeMember(&header, metadataKey, metadata); err != nil {
		return nil, err
	}
	var offset int64
	f32 := "F32"
	for _, t := range tensors {
		header.WriteByte(',')
		shape := make([]int64, len(t.shape))
		for i, n := range t.shape {
			shape[i] = int64(n)
		}
		end := offset + 4*int64(len(t.data))
		if err := writeMember(&header, t.name, tensorHeader{&f32, &shape, &[2]int64{offset, end}}); err != nil {
			return nil, err
		}
		offset = end
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	if header.Len() > maxHeader {
		return nil, fmt.Errorf("artifact header of %d bytes: at most %d are allowed", header.Len(), maxHeader)
	}
	out := make([]byte, 0, 8+int64(header.Len())+offset)
	out = binary.LittleEndian.AppendUint64(out, uint64(header.Len()))
	out = append(out, header.Bytes()...)
	return appendData(out, tensors), nil
}

func appendData(out []byte, tensors []tensor) []byte {
	for _, t := range tensors {
		for _, v := range t.data {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
	}
	return out
}

func writeMember(w *bytes.Buffer, key string, value any) error {
	k, err := canonicalJSON(key)
	if err != nil {
		return err
	}
	v, err := canonicalJSON(value)
	if err != nil {
		return err
	}
	w.Write(k)
	w.WriteByte(':')
	w.Write(v)
	return nil
}

// canonicalJSON renders a value without white space or HTML escapes; maps are
// sorted by key and struct fields keep their order.
func canonicalJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeSafetensors reads a file of the given size. It allocates no more than
// a small multiple of that size, whatever the header claims. Tensors come in
// the order of their data.
func decodeSafetensors(r io.ReaderAt, size int64) (map[string]string, []tensor, error) {
	if size < 8 {
		return nil, nil, fmt.Errorf("%w: expected at least 8 bytes, found %d", ErrFormat, size)
	}
	var prefix [8]byte
	if err := readAt(r, prefix[:], 0); err != nil {
		return nil, nil, err
	}
	if prefix[0] == '{' {
		return nil, nil, fmt.Errorf("%w: it looks like JSON: the artifact is the .safetensors file beside it", ErrFormat)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, nil, fmt.Errorf("%w: its header claims %d bytes; at most %d are possible here", ErrFormat, n, min(maxHeader, size-8))
	}
	header := make([]byte, n)
	if err := readAt(r, header, 8); err != nil {
		return nil, nil, err
	}
	metadata, tensors, sizes, err := parseHeader(header)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: header: %w", ErrFormat, err)
	}
	var total int64
	for _, s := range sizes {
		total += s
	}
	if data := size - 8 - int64(n); total != data {
		return nil, nil, fmt.Errorf("%w: the header describes %d bytes of tensors, the file holds %d", ErrFormat, total, data)
	}
	data := make([]byte, total)
	if err := readAt(r, data, 8+int64(n)); err != nil {
		return nil, nil, err
	}
	for i := range tensors {
		values := make([]float32, sizes[i]/4)
		for j := range values {
			values[j] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*j:]))
		}
		tensors[i].data = values
		data = data[sizes[i]:]
	}
	return metadata, tensors, nil
}

func readAt(r io.ReaderAt, buf []byte, offset int64) error {
	if n, err := r.ReadAt(buf, offset); n < len(buf) {
		if errors.Is(err, io.EOF) || err == nil {
			return fmt.Errorf("%w: the file ends at byte %d of %d", ErrFormat, offset+int64(n), offset+int64(len(buf)))
		}
		return err
	}
	return nil
}

// parseHeader checks the header on its own: syntax, duplicate names, dtypes,
// shapes, and that the ranges follow one another in the order of the entries.
func parseHeader(header []byte) (metadata map[string]string, tensors []tensor, sizes []int64, err error) {
	if !utf8.Valid(header) {
		return nil, nil, nil, errors.New("not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, nil, nil, errors.New("expected a JSON object")
	}
	seen := map[string]bool{}
	var end int64
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, nil, nil, err
		}
		name, _ := token.(string)
		if seen[name] {
			return nil, nil, nil, fmt.Errorf("name %q stands twice", name)
		}
		seen[name] = true
		if len(seen) > maxTensors {
			return nil, nil, nil, fmt.Errorf("more than %d entries", maxTensors)
		}
		if name == metadataKey {
			if metadata, err = decodeStringMap(dec); err != nil {
				return nil, nil, nil, fmt.Errorf("%s: %w", metadataKey, err)
			}
			continue
		}
		var h tensorHeader
		if err := dec.Decode(&h); err != nil {
			return nil, nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		shape, err := h.check(end)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		end = h.Offsets[1]
		tensors = append(tensors, tensor{name: name, shape: shape})
		sizes = append(sizes, h.Offsets[1]-h.Offsets[0])
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, nil, errors.New("more than one JSON value")
	}
	return metadata, tensors, sizes, nil
}

// check returns the shape of a tensor whose data must start at byte start.
func (h tensorHeader) check(start int64) ([]int, error) {
	if h.DType == nil || h.Shape == nil || h.Offsets == nil {
		return nil, errors.New("expected dtype, shape and data_offsets")
	}
	if *h.DType != "F32" {
		return nil, fmt.Errorf("expected dtype F32, found %q", *h.DType)
	}
	if len(*h.Shape) > maxDimensions {
		return nil, fmt.Errorf("shape has %d dimensions, at most %d are allowed", len(*h.Shape), maxDimensions)
	}
	elements := int64(1)
	shape := make([]int, len(*h.Shape))
	for i, n := range *h.Shape {
		if n <= 0 || n > math.MaxInt32 || elements > math.MaxInt32/n {
			return nil, fmt.Errorf("shape %v is out of range", *h.Shape)
		}
		elements *= n
		shape[i] = int(n)
	}
	if h.Offsets[0] != start {
		return nil, fmt.Errorf("data_offsets: expected to start at %d, after the tensor before, found %d", start, h.Offsets[0])
	}
	if h.Offsets[1] != start+4*elements {
		return nil, fmt.Errorf("data_offsets: expected to end at %d for shape %v, found %d", start+4*elements, *h.Shape, h.Offsets[1])
	}
	return shape, nil
}

// decodeStringMap reads an object of strings and refuses duplicate keys.
func decodeStringMap(dec *json.Decoder) (map[string]string, error) {
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("expected an object of strings")
	}
	m := map[string]string{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		if _, ok := m[key]; ok {
			return nil, fmt.Errorf("key %q stands twice", key)
		}
		value, err := dec.Token()
		if err != nil {
			return nil, err
		}
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("key %q: expected a string", key)
		}
		m[key] = text
	}
	_, err := dec.Token()
	return m, err
}
