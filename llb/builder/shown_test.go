package builder

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Names and text of a pull request reach the terminal and the log of a pipeline,
// where more than text is a command: to clear the screen, to forge lines.
func TestShownIsText(t *testing.T) {
	const forged = "x\n#99 DONE 0.1s\n::error::y\x1b[2J"
	for name, c := range map[string]struct {
		spec  string
		files map[string]string
		opts  map[string]string
		fails bool
	}{
		"a step that sees all":   {spec: "main: ./cmd/api", files: map[string]string{"cmd/api/" + forged + ".h": "//", "cmd/api/X" + forged[1:] + ".h": "//"}},
		"a Go file":              {spec: "main: ./cmd/api", files: map[string]string{"cmd/api/" + forged + ".go": "no Go"}, fails: true},
		"a main in the spec":     {spec: `main: "./cmd/\e[2J\n::error::"`, fails: true},
		"a target's description": {spec: `main: "./cmd/api\e[2J"`, opts: map[string]string{"requestid": "frontend.targets"}, fails: true},
		"a file of the image":    {spec: "main: ./cmd/api\nimage: {files: [{from: \"\\e[2J\\n::error::\", to: /x}]}", fails: true},
		"a control character":    {spec: "main: ./cmd/api \x1b[2J", fails: true},
		"the same, checked":      {spec: "main: ./cmd/api \x1b[2J", opts: map[string]string{"requestid": "frontend.lint"}},
		"go.mod":                 {spec: "main: ./cmd/api", files: map[string]string{"go.mod": "module example.com/app\n\ngo 1.26\n\nrequire \x1b[2J\u202e v1.0.0\n"}, fails: true},
		"an import":              {spec: "main: ./cmd/api", files: map[string]string{"cmd/api/main.go": "package main\n\nimport \"\x1b[2J\"\n"}, fails: true},
		"a build argument":       {spec: "main: ./cmd/api", opts: map[string]string{"build-arg:" + forged: "x"}},
		"a target":               {spec: "main: ./cmd/api", opts: map[string]string{"target": forged}, fails: true},
		"a nested module":        {spec: "main: ./cmd/api", files: map[string]string{"go.mod": "", forged + "/go.mod": "module x\n"}, fails: true},
		"two main packages":      {spec: "", files: map[string]string{"cmd/b/main.go": mainGo, "cmd/b/" + forged + "/main.go": mainGo}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			files := app(c.spec, c.files)
			client := newStub(t, files, c.opts)
			res, err := Build(t.Context(), client)
			if (err != nil) != c.fails {
				t.Errorf("error %v", err)
			}
			checkShown(t, client, err)
			if err != nil && strings.Contains(err.Error(), "\n::error::") {
				t.Errorf("a line is forged in %q", err)
			}
			if res != nil && strings.Contains(string(res.Metadata["result.txt"]), "\x1b") {
				t.Errorf("the answer is %q", res.Metadata["result.txt"])
			}
		})
	}
}

// Every step has its name through one door.
func TestNamesOfStepsHaveOneDoor(t *testing.T) {
	for _, room := range []string{"../lower", "."} {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			calls := strings.Count(string(data), "llb.WithCustomName")
			if filepath.Base(name) == "lower.go" {
				calls--
			}
			if calls != 0 && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s names a step without lower.Name", name)
			}
		}
	}
}
