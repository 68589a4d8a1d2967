package openaiapi

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
)

// vectors are written as base64 of float32, little-endian: a third of the size
// of numbers as text.
type vectors [][]float32

// MarshalJSON implements [json.Marshaler].
func (v vectors) MarshalJSON() ([]byte, error) {
	texts := make([]string, len(v))
	for i, row := range v {
		raw := make([]byte, 0, 4*len(row))
		for _, x := range row {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
		texts[i] = base64.StdEncoding.EncodeToString(raw)
	}
	return json.Marshal(texts)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (v *vectors) UnmarshalJSON(b []byte) error {
	var texts []string
	if err := json.Unmarshal(b, &texts); err != nil {
		return err
	}
	*v = make(vectors, len(texts))
	for i, text := range texts {
		row, err := floats(text)
		if err != nil {
			return err
		}
		(*v)[i] = row
	}
	return nil
}

// floats reads float32 numbers, little-endian, in base64.
func floats(text string) ([]float32, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw)%4 != 0 {
		return nil, errors.New("expected float32 numbers in base64")
	}
	row := make([]float32, len(raw)/4)
	for i := range row {
		row[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return row, nil
}
