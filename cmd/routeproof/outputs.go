package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// checkFolder sees, before any work, that files can be written into the folder
// that what (a flag, say) names, and that is made if need be. It leaves nothing
// behind.
func checkFolder(what, folder string) error {
	at := filepath.Clean(folder)
	info, err := os.Stat(at)
	for errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		at = filepath.Dir(at)
		info, err = os.Stat(at)
	}
	switch {
	case err != nil:
		return wrongOutput(what, folder, err)
	case !info.IsDir() && at == filepath.Clean(folder):
		return fmt.Errorf("%w: %s: expected a folder, found the file %s: name another folder", errUsage, what, folder)
	case !info.IsDir():
		return fmt.Errorf("%w: %s: expected a folder, and %s cannot be one, since %s is a file: name another folder", errUsage, what, folder, at)
	}
	return checkInto(what, at)
}

// checkFile sees, before any work, that a file can be written, or replaced, where
// what (a flag, say) says. It leaves nothing behind.
func checkFile(what, path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s: expected the name of a file, found that %s is none: name another", errUsage, what, path)
	}
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s: the folder %s is not there, so %s cannot be written: make it, or name another file", errUsage, what, folder, path)
	case err != nil:
		return wrongOutput(what, folder, err)
	case !info.IsDir():
		return fmt.Errorf("%w: %s: %s is no folder, so %s cannot be written: name another file", errUsage, what, folder, path)
	}
	return checkInto(what, folder)
}

// checkReport sees that a verb's folder and summary, if it has them, can be
// written.
func checkReport(out, summary string) error {
	if out != "" {
		if err := checkFolder("--out", out); err != nil {
			return err
		}
	}
	if summary == "" {
		return nil
	}
	if err := checkWritable(summary); err != nil {
		return fmt.Errorf("%w: --summary: expected a file that can be written: %w", errUsage, err)
	}
	return nil
}

// checkInto sees that a folder that is there can be written into.
func checkInto(what, folder string) error {
	probe, err := os.MkdirTemp(folder, ".routeproof-*")
	if err != nil {
		return wrongOutput(what, folder, err)
	}
	return os.Remove(probe)
}

// wrongOutput is the error of a folder that cannot be written into: wrong usage,
// but where the disk fails.
func wrongOutput(what, folder string, err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		err = of.Err // the path is that of a probe
	}
	err = fmt.Errorf("%s: the folder %s cannot be written into: %w: allow it, or name another", what, folder, err)
	if isWrongPath(err) {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	return err
}
