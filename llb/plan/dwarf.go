package plan

import (
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/template"
)

// omitDWARF has the compiler make no debug information, but an outline of it. The code
// is the same; compiling, layers and linking are a good deal lighter. The go command
// does so itself for the main packages of `go run` and `go test` (OmitDebug in
// cmd/go/internal/work). It is an open flag, not an environment variable: the
// program's build information names it, and `go build` with it makes that program.
const omitDWARF = "-gcflags=all=-dwarf=false"

// dropsDWARF reports whether the linker writes no debug information with these flags,
// so that none needs to be compiled: whether -w is among them, and nothing takes it
// back. -s alone would do since Go 1.22, not before.
func dropsDWARF(ldflags string) bool {
	words, err := template.Split(ldflags)
	if err != nil {
		return false
	}
	dropped := false
	for i := 0; i < len(words); i++ {
		name, ok := strings.CutPrefix(words[i].Text, "-")
		name, value, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		switch {
		case !ok:
			return false // The linker takes what follows for files.
		case name == "w" && hasValue:
			dropped = value == "1" || value == "true"
		case name == "w":
			dropped = true
		case !hasValue && !linkerSwitch(name):
			i++ // -extldflags -w is a flag of the C compiler's.
		}
	}
	return dropped
}

// linkerSwitch reports whether a flag of the linker's stands alone. Of one that is not
// listed the next word is taken for its value: at worst debug information is compiled
// that nobody gets.
func linkerSwitch(name string) bool {
	return slices.Contains([]string{
		"a", "asan", "aslr", "bindnow", "c", "checklinkname", "compressdwarf", "d", "debugnosplit", "dumpdep", "e",
		"f", "g", "h", "linkshared", "msan", "n", "pruneweakmap", "race", "s", "v",
	}, name)
}
