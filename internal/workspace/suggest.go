package workspace

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// nearest returns the name that word may have been meant to be: few edits away, or
// alike in the last element.
func nearest(word string, names []string) (name string, ok bool) {
	type candidate struct {
		name string
		far  int
	}
	var found []candidate
	for _, name := range names {
		far := distance(word, name)
		sameBase := path.Base(word) == path.Base(name) && name != "."
		alike := far <= max(1, min(len(word), len(name))/3) && far < len(word)
		if alike || sameBase {
			found = append(found, candidate{name, far})
		}
	}
	if len(found) == 0 {
		return "", false
	}
	return slices.MinFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.far, b.far), strings.Compare(a.name, b.name))
	}).name, true
}

// distance is the number of single-byte edits between two names. Names longer
// than any sensible path are never alike: the table would be quadratic.
func distance(a, b string) int {
	const longest = 256
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

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
