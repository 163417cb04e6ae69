package layerstep

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the frontend writes is what the program reads.
func TestArgs(t *testing.T) {
	t.Parallel()
	for _, c := range []Command{
		{Cache: "/c", Go: []string{"go"}},
		{Cache: "/c", Store: "/s", Go: []string{"go", "build", "-x", "--", "./a"}},
		{Cache: "/c", Store: "/s", Apart: "/m", Go: []string{"go", "-store"}},
	} {
		got, err := Parse(c.Args()[1:])
		if diff := cmp.Diff(c, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", c.Args(), err, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                            "usage:",
		"build":                       `unknown command "build"`,
		"layer -cache /c go build":    `no command after "--"`,
		"layer -cache /c --":          `no command after "--"`,
		"layer -- go build":           "-cache is missing",
		"layer -cache /c x -- go":     `unexpected argument "x"`,
		"layer -cache /c -keep -- go": "not defined: -keep",
		"layer -cache -- go":          "flag needs an argument: -cache",
	} {
		if _, err := Parse(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), usage) {
			t.Errorf("%q: got %v, want %q", line, err, want)
		}
	}
}
