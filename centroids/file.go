package centroids

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Load reads the artifact file at path.
func Load(path string) (*Artifact, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: expected a regular file", path, ErrFormat)
	}
	a, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// Save writes the artifact to path, and its manifest beside it with the ending
// .json instead of path's own. Each file appears whole or not at all.
func (a *Artifact) Save(path string) error {
	sidecar := strings.TrimSuffix(path, filepath.Ext(path)) + ".json"
	if sidecar == path {
		return fmt.Errorf("%s: an artifact cannot end in .json, the ending of its readable copy: use .safetensors", path)
	}
	if err := writeFile(path, func(w io.Writer) error { _, err := a.WriteTo(w); return err }); err != nil {
		return err
	}
	return writeFile(sidecar, a.WriteManifest)
}

// writeFile writes to a temporary name in the same folder, syncs, renames.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
