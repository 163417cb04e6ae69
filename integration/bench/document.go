package bench

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Document is everything that is known, as docs/performance.json holds it.
type Document struct {
	Runs    []Run    `json:"runs"`
	Figures []Figure `json:"figures"`
}

// Run is one call of the command.
type Run struct {
	// ID names the run: the moment it started, in UTC.
	ID      string    `json:"id"`
	Started time.Time `json:"started"`
	Machine Machine   `json:"machine"`
	// Versions are those of the programs that took part, by name.
	Versions map[string]string `json:"versions"`
}

// Machine is what the figures were measured on.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory uint64 `json:"memoryBytes"`
	Kernel string `json:"kernel,omitempty"`
	System string `json:"system"`
}

// Figure is what one tool needed in one scenario of one workload.
type Figure struct {
	Workload string `json:"workload"`
	Scenario string `json:"scenario"`
	Tool     string `json:"tool"`
	// Run is the ID of the run that it was measured in.
	Run string `json:"run"`
	// Seconds are the rounds, in order.
	Seconds []float64 `json:"seconds"`
	Spread
	// Steps are the longest steps of the round in the middle, as the daemon
	// reported them. Steps overlap.
	Steps []Spent `json:"steps,omitempty"`
	// Ran names the steps that executed a program in any of the rounds: neither
	// found in a cache nor a copy. It is empty where none did, and where the
	// tool uses no daemon.
	Ran []string `json:"ran,omitempty"`
	// Same tells that every round gave the very image that the build before
	// the change gave.
	Same bool `json:"sameImage,omitempty"`
	// Failed says why there are fewer rounds than there should be.
	Failed string `json:"failed,omitempty"`

	// steps are those of each round.
	steps [][]Step
}

// Spent is how long a step took.
type Spent struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// ReadDocument reads what earlier runs wrote. A missing file is an empty
// document.
func ReadDocument(file string) (Document, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Document{}, nil
	}
	if err != nil {
		return Document{}, err
	}
	var d Document
	if err := json.Unmarshal(b, &d); err != nil {
		return Document{}, fmt.Errorf("%s: %w: move the file away to begin anew", file, err)
	}
	return d, nil
}

// JSON is the document as it is written.
func (d Document) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(d, "", "  ")
	return append(b, '\n'), err
}

// With replaces the row of a workload's scenario by figures of one run. All of
// the row goes: a row never holds figures of two runs. Runs of which nothing is
// left go too.
func (d Document) With(run Run, row []Figure) Document {
	if len(row) == 0 {
		return d
	}
	out := Document{}
	for _, f := range d.Figures {
		if f.Workload != row[0].Workload || f.Scenario != row[0].Scenario {
			out.Figures = append(out.Figures, f)
		}
	}
	out.Figures = append(out.Figures, row...)
	for _, r := range d.Runs {
		used := slices.ContainsFunc(out.Figures, func(f Figure) bool { return f.Run == r.ID })
		if used && r.ID != run.ID {
			out.Runs = append(out.Runs, r)
		}
	}
	out.Runs = append(out.Runs, run)
	slices.SortFunc(out.Runs, func(a, b Run) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(out.Figures, func(a, b Figure) int { return cmp.Compare(rank(a), rank(b)) })
	return out
}

// rank orders figures as the tables show them.
func rank(f Figure) int {
	scenario := slices.IndexFunc(Scenarios(), func(s Scenario) bool { return s.Name == f.Scenario })
	workload := slices.Index(WorkloadNames(), f.Workload)
	return workload*1000 + scenario
}

// WorkloadNames are the names of all workloads in the order of the tables.
func WorkloadNames() []string { return []string{Service, Caddy, Fleet} }

// Row gives the figures of one scenario of a workload.
func (d Document) Row(workload, scenario string) []Figure {
	var row []Figure
	for _, f := range d.Figures {
		if f.Workload == workload && f.Scenario == scenario {
			row = append(row, f)
		}
	}
	return row
}

// Of picks a tool's figure from a row. ok is false where there is none with at
// least one round.
func Of(row []Figure, tool string) (f Figure, ok bool) {
	i := slices.IndexFunc(row, func(f Figure) bool { return f.Tool == tool && len(f.Seconds) > 0 })
	if i < 0 {
		return Figure{}, false
	}
	return row[i], true
}
