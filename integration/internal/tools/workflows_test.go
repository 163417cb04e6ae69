package tools

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	uses   = regexp.MustCompile(`(?m)uses:\s*(\S+)(.*)$`)
	pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
)

// What actionlint does not check: whoever may move a tag of an action would
// otherwise run in our workflows, and a job has the permissions it names alone.
func TestWorkflowsArePinned(t *testing.T) {
	files, err := filepath.Glob("../../../.github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\npermissions: {}\n") {
			t.Errorf("%s: the default permissions are not empty", file)
		}
		for _, m := range uses.FindAllStringSubmatch(string(text), -1) {
			if action := m[1]; !strings.HasPrefix(action, "./") && (!pinned.MatchString(action) || !strings.HasPrefix(m[2], " # v")) {
				t.Errorf("%s: %s is not pinned as owner/name@<commit> # v1.2.3", file, action)
			}
		}
	}
}
