package builder

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerui"
)

func TestListFolderWithNamesThatAreNotUTF8(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  []string
	}{
		"all named":  {[]string{"a.go", "é.txt"}, []string{"a.go", "é.txt"}},
		"text":       {[]string{"a.go", "caf\xe9.txt"}, []string{"a.go", "\uFFFD"}},
		"Go":         {[]string{"a.txt", "x\xff.go"}, []string{"a.txt", "\uFFFD", "\uFFFD.go"}},
		"only bytes": {[]string{"\xff.go"}, []string{"\uFFFD", "\uFFFD.go"}},
		"hidden":     {[]string{"a.go", "_x\xff.go", ".\xff.go"}, []string{"a.go", "\uFFFD"}},
		"C":          {[]string{"a.go", "\xff.c"}, []string{"a.go", "\uFFFD", "\uFFFD.h"}},
		"assembly":   {[]string{"a.go", "x\xff.S"}, []string{"a.go", "\uFFFD", "\uFFFD.h"}},
		"header":     {[]string{"a.go", "x\xff.hpp"}, []string{"a.go", "\uFFFD", "\uFFFD.h"}},
		"Fortran":    {[]string{"a.go", "x\xff.f90"}, []string{"a.go", "\uFFFD", "\uFFFD.h"}},
		"object":     {[]string{"a.go", "x\xff.syso"}, []string{"a.go", "\uFFFD", "\uFFFD.h"}},
		"C alone":    {[]string{"a.txt", "\xff.c"}, []string{"a.txt", "\uFFFD"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := app("main: ./cmd/api", nil)
			for _, f := range c.files {
				files["dir/"+f] = &fstest.MapFile{}
			}
			entries, err := opened(t, newStub(t, files, nil)).ReadDir("dir")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entries {
				got = append(got, e.Name())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// opened is the files of a stub's build context.
func opened(t *testing.T, c *stubClient) fs.ReadDirFS {
	t.Helper()
	client := withDefaults(c)
	ui, err := dockerui.NewClient(client)
	if err != nil {
		t.Fatal(err)
	}
	_, files, err := session{client: client, ui: ui, platform: ui.BuildPlatforms[0]}.openContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Main packages are looked for in every folder.
func TestUnnamedGoFileWhereMainsAreLookedFor(t *testing.T) {
	_, err := Build(t.Context(), newStub(t, app("", map[string]string{"x/\xff.go": mainGo}), nil))
	if err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("error %v", err)
	}
	_, err = Build(t.Context(), newStub(t, app("main: ./cmd/api", map[string]string{"x/\xff.go": mainGo}), nil))
	if err != nil {
		t.Error(err)
	}
}
