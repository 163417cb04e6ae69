package symptom

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the README's table of symptoms")

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

// TestReadme holds the README's table to Rows. Regenerate with:
// go test ./internal/symptom -run TestReadme -update
func TestReadme(t *testing.T) {
	const file, begin, end = "../../README.md", "<!-- symptoms:begin -->\n", "<!-- symptoms:end -->"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks for the table of symptoms", file)
	}
	want := before + begin + table() + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("%s (-want +got), go test ./internal/symptom -update rewrites it:\n%s", file, diff)
	}
}

// table renders the rows, each with the anchor that the code's URL leads to.
func table() string {
	var b strings.Builder
	b.WriteString("\n| | what you see | what gokiln did | what to set |\n|---|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`)
	for _, r := range Rows() {
		_, anchor, _ := strings.Cut(r.Code.URL(), "#")
		fmt.Fprintf(&b, "| <a id=%q></a>%s | %s | %s | %s |\n", anchor, r.Code, cell.Replace(r.Seen), cell.Replace(r.Done), cell.Replace(r.Set))
	}
	return b.String() + "\n"
}

// TestEveryCodeIsExplained: a new code needs a row, and what the module step exits
// with needs words of its own.
func TestEveryCodeIsExplained(t *testing.T) {
	var rows []Code
	for _, r := range Rows() {
		rows = append(rows, r.Code)
		if r.Seen == "" || r.Done == "" || r.Set == "" {
			t.Errorf("the row of %s lacks a text: %+v", r.Code, r)
		}
	}
	if diff := cmp.Diff(Codes(), rows); diff != "" {
		t.Errorf("codes and rows (-codes +rows):\n%s", diff)
	}
	// Who reports these knows more than a table can say.
	special := []Code{Replace, Vendor, Secret, Other}
	for _, c := range Codes() {
		if (c.Cure() == "") != slices.Contains(special, c) {
			t.Errorf("%s has the cure %q", c, c.Cure())
		}
		if (c.Summary() == Code("").Summary()) && !slices.Contains(special, c) {
			t.Errorf("%s has no summary", c)
		}
	}
}
