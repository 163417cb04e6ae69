package bench

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// Document is everything that is known, as docs/performance.json holds it.
type Document struct {
	Runs    []Run    `json:"runs"`
	Figures []Figure `json:"figures"`
}

// Run is one call of the command.
type Run struct {
	// ID is the moment the run started, in UTC.
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
	Run      string `json:"run"`
	// Seconds are the rounds, in order.
	Seconds []float64 `json:"seconds"`
	Median  float64   `json:"median"`
	Min     float64   `json:"min"`
	Max     float64   `json:"max"`
	// Ran names the steps that ran a program in any round: neither found in a cache nor
	// a copy.
	Ran []string `json:"ran,omitempty"`
	// Failed says why there are fewer rounds than there should be.
	Failed string `json:"failed,omitempty"`
}

// step is a vertex that the daemon worked on.
type step struct{ name string }

// add puts a round in. The median of an even number of rounds is the mean of the two
// in the middle.
func (f *Figure) add(took time.Duration, steps []step) {
	f.Seconds = append(f.Seconds, math.Round(took.Seconds()*1000)/1000)
	sorted := slices.Sorted(slices.Values(f.Seconds))
	n := len(sorted)
	f.Min, f.Median, f.Max = sorted[0], (sorted[(n-1)/2]+sorted[n/2])/2, sorted[n-1]
	for _, s := range steps {
		if s.runsProgram() && !slices.Contains(f.Ran, s.name) {
			f.Ran = append(f.Ran, s.name)
		}
	}
}

// runsProgram reports whether a step ran a program. A step of an unknown kind counts.
// A bake puts the target's name into the brackets in front.
func (s step) runsProgram() bool {
	group, action, ok := strings.Cut(s.name, "] ")
	if !ok || !strings.HasPrefix(group, "[") {
		group, action = "", s.name
	}
	if strings.HasSuffix(group, "internal") || strings.HasSuffix(group, "auth") {
		return false
	}
	return !slices.ContainsFunc([]string{
		"exporting", "importing", "resolve ", "docker-image://", "local://", "pushing", "preparing", "merge",
		"FROM ", "COPY ", "ADD ", "WORKDIR ", "copy ", "collect ", "say ", "toolchain image", "base image", "empty folder",
	}, func(kind string) bool { return strings.HasPrefix(action, kind) })
}

// readDocument reads what earlier runs wrote, which may be nothing.
func readDocument(file string) (d Document, err error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Document{}, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		return Document{}, fmt.Errorf("%s: %w: move the file away to begin anew", file, err)
	}
	return d, nil
}

// with replaces the row of a workload's scenario. A row never holds figures of two
// runs, so all of it goes; runs of which nothing is left go too.
func (d Document) with(run Run, row []Figure) Document {
	if len(row) == 0 {
		return d
	}
	figures := slices.DeleteFunc(slices.Clone(d.Figures), func(f Figure) bool {
		return f.Workload == row[0].Workload && f.Scenario == row[0].Scenario
	})
	figures = append(figures, row...)
	slices.SortStableFunc(figures, func(a, b Figure) int { return cmp.Compare(rank(a), rank(b)) })
	runs := slices.DeleteFunc(append(slices.Clone(d.Runs), run), func(r Run) bool {
		return !slices.ContainsFunc(figures, func(f Figure) bool { return f.Run == r.ID })
	})
	slices.SortFunc(runs, func(a, b Run) int { return cmp.Compare(a.ID, b.ID) })
	return Document{
		Runs:    slices.CompactFunc(runs, func(a, b Run) bool { return a.ID == b.ID }),
		Figures: figures,
	}
}

// rank orders figures as the tables show them.
func rank(f Figure) int {
	return slices.Index(names(), f.Workload)*100 + slices.IndexFunc(scenarios(), func(s scenario) bool { return s.name == f.Scenario })
}

// names are those of all workloads.
func names() (all []string) {
	for _, w := range workloads() {
		all = append(all, w.name)
	}
	return all
}

// find returns a tool's figure, the zero Figure where there is none.
func (d Document) find(workload, scenario, tool string) Figure {
	i := slices.IndexFunc(d.Figures, func(f Figure) bool {
		return f.Workload == workload && f.Scenario == scenario && f.Tool == tool
	})
	if i < 0 {
		return Figure{}
	}
	return d.Figures[i]
}
