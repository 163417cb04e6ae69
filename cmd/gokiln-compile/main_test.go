package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	s, err := parse([]string{"layer", "-cache", "/c", "-store=/s", "--", "go", "build", "-x", "--", "./a"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/c", "/s", "go", "build", "-x", "--", "./a"}, append([]string{s.Cache, s.Store}, s.Command...)); diff != "" {
		t.Error(diff)
	}
	if s, err = parse([]string{"layer", "-cache", "/c", "--", "go"}); err != nil || s.Store != "" {
		t.Errorf("without a store: %+v, %v", s, err)
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
		if _, err := parse(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), usage) {
			t.Errorf("%q: got %v, want %q", line, err, want)
		}
	}
}
