package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	s, apart, err := parse([]string{"layer", "-cache", "/c", "-store=/s", "-apart", "/m", "--", "go", "build", "-x", "--", "./a"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/c", "/s", "/m", "go", "build", "-x", "--", "./a"}, append([]string{s.Cache, s.Store, apart}, s.Command...)); diff != "" {
		t.Error(diff)
	}
	if s, apart, err = parse([]string{"layer", "-cache", "/c", "--", "go"}); err != nil || s.Store+apart != "" {
		t.Errorf("without a store: %+v, %q, %v", s, apart, err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                            "usage:",
		"build":                       `"build" is no command of this program`,
		"layer -cache /c go build":    `no command after "--"`,
		"layer -cache /c --":          `no command after "--"`,
		"layer -- go build":           "-cache is missing",
		"layer -cache /c x -- go":     `"x" is no flag`,
		"layer -cache /c -keep -- go": "not defined: -keep",
		"layer -cache -- go":          "flag needs an argument: -cache",
	} {
		if _, _, err := parse(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), usage) {
			t.Errorf("%q: got %v, want %q", line, err, want)
		}
	}
}
