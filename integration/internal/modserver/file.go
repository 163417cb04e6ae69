package modserver

import (
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// WriteDir writes the modules below dir as a proxy that the go command reads
// with GOPROXY=file://DIR.
func WriteDir(t testing.TB, dir string, ms ...Module) {
	t.Helper()
	all, err := answers(ms)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range all {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// file is one file of a module for the writer of module zips.
type file struct{ name, data string }

func (f file) Path() string                 { return f.name }
func (f file) Lstat() (fs.FileInfo, error)  { return fileInfo{f}, nil }
func (f file) Open() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(f.data)), nil }

type fileInfo struct{ file file }

func (i fileInfo) Name() string     { return path.Base(i.file.name) }
func (i fileInfo) Size() int64      { return int64(len(i.file.data)) }
func (fileInfo) Mode() fs.FileMode  { return 0o644 }
func (fileInfo) ModTime() time.Time { return versionTime() }
func (fileInfo) IsDir() bool        { return false }
func (fileInfo) Sys() any           { return nil }
