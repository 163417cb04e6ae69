// Package nearest finds what a misspelt word was meant to be. It knows words
// only, not what they stand for.
package nearest

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// maxLen bounds the work on a hostile word: nothing is near a longer one. maxPath is
// the same for a path.
const (
	maxLen  = 64
	maxPath = 256
)

// Fold returns s in lower case without "_", "-" and ".": two names that fold
// alike differ only in how their words are set apart.
func Fold(s string) string {
	drop := func(r rune) rune {
		if r == '_' || r == '-' || r == '.' {
			return -1
		}
		return r
	}
	return strings.ToLower(strings.Map(drop, s))
}

// Of returns the candidate that differs from s only by case or separators, else
// the one that differs by the fewest letters (at most one in three, and two),
// else "".
func Of(s string, candidates []string) string {
	if len(s) > maxLen {
		return ""
	}
	folded := Fold(s)
	best, shortest := "", 1+min(2, len(folded)/3)
	for _, c := range candidates {
		other := Fold(c)
		if folded == other && folded != "" {
			return c
		}
		if d := distance(folded, other); d < shortest {
			best, shortest = c, d
		}
	}
	return best
}

// Path returns the candidate that a misspelt path may have been meant to be: the
// nearest one that has the same last element or differs by at most one letter in
// three. "" means there is none.
func Path(s string, candidates []string) string {
	far := func(c string) int {
		if len(s) > maxPath || len(c) > maxPath {
			return maxPath
		}
		return distance(s, c)
	}
	var found []string
	for _, c := range candidates {
		alike := far(c) <= max(1, min(len(s), len(c))/3) && far(c) < len(s)
		if alike || path.Base(s) == path.Base(c) && c != "." {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.MinFunc(found, func(a, b string) int { return cmp.Or(cmp.Compare(far(a), far(b)), strings.Compare(a, b)) })
}

// distance counts the single-byte edits (insert, remove, change, swap two
// neighbours) from a to b.
func distance(a, b string) int {
	row, prev, prev2 := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, prev, prev2 = prev2, row, prev
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, prev[j]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
