package symptom

import (
	"os"
	"strings"
	"testing"
)

func TestExitStatusesAreTheCodesOwn(t *testing.T) {
	seen := map[int]Code{}
	for _, c := range Codes() {
		status := c.Exit()
		if other, ok := seen[status]; ok {
			t.Errorf("%s and %s both exit with %d", c, other, status)
		}
		seen[status] = c
		// Shells and container runtimes give 125 and above a meaning.
		if status <= 2 || status >= 125 {
			t.Errorf("%s exits with %d", c, status)
		}
		if back, ok := FromExit(status); !ok || back != c {
			t.Errorf("%d is read as %q, not as %s", status, back, c)
		}
	}
	for _, status := range []int{0, 1, 2, 70, 125, 137, 255} {
		if c, ok := FromExit(status); ok {
			t.Errorf("%d is read as %s", status, c)
		}
	}
}

// Every code leads to a row of the README.
func TestReadmeHasARowForEveryCode(t *testing.T) {
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Codes() {
		_, anchor, ok := strings.Cut(c.URL(), "#")
		row := `<a id="` + anchor + `"></a>`
		if !ok || strings.Count(string(data), row) != 1 {
			t.Errorf("the README has not exactly one %s", row)
		}
	}
}
