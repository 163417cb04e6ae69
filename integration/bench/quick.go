package bench

// Quick chooses what fits into less than half an hour on two cores. What is
// chosen already stays; keepRounds keeps the number of rounds too.
func (o Options) Quick(keepRounds bool) Options {
	if !keepRounds {
		o.Rounds = 1
	}
	if len(o.Workloads) == 0 {
		o.Workloads = []string{Service, Caddy}
	}
	if len(o.Scenarios) == 0 {
		o.Scenarios = []string{"no-op", "line", "unrelated", "ci", "ci-no-op"}
	}
	if len(o.Tools) == 0 {
		o.Tools = []string{Gokiln, Expert, ExpertSyntax, Ko, Floor}
	}
	return o
}
