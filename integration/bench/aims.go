package bench

import "fmt"

// Aim is what gokiln wants to reach in a scenario: a ratio of its time to
// another tool's, or no executed step.
type Aim struct {
	Workloads []string
	Scenario  string
	// Other is the tool it is compared with, empty where no step may run.
	Other string
	// Most is the largest ratio that meets the aim.
	Most float64
}

// Aims are the aims of the project.
func Aims() []Aim {
	apps := []string{Service, Caddy}
	return []Aim{
		{Workloads: apps, Scenario: "cold", Other: Expert, Most: 0.95},
		{Workloads: apps, Scenario: "no-op", Other: ExpertSyntax, Most: 1.0},
		{Workloads: apps, Scenario: "line", Other: Floor, Most: 1.3},
		{Workloads: apps, Scenario: "unrelated"},
		{Workloads: apps, Scenario: "bump", Other: Expert, Most: 1.1},
		{Workloads: apps, Scenario: "ci", Other: Expert, Most: 0.15},
		{Workloads: apps, Scenario: "ci", Other: Ko, Most: 0.15},
		{Workloads: []string{Fleet}, Scenario: "unrelated"},
		{Workloads: []string{Fleet}, Scenario: "ci", Other: Expert, Most: 0.1},
	}
}

// Verdict is how far an aim was met for one workload.
type Verdict struct {
	Aim
	Workload string
	// Gokiln is the figure that was judged.
	Gokiln Figure
	// Ratio is of the medians, zero where no step may run.
	Ratio float64
	Met   bool
}

// Verdicts judges every aim that there are figures for.
func (d Document) Verdicts() []Verdict {
	var all []Verdict
	for _, aim := range Aims() {
		for _, workload := range aim.Workloads {
			row := d.Row(workload, aim.Scenario)
			own, ok := Of(row, Gokiln)
			if !ok {
				continue
			}
			v := Verdict{Aim: aim, Workload: workload, Gokiln: own, Met: len(own.Ran) == 0}
			if aim.Other != "" {
				other, ok := Of(row, aim.Other)
				if !ok || other.Median == 0 {
					continue
				}
				v.Ratio = own.Median / other.Median
				v.Met = v.Ratio <= aim.Most
			}
			all = append(all, v)
		}
	}
	return all
}

// Text says what the aim is.
func (a Aim) Text() string {
	if a.Other == "" {
		return "no step runs a program"
	}
	return fmt.Sprintf("≤ %.2f of %s", a.Most, TitleOf(a.Other))
}
