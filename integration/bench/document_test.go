package bench

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		seconds []float64
		want    Spread
	}{
		{nil, Spread{}},
		{[]float64{2}, Spread{2, 2, 2}},
		{[]float64{9, 1, 4}, Spread{4, 1, 9}},
		{[]float64{8, 2, 4, 1}, Spread{3, 1, 8}},
	} {
		if got := SpreadOf(c.seconds); got != c.want {
			t.Errorf("SpreadOf(%v) = %+v, want %+v", c.seconds, got, c.want)
		}
	}
	if got := middleRound([]float64{8, 2, 4, 1}); got != 1 {
		t.Errorf("middle round %d", got)
	}
}

func figure(workload, scenario, tool, run string, rounds ...float64) Figure {
	return Figure{Workload: workload, Scenario: scenario, Tool: tool, Run: run, Seconds: rounds}.done2()
}

func (f Figure) done2() Figure { f.Spread = SpreadOf(f.Seconds); return f }

// sample has two runs, a met and a missed aim, and a failure.
func sample() Document {
	started := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	machine := Machine{CPU: "Example CPU <3 GHz>", Cores: 2, Memory: 8 << 30, System: "linux/amd64", Kernel: "6.1.0"}
	one := Run{ID: "20260301T120000Z", Started: started, Machine: machine, Versions: map[string]string{"go": "go1.26.8", "ko": "v0.19.1"}}
	two := Run{ID: "20260302T120000Z", Started: started.AddDate(0, 0, 1), Machine: machine, Versions: map[string]string{"go": "go1.26.8"}}
	slow := figure(Caddy, "ci", Gokiln, two.ID, 28, 30, 29)
	slow.Steps = []Spent{{"[linux/amd64] go build .", 14.5}, {"exporting to image", 1.25}}
	broken := figure(Caddy, "ci", Guide, two.ID)
	broken.Failed = "exit status 1: it broke\nand more"
	d := Document{}.With(one, []Figure{figure(Service, "cold", Gokiln, one.ID, 50), figure(Service, "cold", Expert, one.ID, 60)})
	return d.With(two, []Figure{slow, figure(Caddy, "ci", Expert, two.ID, 90, 100, 95), broken})
}

func TestRowsComeFromOneRun(t *testing.T) {
	d := sample()
	three := Run{ID: "20260303T120000Z"}
	d = d.With(three, []Figure{figure(Caddy, "ci", Gokiln, three.ID, 9)})
	row := d.Row(Caddy, "ci")
	if len(row) != 1 || row[0].Run != three.ID {
		t.Errorf("row %+v", row)
	}
	if len(d.Row(Service, "cold")) != 2 {
		t.Error("the other row is gone")
	}
	var ids []string
	for _, r := range d.Runs {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{"20260301T120000Z", three.ID}, ids); diff != "" {
		t.Error(diff)
	}
}

func TestDocumentComesBack(t *testing.T) {
	p := Pages{Dir: t.TempDir()}
	want := sample()
	for _, row := range [][]Figure{want.Row(Service, "cold"), want.Row(Caddy, "ci")} {
		for _, r := range want.Runs {
			if r.ID == row[0].Run {
				if err := p.Add(r, row); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	got, err := p.Read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Figure{}), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(filepath.Join(p.Dir, "performance.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := p.Add(want.Runs[0], want.Figures[:1]); err == nil {
		t.Error("a broken file was overwritten")
	}
}

func TestVerdicts(t *testing.T) {
	type short struct {
		Workload, Scenario, Other string
		Ratio                     float64
		Met                       bool
	}
	d := sample()
	busy := figure(Service, "unrelated", Gokiln, "x", 1)
	busy.Ran = []string{"[linux/amd64] go build ."}
	d = d.With(Run{ID: "x"}, []Figure{busy})
	var got []short
	for _, v := range d.Verdicts() {
		got = append(got, short{v.Workload, v.Scenario, v.Other, v.Ratio, v.Met})
	}
	want := []short{
		{Service, "cold", Expert, 50.0 / 60, true},
		{Service, "unrelated", "", 0, false},
		{Caddy, "ci", Expert, 29.0 / 95, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExecutedSteps(t *testing.T) {
	for name, want := range map[string]bool{
		"[internal] load build context":              false,
		"[build 3/4] RUN go build":                   true,
		"[linux/amd64 build 3/4] RUN go build":       true,
		"[build 1/4] FROM docker.io/library/golang":  false,
		"[stage-1 2/2] COPY --from=build /out/a /a":  false,
		"[modules] download modules":                 true,
		"[modules] collect module files":             false,
		"[linux/amd64] copy programs":                false,
		"[linux/amd64] something not known here":     true,
		"exporting to image":                         false,
		"importing cache manifest from localhost/a":  false,
		"resolve image config for docker-image://a":  false,
		"[linux/amd64] toolchain image docker.io/go": false,
		"[a internal] load build context":            false,
		"[a] exporting to image":                     false,
		"[a] resolve image config for docker.io/a":   false,
		"[a build 3/4] RUN go build":                 true,
		"[a linux/amd64] go build ./cmd/a":           true,
		"[a linux/amd64] copy programs":              false,
	} {
		if got := (Step{Name: name, Ran: true}).executed(); got != want {
			t.Errorf("%q: %v", name, got)
		}
		if (Step{Name: name}).executed() {
			t.Errorf("%q counts though it did not run", name)
		}
	}
}

func TestGolden(t *testing.T) {
	d := sample()
	for name, got := range map[string]string{"page.md": d.Page(), "chart.svg": d.Chart(), "table.txt": d.Table("")} {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (rewrite with -update): %s", name, diff)
		}
	}
	if got := sample().Table("20260302T120000Z"); strings.Contains(got, "service") {
		t.Errorf("the table of one run holds another's:\n%s", got)
	}
}

// What is published says what its figures say. Rewrite it with -update.
func TestPublishedPage(t *testing.T) {
	pages := Pages{Dir: "../../docs"}
	d, err := pages.Read()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := pages.write(d); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"performance.md": d.Page(), "performance.svg": d.Chart()} {
		got, err := os.ReadFile(filepath.Join(pages.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is not what performance.json says: %s", name, diff)
		}
	}
}

func TestChartIsXML(t *testing.T) {
	dec := xml.NewDecoder(strings.NewReader(sample().Chart()))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
