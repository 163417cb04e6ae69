package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A name on Linux is bytes. One that is not UTF-8 and that no program is made of
// changes nothing.
func TestNamesThatAreNotUTF8(t *testing.T) {
	t.Parallel()
	s := setup(t)
	dir := app(t, map[string]string{
		"gokiln.yaml":          "main: ./cmd/api\nimage: {files: [{from: static, to: /srv}]}\n",
		"cmd/api/main.go":      "package main\n\nimport (\n\t_ \"embed\"\n\n\t\"example.com/app/lib\"\n)\n\n//go:embed named.txt\nvar text string\n\nfunc main() { println(text + lib.Name) }\n// " + t.Name() + "\n",
		"cmd/api/named.txt":    "named ",
		"cmd/api/caf\xe9.txt":  "not named",
		"lib/lib.go":           "package lib\n\nconst Name = \"lib\"\n",
		"lib/_\xff.go":         "not read",
		"assets/\xff.go":       "not Go, and of no package",
		"static/plain.txt":     "plain",
		"static/caf\xe9.txt":   "not named",
		"static/d/\xff/\xff.c": "deep",
		"caf\xe9":              "at the root",
	})
	tag := s.tag(t)
	s.ok(t, build{Dir: dir, Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
	img := fetch(t, tag)["linux/amd64"]
	if got := s.run(t, img); !strings.Contains(got, "named lib") {
		t.Errorf("the program printed %q", got)
	}
	have := files(t, img)
	for _, name := range []string{"srv/plain.txt", "srv/caf\xe9.txt", "srv/d/\xff/\xff.c"} {
		if _, ok := have[name]; !ok {
			t.Errorf("%q is not in the image", name)
		}
	}
}

// Where such a file may matter the build tells of it, or the go command sees it.
func TestNamesThatAreNotUTF8InAProgram(t *testing.T) {
	t.Parallel()
	s := setup(t)
	const cure = "the name of a file there is not UTF-8, and such a file can't be read; rename it, or leave it out with .dockerignore"
	main := mainPrinting(t, "x")
	s.fails(t, []failure{
		{
			name:  "a Go file",
			files: map[string]string{"gokiln.yaml": "main: ./cmd/api\n", "cmd/api/main.go": main, "cmd/api/more\xff.go": "package main\n\nfunc init() { println(\"more\") }\n"},
			want:  []string{cure, "cmd/api"},
		},
		{
			name:  "an embedded file",
			files: map[string]string{"gokiln.yaml": "main: ./cmd/api\n", "cmd/api/main.go": "package main\n\nimport \"embed\"\n\n//go:embed *.txt\nvar all embed.FS\n\nfunc main() { println(all) }\n", "cmd/api/a.txt": "a", "cmd/api/caf\xe9.txt": "b"},
			want:  []string{"cannot embed file"}, compiles: true,
		},
		{
			name:  "an assembly file",
			files: map[string]string{"gokiln.yaml": "main: ./cmd/api\n", "cmd/api/main.go": main, "cmd/api/x\xff.s": "no assembly\n"},
			want:  []string{".s:1"}, compiles: true,
		},
		{
			name:  "image.files",
			files: map[string]string{"gokiln.yaml": "main: ./cmd/api\nimage: {files: [{from: 'static/*.txt', to: /srv}]}\n", "cmd/api/main.go": main, "static/a.txt": "a", "static/caf\xe9.txt": "b"},
			want:  []string{"gokiln.yaml:3", "image.files[0].from", cure},
		},
		{
			name:  "a link's target",
			files: map[string]string{"gokiln.yaml": "main: ./cmd/api\n", "cmd/api/main.go": main},
			prepare: func(t *testing.T, dir string) {
				if err := os.Symlink("\xff", filepath.Join(dir, "cmd/api/link")); err != nil {
					t.Fatal(err)
				}
			},
			want: []string{"a symbolic link there has a target that is not UTF-8"},
		},
	})
}
