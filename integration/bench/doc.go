// Package bench measures gokiln beside what its users build with today, and
// writes down what it measured: a table, a JSON file, a chart and a page.
//
// One run measures all tools of a scenario with the same daemon programs, the
// same registry and the same source, in turn and in rounds whose order
// alternates, so that a machine that gets slower or faster during the run does
// so for all of them. A figure is the time of the user's own command line, from
// its start to its end, the push to the registry included. What is compared is
// ratios inside one row; rows of different runs may come from different
// machines, so each figure says which run it is from, and one row never mixes
// two.
//
// Each change is new in every round, and after each timed build the result is
// fetched and searched for it: a build that gave yesterday's program is a
// failure and not a fast one.
//
// It decides no test: nothing here fails because it was slow. It ends only the
// daemons it started, and takes caches and sources away with them.
package bench

import (
	"os/exec"
	"time"
)

// Change is what happens to the source between two builds.
type Change string

// The changes. Line and Deep replace one line of Go, in the main package and in
// a package that others import. Unrelated touches a README and a test, which
// are no part of the program. Bump takes the next version of one dependency.
const (
	Nothing   Change = "nothing"
	Line      Change = "line"
	Deep      Change = "deep"
	Unrelated Change = "unrelated"
	Bump      Change = "bump"
)

// Scenario is one row of a workload's table: in which surroundings the timed
// build runs, and after what change.
type Scenario struct {
	// Name is what -scenario takes, and the key of figures.
	Name string
	// Title says what is measured in a few words.
	Title string
	// Fresh means a daemon with nothing in it for each timed build, and empty
	// host caches for tools that build on the host.
	Fresh bool
	// Cache has the build import the registry cache that the build before the
	// change exported.
	Cache bool
	// Export has the timed build export its cache too, as a pipeline of the
	// main branch does.
	Export bool
	// Two builds for linux/amd64 and linux/arm64 instead of linux/amd64.
	Two    bool
	Change Change
	// Tools are the tools that take part, by name, in column order.
	Tools []string
	// Only names the workloads that have this scenario; empty is every one.
	Only []string
	// Limit ends a build that takes longer.
	Limit time.Duration
}

// Names of tools.
const (
	Gokiln       = "gokiln"
	Expert       = "expert"
	ExpertSyntax = "expert-syntax"
	Guide        = "guide"
	Ko           = "ko"
	Floor        = "go"
)

// Names of workloads.
const (
	Service = "service"
	Caddy   = "caddy"
	Fleet   = "fleet"
)

// Scenarios are all scenarios in the order in which they run. Those on the warm
// daemon stand together, because the first of them fills it.
func Scenarios() []Scenario {
	const limit = 20 * time.Minute
	all := []string{Gokiln, Expert, Guide, Ko, Floor}
	images := []string{Gokiln, Expert, Guide, Ko}
	list := []Scenario{
		{Name: "cold", Title: "cold: empty daemon, empty caches", Fresh: true, Change: Nothing, Tools: all},
		{Name: "no-op", Title: "no-op: nothing changed, warm", Change: Nothing, Tools: []string{Gokiln, Expert, ExpertSyntax, Guide, Ko, Floor}},
		{Name: "line", Title: "one line of the main package, warm", Change: Line, Tools: all},
		{Name: "deep", Title: "one line of a shared package, warm", Change: Deep, Tools: all, Only: []string{Service, Fleet}},
		{Name: "unrelated", Title: "a README and a test changed, warm", Change: Unrelated, Tools: all},
		{Name: "bump", Title: "one dependency bumped, warm", Change: Bump, Tools: all},
		{Name: "ci", Title: "CI: fresh daemon, registry cache, one line", Fresh: true, Cache: true, Change: Line, Tools: images},
		{Name: "ci-no-op", Title: "CI no-op: fresh daemon, registry cache", Fresh: true, Cache: true, Change: Nothing, Tools: images},
		{Name: "ci-deep", Title: "CI: fresh daemon, registry cache, shared package", Fresh: true, Cache: true, Change: Deep, Tools: images, Only: []string{Service, Fleet}},
		{Name: "ci-bump", Title: "CI: fresh daemon, registry cache, dependency bumped", Fresh: true, Cache: true, Change: Bump, Tools: images},
		{Name: "ci-export", Title: "CI: as above, one line, cache exported too", Fresh: true, Cache: true, Export: true, Change: Line, Tools: []string{Gokiln, Expert, Guide}},
		{Name: "platforms-cold", Title: "amd64 and arm64, cold", Fresh: true, Two: true, Change: Nothing, Tools: all, Only: []string{Service, Caddy}},
		{Name: "platforms-line", Title: "amd64 and arm64, one line, warm", Two: true, Change: Line, Tools: all, Only: []string{Service, Caddy}},
	}
	for i := range list {
		list[i].Limit = limit
	}
	return list
}

// Command is one command line to run.
type Command struct {
	Argv []string
	Dir  string
	// Env is the whole environment.
	Env []string
}

// commandOf takes a prepared command apart: what runs it decides about output,
// deadline and process group.
func commandOf(cmd *exec.Cmd, dir string) Command {
	return Command{Argv: cmd.Args, Dir: dir, Env: cmd.Env}
}
