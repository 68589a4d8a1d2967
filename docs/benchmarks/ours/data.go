package main

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
)

// number is what a file may be an array of, little-endian.
type number interface {
	uint8 | int32 | int64 | float32 | float64
}

// readArray reads a whole file. It goes by way of a small buffer, so that the
// memory is taken up once.
func readArray[T number](folder, name string) ([]T, error) {
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var one T
	out := make([]T, int(info.Size())/binary.Size(one))
	const step = 1 << 18
	buffer := make([]byte, step*binary.Size(one))
	for at := 0; at < len(out); at += step {
		part := out[at:min(at+step, len(out))]
		bytes := buffer[:len(part)*binary.Size(one)]
		if _, err := io.ReadFull(f, bytes); err != nil {
			return nil, err
		}
		if err := decode(part, bytes); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func decode[T number](out []T, bytes []byte) error {
	if floats, ok := any(out).([]float32); ok { // most of the data
		for i := range floats {
			floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
		}
		return nil
	}
	_, err := binary.Decode(bytes, binary.LittleEndian, out)
	return err
}

func writeArray[T number](folder, name string, values []T) error {
	bytes, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name), bytes, 0o600)
}

func writeJSON(folder, name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name), text, 0o600)
}

// readTexts reads texts that stand one behind the other, from the byte where each ends.
func readTexts(folder string) ([]string, error) {
	bytes, err := os.ReadFile(filepath.Join(folder, "texts.bin"))
	if err != nil {
		return nil, err
	}
	ends, err := readArray[int64](folder, "ends.i64")
	if err != nil {
		return nil, err
	}
	all, texts, start := string(bytes), make([]string, len(ends)), int64(0)
	for i, end := range ends {
		texts[i], start = all[start:end], end
	}
	return texts, nil
}
