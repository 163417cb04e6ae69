package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/spec"
)

// Uses lists the values that the spec's templates name, sorted and by their
// canonical names: "Revision", "Args.CHANNEL". The gateway adapter asks the
// daemon only for what is used.
func Uses(s *spec.Spec) []string {
	used := map[string]bool{}
	for _, t := range s.Templates() {
		for _, name := range t.Uses() {
			used[name] = true
		}
	}
	return slices.Sorted(maps.Keys(used))
}

// UsedArgs lists the build arguments that the spec's templates name, sorted.
func UsedArgs(s *spec.Spec) []string {
	var args []string
	for _, name := range Uses(s) {
		if arg, ok := strings.CutPrefix(name, "Args."); ok {
			args = append(args, arg)
		}
	}
	return args
}
