package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// perBand is the number of local packages of one app alone from which on they get
	// a layer, since fewer compile in about the time that a step takes to start, and
	// the number that a layer should have when a group is cut along its import graph.
	perBand = 24
	// maxBands is how many layers a group is cut into at most.
	maxBands = 3
	// maxGroups is how many sets of apps get layers.
	maxGroups = 12
)

// band are local packages that one layer compiles.
type band struct {
	packages []string
	// users are the apps that have them.
	users []int
}

// groups sorts the app's local packages by who uses them: bands that several apps
// share, and bands of this app alone where these are many. What -cover changes, and
// what may need any file of the context, is compiled in the app's own step; so is
// everything where the daemon can't merge layers.
//
// The order does not depend on which app is built, and no band imports one behind
// it: whoever uses a package uses what it imports, and of one group the lower bands
// come first.
func (l *layering) groups() (shared, alone []band) {
	if !l.in.Merge || l.in.Spec.Build.Cover || l.in.Code.Whole != "" {
		return nil, nil
	}
	users := map[string][]int{}
	for i, c := range l.fleet {
		if c.Whole != "" {
			continue // it compiles its packages in its own step
		}
		for _, p := range l.used(c) {
			users[p] = append(users[p], i)
		}
	}
	worth := l.worth(users)
	groups := map[string][]string{}
	for _, p := range l.used(l.in.Code) {
		if who := fmt.Sprint(users[p]); worth[who] {
			groups[who] = append(groups[who], p)
		}
	}
	depth := l.depths()
	var bands []band
	for _, who := range slices.Sorted(maps.Keys(groups)) {
		group := groups[who]
		by := users[group[0]]
		for _, packages := range cut(group, depth) {
			bands = append(bands, band{packages, by})
		}
	}
	slices.SortStableFunc(bands, func(a, b band) int {
		return cmp.Or(cmp.Compare(len(b.users), len(a.users)), slices.Compare(a.users, b.users))
	})
	n := slices.IndexFunc(bands, func(b band) bool { return len(b.users) == 1 })
	if n < 0 {
		n = len(bands)
	}
	return bands[:n], bands[n:]
}

// worth tells of each set of apps whether its packages get a layer: of several apps
// those where it spares most compiles, no more than maxGroups. What has no layer is
// compiled by whoever needs it. It looks at the whole fleet, so that no app answers
// otherwise than another.
func (l *layering) worth(users map[string][]int) map[string]bool {
	type group struct {
		who            string
		apps, packages int
	}
	byWho := map[string]*group{}
	for _, by := range users {
		who := fmt.Sprint(by)
		if byWho[who] == nil {
			byWho[who] = &group{who: who, apps: len(by)}
		}
		byWho[who].packages++
	}
	spared := func(g *group) int { return (g.apps - 1) * g.packages }
	shared := slices.SortedFunc(maps.Values(byWho), func(a, b *group) int {
		return cmp.Or(cmp.Compare(spared(b), spared(a)), strings.Compare(a.who, b.who))
	})
	worth := map[string]bool{}
	for i, g := range shared {
		alone := g.apps == 1 && g.packages >= perBand
		worth[g.who] = alone || i < maxGroups && spared(g) > 0 || l.in.AllLayers
	}
	return worth
}

// depths tells of each local package how long the longest chain of imports below
// it is.
func (l *layering) depths() map[string]int {
	depth := map[string]int{}
	var of func(string) int
	of = func(p string) int {
		if d, ok := depth[p]; ok {
			return d
		}
		depth[p] = 0 // a cycle is the go command's to report
		for _, q := range l.packages[p].Local {
			depth[p] = max(depth[p], of(q)+1)
		}
		return depth[p]
	}
	for _, p := range slices.Sorted(maps.Keys(l.packages)) {
		of(p)
	}
	return depth
}

// cut splits a group into bands along the import graph: what is near its bottom
// changes less often than what is near the main package. The number of packages
// decides and not their size, so that an edit moves none into another band.
func cut(group []string, depth map[string]int) [][]string {
	slices.SortFunc(group, func(a, b string) int {
		return cmp.Or(cmp.Compare(depth[a], depth[b]), strings.Compare(a, b))
	})
	n := min(maxBands, max(1, len(group)/perBand))
	size := (len(group) + n - 1) / n
	var bands [][]string
	for len(group) > 0 {
		end := min(size, len(group))
		for end < len(group) && depth[group[end]] == depth[group[end-1]] {
			end++ // one depth stays together
		}
		bands = append(bands, slices.Sorted(slices.Values(group[:end])))
		group = group[end:]
	}
	return bands
}

// bandName names a layer of local packages by the first and their number.
func bandName(band []string) string {
	if len(band) == 1 {
		return "compile " + band[0]
	}
	return fmt.Sprintf("compile %s and %d more packages", band[0], len(band)-1)
}
