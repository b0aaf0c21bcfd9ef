// Package atomicfile writes files of which nobody ever sees half: a file that is
// there stays as it is until the new one is whole and on the disk, and stays for
// good when the disk is full, the writer fails or the process is killed. It knows
// nothing of what is written.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Write writes the file at path by write, which is given a buffered writer.
// What a symbolic link names is replaced, not the link; permissions of a file that
// is there are kept, and a new one has those that the process's umask leaves. A
// name of something else than a file, a device for one, is refused. Errors do not
// name path: callers say what they were writing.
func Write(path string, write func(io.Writer) error) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	old, err := os.Stat(path)
	switch {
	case err == nil && old.IsDir():
		return errors.New("it is a folder")
	case err == nil && !old.Mode().IsRegular():
		return errors.New("it is there and no regular file")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return bare(err, path)
	}
	f, err := create(path)
	if err != nil {
		return err
	}
	whole := false
	defer func() {
		if !whole { // write may panic, too
			f.Close()
			os.Remove(f.Name())
			err = bare(err, f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if old != nil {
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	whole = true
	return nil
}

// create makes a new file beside path.
func create(path string) (*os.File, error) {
	dir, name := filepath.Split(path)
	name = name[:min(len(name), 200)] // names have 255 bytes at most
	for {
		part := filepath.Join(dir, fmt.Sprintf(".%s.%d.part", name, rand.Uint32()))
		f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, bare(err, part)
		}
	}
}

// bare is an error without the name of the file beside the one that is written,
// which its reader has never heard of. Other errors stay as they are.
func bare(err error, name string) error {
	var p *fs.PathError
	if errors.As(err, &p) && p.Path == name {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) && l.Old == name {
		return l.Err
	}
	return err
}
