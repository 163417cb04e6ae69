package builder

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

// Reading a named pipe may never end, and a device is the daemon's own.
func TestOnlyRegularFilesOfTheBaseAreRead(t *testing.T) {
	kinds := map[string]struct {
		mode fs.FileMode
		size int
		want string
	}{
		"pipe":   {fs.ModeNamedPipe, 0, "it is a named pipe, not a regular file"},
		"device": {fs.ModeDevice | fs.ModeCharDevice, 0, "it is a device, not a regular file"},
		"large":  {0, 16<<20 + 1, "it has 16777217 bytes, and gokiln reads at most 16777216"},
	}
	for name, c := range kinds {
		t.Run(name, func(t *testing.T) {
			for file, user := range map[string]string{"etc/passwd": "nonroot", "etc/group": "0:staff"} {
				client := newStub(t, app("main: ./cmd/api\nimage: {user: '"+user+"'}", nil), nil)
				client.imageFS = fstest.MapFS{file: &fstest.MapFile{Mode: c.mode, Data: make([]byte, c.size)}}
				_, err := Build(t.Context(), client)
				want := "gokiln.yaml:3:15: image.user: read /" + file + " of the base image: " + c.want + "; give the number"
				if err == nil || err.Error() != want {
					t.Errorf("error %v\nwant  %s", err, want)
				}
			}
		})
	}
}
