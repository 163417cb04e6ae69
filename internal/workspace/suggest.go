package workspace

import (
	"fmt"
	"strings"
)

// enumerate renders names as "./a, ./b and 3 more".
func enumerate(names []string, show int) string {
	if len(names) <= show {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:show], ", "), len(names)-show)
}

// dotted renders a clean relative folder as the go command's argument: "./x".
func dotted(dir string) string {
	if dir == "." || isOutside(dir) || strings.HasPrefix(dir, "/") {
		return dir
	}
	return "./" + dir
}
