package workspace

import (
	"fmt"
	"strings"
)

// maxNamed bounds the files or packages that a message names.
const maxNamed = 5

// enumerate renders names as "./a, ./b and 3 more".
func enumerate(names []string, show int) string {
	if len(names) <= show {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:show], ", "), len(names)-show)
}
