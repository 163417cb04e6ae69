package reffs

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gokiln/gokiln/llb/llbtest"
)

// Reading a named pipe may never end, and a device is the daemon's own.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		mode fs.FileMode
		size int
		want string
	}{
		"pipe":   {fs.ModeNamedPipe, 0, "it is a named pipe, not a regular file"},
		"device": {fs.ModeDevice | fs.ModeCharDevice, 0, "it is a device, not a regular file"},
		"large":  {0, mostRead + 1, "it has 16777217 bytes, and gokiln reads at most 16777216"},
	} {
		file := &fstest.MapFile{Mode: c.mode, Data: make([]byte, c.size)}
		tree := newFS(t.Context(), &llbtest.Ref{FS: fstest.MapFS{"dir/file": file}})
		if _, err := tree.ReadFile("dir/file"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: read: error %v, want %q", name, err, c.want)
		}
		f, err := tree.Open("dir/file")
		if err == nil {
			err = f.Close()
		}
		if (err == nil) != (c.mode == 0) {
			t.Errorf("%s: open: error %v", name, err)
		}
	}
}
