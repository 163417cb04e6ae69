package workspace

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

func FuzzMain(f *testing.F) {
	for _, file := range mainErrorFS(f) {
		f.Add(string(file.Data), "cmd/a", true)
	}
	f.Add(worktest.MainFile, "../..", false)
	f.Add("import \"C\"", "/", true)
	f.Fuzz(func(t *testing.T, source, dir string, cgo bool) {
		fsys := fstest.MapFS{"go.mod": {Data: []byte("module m")}, "cmd/a/main.go": {Data: []byte(source)}}
		w, err := Load(context.Background(), fsys, ".", Options{})
		if err != nil {
			t.Fatal(err)
		}
		target := Target{GOOS: "linux", GOARCH: "amd64", Cgo: cgo, GoVersion: dir}
		mains, err := w.Mains(t.Context(), target)
		if err != nil {
			t.Errorf("mains: %v", err)
		}
		_, err = w.Main(t.Context(), dir, target)
		worktest.CheckErrors(t, err)
		if _, err := w.Main(t.Context(), "cmd/a", target); err == nil && len(mains) == 0 {
			t.Error("Main accepts what Mains leaves out")
		}
	})
}
