package bench

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gokiln/gokiln/integration/harness"
)

// Step is a vertex as the daemon reported it.
type Step struct {
	Name string
	Took time.Duration
	// Ran means that the work was done and not found in a cache.
	Ran bool
}

// parseSteps reads what buildx wrote under --progress rawjson. text is the part
// of it that is for people.
func parseSteps(output []byte) (steps []Step, text string) {
	all, text := harness.ParseProgress(output)
	for _, s := range all {
		steps = append(steps, Step{Name: s.Name, Took: s.Took, Ran: s.Ran})
	}
	return steps, text
}

// executed tells whether the step ran a program: whatever is known to be
// something else is not counted, and what is unknown is. A bake puts the target's
// name into the brackets of a step's name, or brackets with it in front.
func (s Step) executed() bool {
	if !s.Ran {
		return false
	}
	action := s.Name
	if group, rest, ok := strings.Cut(s.Name, "] "); ok && strings.HasPrefix(group, "[") {
		words := strings.Fields(group[1:])
		if len(words) > 0 && slices.Contains([]string{"internal", "auth"}, words[len(words)-1]) {
			return false
		}
		action = rest
	}
	for _, prefix := range []string{
		"exporting", "importing", "resolve ", "docker-image://", "local://", "pushing", "preparing", "merge",
		"FROM ", "COPY ", "ADD ", "WORKDIR ", "copy ", "collect ", "say ", "toolchain image", "base image", "empty folder",
	} {
		if strings.HasPrefix(action, prefix) {
			return false
		}
	}
	return true
}

// keptSteps and shortestKept bound what a figure keeps of a build's steps.
const (
	keptSteps    = 8
	shortestKept = 50 * time.Millisecond
)

// done sums up a figure's rounds.
func (f Figure) done() Figure {
	f.Spread = SpreadOf(f.Seconds)
	f.Same = f.Same && len(f.Seconds) > 0
	if len(f.Seconds) == 0 {
		return f
	}
	steps := slices.Clone(f.steps[middleRound(f.Seconds)])
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(b.Took, a.Took) })
	for _, s := range steps {
		if s.Ran && s.Took >= shortestKept && len(f.Steps) < keptSteps {
			f.Steps = append(f.Steps, Spent{Name: s.Name, Seconds: milliseconds(s.Took)})
		}
	}
	return f
}
