package spec

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestExamples reads every spec of the examples, of which builds try
// gokiln.yaml alone.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	var forges []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(file, data)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(s.Modules.Auth) > 0 {
			forges = append(forges, filepath.Base(file))
		}
	}
	if want := []string{"gitea.yaml", "github.yaml", "gitlab.yaml", "gokiln.yaml", "ssh.yaml"}; !slices.Equal(forges, want) {
		t.Errorf("specs with credentials: %q, want %q", forges, want)
	}
}
