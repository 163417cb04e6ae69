package plan

import (
	"github.com/gokiln/gokiln/internal/recipe"
)

// omitDWARF has the compiler make no debug information, but an outline of it. The code
// is the same; compiling, layers and linking are a good deal lighter. The go command
// does so itself for the main packages of `go run` and `go test` (OmitDebug in
// cmd/go/internal/work). It is an open flag, not an environment variable: the
// program's build information names it, and `go build` with it makes that program.
const omitDWARF = "-gcflags=all=-dwarf=false"

// dropsDWARF reports whether the linker writes no debug information with these flags,
// so that none needs to be compiled: whether -w is among them, and nothing takes it
// back. -s alone would do since Go 1.22, not before. Of a flag that is not known the
// next word is taken for its value: at worst debug information is compiled that nobody
// gets.
func dropsDWARF(ldflags string) bool {
	words, err := recipe.Words(ldflags)
	if err != nil {
		return false
	}
	dropped := false
	flags, files := recipe.Flags(words, recipe.LinkerSwitch)
	for _, f := range flags {
		if f.Name == "w" {
			dropped = f.Value == "" || f.Value == "1" || f.Value == "true"
		}
	}
	return dropped && len(files) == 0
}
