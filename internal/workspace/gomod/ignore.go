package gomod

import (
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Ignored returns whether go.mod's ignore directives leave a folder, relative to the
// module's, out of "./...".
func (m *Module) Ignored() func(dir string) bool { return newIgnored(m.mod.file.Ignore).has }

// ignored are go.mod's ignore directives (Go 1.25): a path after "./" is relative to the
// module's root, any other matches wherever its elements follow one another.
type ignored struct{ rooted, anywhere []string }

func newIgnored(lines []*modfile.Ignore) ignored {
	var ig ignored
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line.Path, "./"); ok {
			ig.rooted = append(ig.rooted, fenced(rest))
		} else {
			ig.anywhere = append(ig.anywhere, fenced(line.Path))
		}
	}
	return ig
}

func (ig ignored) has(dir string) bool {
	at := fenced(dir)
	return slices.ContainsFunc(ig.rooted, func(p string) bool { return strings.HasPrefix(at, p) }) ||
		slices.ContainsFunc(ig.anywhere, func(p string) bool { return strings.Contains(at, p) })
}

// fenced puts a slash at both ends, so that only whole elements match.
func fenced(p string) string {
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	if !strings.HasSuffix(p, "/") {
		p += "/"
	}
	return p
}
