package centroids

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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
	if info.IsDir() {
		return nil, &os.PathError{Op: "load", Path: path, Err: syscall.EISDIR}
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

// Extension is how the name of an artifact file ends.
const Extension = ".safetensors"

// Save writes the artifact to path, which ends in .safetensors, and its
// manifest beside it under the same name but for the ending .json. Each file
// appears whole or not at all.
func (a *Artifact) Save(path string) error {
	name, ok := strings.CutSuffix(path, Extension)
	if !ok {
		return fmt.Errorf("%s: expected a name that ends in %s", path, Extension)
	}
	if err := writeFile(path, func(w io.Writer) error { _, err := a.WriteTo(w); return err }); err != nil {
		return err
	}
	return writeFile(name+".json", a.WriteManifest)
}

// writeFile writes to a temporary name in the same folder, syncs, renames.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return writeError(path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // at worst a second time: err says what went wrong
			err = writeError(path, errors.Join(err, os.Remove(f.Name())))
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

// writeError names the file that was asked for, not the temporary one.
func writeError(path string, err error) error {
	var inner *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &link):
		err = link.Err
	case errors.As(err, &inner):
		err = inner.Err
	default:
		return err
	}
	return &os.PathError{Op: "write", Path: path, Err: err}
}
