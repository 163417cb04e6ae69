package workspace

import (
	"fmt"
	"go/build"
	"go/version"
	"slices"
	"strconv"
	"strings"
)

// Target says for which build the files are chosen.
type Target struct {
	// GOOS and GOARCH as Go names them: "linux", "arm64".
	GOOS, GOARCH string
	// Tags are the tags of -tags, and those that other flags imply: -race sets
	// "race", GOAMD64=v3 sets "amd64.v3", an experiment "goexperiment.name".
	Tags []string
	// Cgo is CGO_ENABLED. Without it a file that imports "C" does not count.
	Cgo bool
	// GoVersion is the toolchain's version, such as "1.26" or "1.26.3"; it sets
	// the release tags go1.1 to go1.26. Empty means the workspace's Toolchain or
	// Go, and without them the release that this program was built with.
	GoVersion string
}

// String renders the target for messages. The tags of the architecture's variant
// ("amd64.v1") are left out: no user wrote them.
func (t Target) String() string {
	s := t.GOOS + "/" + t.GOARCH
	written := slices.DeleteFunc(slices.Clone(t.Tags), func(tag string) bool { return strings.HasPrefix(tag, t.GOARCH+".") })
	if len(written) > 0 {
		s += fmt.Sprintf(" with tags %s", strings.Join(written, ","))
	}
	return s
}

// context is the go/build.Context of the target, without a file system.
func (t Target) context() build.Context {
	return build.Context{
		GOOS:        t.GOOS,
		GOARCH:      t.GOARCH,
		Compiler:    "gc",
		BuildTags:   t.Tags,
		CgoEnabled:  t.Cgo,
		ReleaseTags: releaseTags(t.GoVersion),
	}
}

// releaseTags lists go1.1 up to a version's own tag.
func releaseTags(v string) []string {
	minor, err := strconv.Atoi(strings.TrimPrefix(langTag(v), "go1."))
	const unlikely = 1000 // keeps a nonsense version from filling the memory
	if err != nil || minor > unlikely {
		return build.Default.ReleaseTags
	}
	tags := make([]string, minor)
	for i := range tags {
		tags[i] = "go1." + strconv.Itoa(i+1)
	}
	return tags
}

// langTag is the release tag of a version: go1.26 of "1.26.3" and of "go1.26".
func langTag(v string) string { return version.Lang("go" + strings.TrimPrefix(v, "go")) }
