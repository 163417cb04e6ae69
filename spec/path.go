package spec

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
)

// At returns where the value at a field path such as "build.ldflags[0]",
// "image.labels.team" or "main" stands in the source: the value itself, else
// its nearest ancestor that was written, else the zero Range. A default has its
// ancestor's place. A map key that is not made of letters, digits, "_" and "-"
// alone is quoted in brackets, as Key writes it:
// image.labels["org.opencontainers.image.title"].
//
// Indexes count the Spec's own values: for `tags: [a,b]` both "build.tags[0]"
// and "build.tags[1]" give the place of "a,b".
func (s *Spec) At(path string) diag.Range {
	for path != "" {
		if at, ok := s.ranges[path]; ok {
			return at
		}
		path = parent(path)
	}
	return diag.Range{}
}

// Errorf returns an error about the value at a field path: its place is the one
// that At returns, and the path stands before the message.
func (s *Spec) Errorf(path, format string, args ...any) *diag.Error {
	return diag.Errorf(s.Source, s.At(path), "%s: %w", path, fmt.Errorf(format, args...))
}

// Key returns the field path of a map's key, for At: Key("image.env", "PORT") is
// "image.env.PORT", and Key("image.labels", "a.b") is `image.labels["a.b"]`.
func Key(path, key string) string {
	if !isPlainKey(key) {
		return path + "[" + strconv.Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// Index returns the field path of a list's element, for At: Index("main", 0) is
// "main[0]".
func Index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// VariantPath returns the field path of an architecture's variant by its
// environment variable: VariantPath("GOAMD64") is "build.goamd64".
func VariantPath(env string) string { return Key("build", strings.ToLower(env)) }

func isPlainKey(key string) bool {
	for _, c := range key {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return key != ""
}

// parent returns the path without its last segment.
func parent(path string) string {
	cut := 0
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '.':
			cut = i
		case '[':
			cut = i
			if quoted, err := strconv.QuotedPrefix(path[i+1:]); err == nil {
				i += len(quoted)
			}
		}
	}
	return strings.TrimSuffix(path[:cut], ".")
}
