package nearest

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	candidates := []string{"name", "main", "ldflags", "stop_signal", "goarm", "goarm64", "go"}
	for _, tt := range []struct{ word, want string }{
		{"nmae", "name"}, {"naem", "name"}, {"Main", "main"}, {"mains", "main"}, {"LDFLAGS", "ldflags"}, {"ldflag", "ldflags"},
		{"ldfalgs", "ldflags"}, {"stopSignal", "stop_signal"}, {"stop-signal", "stop_signal"}, {"GOARM", "goarm"}, {"goarm46", "goarm64"},
		{"", ""}, {"x", ""}, {"flags", ""}, {"entirely", ""}, {"g", ""}, {"_", ""}, {strings.Repeat("name", 20), ""}, {"\xff\xfe", ""},
	} {
		if got := Of(tt.word, candidates); got != tt.want {
			t.Errorf("Of(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "axc", 1}, {"kitten", "sitting", 3}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestPath(t *testing.T) {
	candidates := []string{".", "cmd/api", "cmd/server", "services/api", "tools/gen"}
	for _, tt := range []struct{ path, want string }{
		{"cmd/sevrer", "cmd/server"}, {"service/api", "services/api"}, {"server", "cmd/server"}, {"api", "cmd/api"}, {"gen", "tools/gen"},
		{"", ""}, {"x", ""}, {"lib/other", ""}, {strings.Repeat("x/", 200) + "y", ""}, {strings.Repeat("x/", 200) + "gen", "tools/gen"},
	} {
		if got := Path(tt.path, candidates); got != tt.want {
			t.Errorf("Path(%q) = %q, want %q", tt.path, got, tt.want)
		}
	}
}
