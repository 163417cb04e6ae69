package bench

import "slices"

// change is what happens to the source between two builds.
type change string

// line and deep replace one line of Go, in the main package and in a package that
// others import. unrelated touches a README and a test, which are not part of the
// program. bump takes another version of one dependency.
const (
	nothing   change = "nothing"
	line      change = "line"
	deep      change = "deep"
	unrelated change = "unrelated"
	bump      change = "bump"
)

// scenario is one row of a workload's table.
type scenario struct {
	name, title string
	change      change
	tools       []string
	// fresh builds with an empty daemon and, on the host, empty caches.
	fresh bool
	// cache imports the registry cache that the build before the change exported;
	// export has the timed build export its own too.
	cache, export bool
	// bothPlatforms adds linux/arm64.
	bothPlatforms bool
	// only names the workloads that have this scenario; empty means all.
	only []string
}

// scenarios returns all scenarios in the order in which they run. Those on the warm
// daemon follow each other, because the first of them fills it.
func scenarios() []scenario {
	all := []string{gokiln, expert, guide, ko, goBuild}
	images := []string{gokiln, expert, guide, ko}
	shared := []string{"service", "fleet"}
	single := []string{"service", "caddy"}
	return []scenario{
		{name: "cold", title: "cold: empty daemon, empty caches", fresh: true, change: nothing, tools: all},
		{name: "no-op", title: "no-op: nothing changed, warm", change: nothing, tools: []string{gokiln, expert, expertSyntax, guide, ko, goBuild}},
		{name: "line", title: "one line of the main package, warm", change: line, tools: all},
		{name: "deep", title: "one line of a shared package, warm", change: deep, tools: all, only: shared},
		{name: "unrelated", title: "a README and a test changed, warm", change: unrelated, tools: all},
		{name: "bump", title: "one dependency bumped, warm", change: bump, tools: all},
		{name: "ci", title: "CI: fresh daemon, registry cache, one line", fresh: true, cache: true, change: line, tools: images},
		{name: "ci-no-op", title: "CI no-op: fresh daemon, registry cache", fresh: true, cache: true, change: nothing, tools: images},
		{name: "ci-deep", title: "CI: fresh daemon, registry cache, shared package", fresh: true, cache: true, change: deep, tools: images, only: shared},
		{name: "ci-bump", title: "CI: fresh daemon, registry cache, dependency bumped", fresh: true, cache: true, change: bump, tools: images},
		{name: "ci-export", title: "CI: as above, one line, cache exported too", fresh: true, cache: true, export: true, change: line, tools: []string{gokiln, expert, guide}},
		{name: "platforms-cold", title: "amd64 and arm64, cold", fresh: true, bothPlatforms: true, change: nothing, tools: all, only: single},
		{name: "platforms-line", title: "amd64 and arm64, one line, warm", bothPlatforms: true, change: line, tools: all, only: single},
	}
}

func (s scenario) platforms() []string {
	if s.bothPlatforms {
		return []string{"linux/amd64", "linux/arm64"}
	}
	return []string{"linux/amd64"}
}

// has reports whether a tool takes part in a scenario of a workload. The guide's
// Dockerfile keeps no compiled packages: with twenty services it would take hours and
// show nothing new.
func (s scenario) has(w workload, t tool) bool {
	if w.fleet() && t.name == guide {
		return false
	}
	return slices.Contains(s.tools, t.name) && chosen(w.name, s.only)
}

// chosen reports whether names has the name, or is empty, which means all.
func chosen(name string, names []string) bool { return len(names) == 0 || slices.Contains(names, name) }

// aim is what gokiln wants to reach in a scenario: at most a share of another tool's
// time or, without another tool, no step that runs a program.
type aim struct {
	workloads       []string
	scenario, other string
	most            float64
}

func aims() []aim {
	single, fleet := []string{"service", "caddy"}, []string{"fleet"}
	return []aim{
		{single, "cold", expert, 0.95},
		{single, "no-op", expertSyntax, 1.0},
		{single, "line", goBuild, 1.3},
		{single, "unrelated", "", 0},
		{single, "bump", expert, 1.1},
		{single, "ci", expert, 0.15},
		{single, "ci", ko, 0.15},
		{fleet, "unrelated", "", 0},
		{fleet, "ci", expert, 0.1},
	}
}
