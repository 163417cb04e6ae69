package integration

import (
	"strings"
	"testing"
)

// What a pull request calls its files reaches the log of a pipeline as text: none of
// it is a line of its own or a code that a terminal obeys.
func TestNamesForgeNoLines(t *testing.T) {
	t.Parallel()
	s := setup(t)
	const forged = "\n#99 DONE 0.1s\n::error::forged\x1b[2J"
	for name, c := range map[string]struct {
		files map[string]string
		// shown is how the name stands in the log.
		shown string
		fails bool
	}{
		"a step": {
			files: map[string]string{"cmd/api/a" + forged + ".h": "//\n", "cmd/api/A" + forged + ".h": "//\n"},
			shown: `A\n#99 DONE 0.1s\n::error::forged\x1b[2J.h`, fails: true,
		},
		"an error": {
			files: map[string]string{"cmd/api/a" + forged + ".go": "no Go\n"},
			shown: `cmd/api/a\n#99 DONE 0.1s\n::error::forged\x1b[2J.go:1:1`, fails: true,
		},
		"an excerpt": {
			files: map[string]string{"go.mod": "module example.com/app\n\ngo 1.26\n\nrequire \x1b[2J v1.0.0\n"},
			shown: `require ?[2J`, fails: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"gokiln.yaml": "main: ./cmd/api\n", "cmd/api/main.go": mainPrinting(t, "x")}
			for file, data := range c.files {
				files[file] = data
			}
			args := append([]string{"build", "--builder", s.Builder, "--progress", "plain"}, s.SyntaxArgs()...)
			cmd := s.BuildxCommand(t.Context(), append(args, "-f", "gokiln.yaml", "--platform", "linux/amd64", ".")...)
			cmd.Dir = app(t, files)
			out, err := cmd.CombinedOutput()
			if (err != nil) != c.fails {
				t.Errorf("the build ended with %v", err)
			}
			text := string(out)
			if !strings.Contains(text, c.shown) {
				t.Errorf("the log lacks %q", c.shown)
			}
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, "#99 DONE") || strings.HasPrefix(strings.TrimSpace(line), "::error::") {
					t.Errorf("the log has the line %q", line)
				}
			}
			if strings.Contains(text, "\x1b") {
				t.Error("the log has an escape code")
			}
			if t.Failed() {
				t.Logf("%q", text)
			}
		})
	}
}
