package recipe

import (
	"slices"
	"strings"
)

// The lists, for the documentation, sorted.

// LinkerFlags may stand in -ldflags.
func LinkerFlags() []string { return listed(Checker{}.linker()) }

// CompilerFlags may stand in -gcflags.
func CompilerFlags() []string { return listed(compiler()) }

// AssemblerFlags may stand in -asmflags.
func AssemblerFlags() []string { return listed(Checker{}.assembler()) }

func listed(t tool) []string {
	names := slices.Concat(t.alone, t.any)
	for name := range t.checked {
		names = append(names, name)
	}
	return slices.Sorted(slices.Values(names))
}

// Variables may be set, to any value, to lists of folders, to programs, and to flags of
// C compilers.
func Variables() (free, folders, programs, flags []string) {
	return strings.Fields(freeNames), strings.Fields(folderNames), strings.Fields(programNames), strings.Fields(flagNames)
}
