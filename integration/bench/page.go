package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"text/template"

	"github.com/gokiln/gokiln/integration/internal/state"
)

// write writes performance.json, .md and .svg anew.
func (d Document) write(dir string) error {
	data, err := json.MarshalIndent(d, "", "  ")
	page, pageErr := d.page()
	if err := errors.Join(err, pageErr); err != nil {
		return err
	}
	return errors.Join(
		state.WriteFile(filepath.Join(dir, "performance.json"), append(data, '\n'), 0o644),
		state.WriteFile(filepath.Join(dir, "performance.svg"), []byte(d.chart()), 0o644),
		state.WriteFile(filepath.Join(dir, "performance.md"), []byte(page), 0o644),
	)
}

// table is one workload's figures.
type table struct {
	Name, About string
	Columns     []string
	Rows        []tableRow
	// Failures are sentences about what failed.
	Failures []string
}

type tableRow struct {
	Name, Title, Run string
	Figures          []Figure // one per column, without a tool where there is none
}

// tables arranges the figures, of one run or of all where run is empty.
func (d Document) tables(run string) []table {
	d.Figures = slices.DeleteFunc(slices.Clone(d.Figures), func(f Figure) bool { return run != "" && f.Run != run })
	var all []table
	for _, w := range workloads() {
		t := table{Name: w.name, About: w.about}
		columns := slices.DeleteFunc(tools(), func(t tool) bool {
			return !slices.ContainsFunc(d.Figures, func(f Figure) bool { return f.Workload == w.name && f.Tool == t.name })
		})
		for _, c := range columns {
			t.Columns = append(t.Columns, c.title)
		}
		for _, s := range scenarios() {
			r := tableRow{Name: s.name, Title: s.title}
			for _, c := range columns {
				f := d.find(w.name, s.name, c.name)
				r.Figures, r.Run = append(r.Figures, f), max(r.Run, f.Run)
				if f.Failed != "" {
					reason, _, _ := strings.Cut(f.Failed, "\n")
					t.Failures = append(t.Failures, fmt.Sprintf("%s, %s: failed after %d rounds: %s", s.name, c.title, len(f.Seconds), reason))
				}
			}
			if r.Run != "" {
				t.Rows = append(t.Rows, r)
			}
		}
		if len(t.Rows) > 0 {
			all = append(all, t)
		}
	}
	return all
}

// Text is the figure's median and, of several rounds, the least and the most.
func (f Figure) Text() string {
	switch {
	case f.Tool == "":
		return ""
	case len(f.Seconds) == 0:
		return "failed"
	}
	text := seconds(f.Median)
	if len(f.Seconds) > 1 {
		text += fmt.Sprintf(" (%s–%s)", seconds(f.Min), seconds(f.Max))
	}
	if f.Failed != "" {
		text += " then failed"
	}
	return text
}

// Cells are the figures for the page, with gokiln's share of the other tools' times.
func (r tableRow) Cells() (cells []string) {
	own := r.Figures[0]
	for _, f := range r.Figures {
		cell := f.Text()
		if own.Tool == gokiln && f.Tool != gokiln && own.Median > 0 && f.Median > 0 {
			cell += fmt.Sprintf("<br>× %.2f", own.Median/f.Median)
		}
		cells = append(cells, cell)
	}
	return cells
}

func seconds(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.2f", s)
	}
	return fmt.Sprintf("%.1f", s)
}

// text is the figures of one run for a terminal.
func (d Document) text(run string) string {
	var b strings.Builder
	for _, t := range d.tables(run) {
		out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(out, "%s\t%s\t\n", t.Name, strings.Join(t.Columns, "\t"))
		for _, r := range t.Rows {
			fmt.Fprintf(out, "%s\t", r.Name)
			for _, f := range r.Figures {
				fmt.Fprintf(out, "%s\t", f.Text())
			}
			fmt.Fprintln(out)
		}
		_ = out.Flush() // a buffer takes everything
		b.WriteString("\n")
	}
	return b.String()
}

// verdict says how far an aim was met.
type verdict struct{ Workload, Scenario, Aim, Measured, Met string }

func (d Document) verdicts() []verdict {
	var all []verdict
	for _, a := range aims() {
		for _, w := range a.workloads {
			own, other := d.find(w, a.scenario, gokiln), d.find(w, a.scenario, a.other)
			if len(own.Seconds) == 0 || a.other != "" && other.Median == 0 {
				continue
			}
			v := verdict{w, a.scenario, "no step runs a program", fmt.Sprint(len(own.Ran)), "met"}
			met := len(own.Ran) == 0
			if a.other != "" {
				share := own.Median / other.Median
				v.Aim, v.Measured, met = fmt.Sprintf("≤ %.2f of %s", a.most, title(a.other)), fmt.Sprintf("%.2f", share), share <= a.most
			}
			if !met {
				v.Met = "**missed**"
			}
			all = append(all, v)
		}
	}
	return all
}

// page is docs/performance.md.
func (d Document) page() (string, error) {
	type about struct{ Title, About string }
	data := struct {
		Verdicts []verdict
		Tables   []table
		Tools    []about
		Runs     []Run
	}{Verdicts: d.verdicts(), Tables: d.tables(""), Runs: d.Runs}
	for _, t := range tools() {
		data.Tools = append(data.Tools, about{t.title, t.about})
	}
	page, err := template.ParseFS(templates, "templates/page.md.tmpl")
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = page.Execute(&out, data)
	return out.String(), err
}

// GiB is the memory for people.
func (m Machine) GiB() string { return fmt.Sprintf("%.0f", float64(m.Memory)/(1<<30)) }

// colours are readable on light and on dark.
func colours() map[string]string {
	return map[string]string{
		gokiln: "#d9480f", expert: "#1c7ed6", expertSyntax: "#4dabf7", guide: "#868e96", ko: "#2f9e44", goBuild: "#9c6ade",
	}
}

// chart draws the medians: a group of bars per scenario, each with a scale of its own
// that ends at its longest bar, because scenarios differ by a factor of a hundred.
func (d Document) chart() string {
	const left, width, step = 330, 470.0, 14
	var b strings.Builder
	y := 16
	text := func(x, y int, class, s string) {
		fmt.Fprintf(&b, "<text class=%q x=\"%d\" y=\"%d\">%s</text>\n", class, x, y, html.EscapeString(s))
	}
	bar := func(x, y int, width float64, tool string) {
		fmt.Fprintf(&b, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" rx=\"2\" fill=%q/>\n", x, y, width, colours()[tool])
	}
	for i, t := range tools() {
		bar(16+140*i, y, 11, t.name)
		text(32+140*i, y+10, "", t.title)
	}
	for _, t := range d.tables("") {
		y += 40
		text(16, y, "head", t.Name)
		y += 10
		for _, r := range t.Rows {
			longest := slices.MaxFunc(r.Figures, func(a, b Figure) int { return int(1000 * (a.Median - b.Median)) }).Median
			text(16, y+10, "", r.Title)
			for _, f := range r.Figures {
				if f.Median > 0 {
					bar(left, y, max(1, width*f.Median/longest), f.Tool)
					text(left+5+int(width*f.Median/longest), y+9, "value", seconds(f.Median)+" s")
					y += step
				}
			}
			y += step
		}
	}
	return fmt.Sprintf(chartFrame, y, y, b.String())
}

// chartFrame leaves the background alone, and has the text follow the reader's choice
// of light or dark.
const chartFrame = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="%d" viewBox="0 0 900 %d" role="img">
<title>Seconds per build by workload, scenario and tool</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.head { font-size: 15px; font-weight: 600 }
.value { font-size: 10px }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
</style>
%s</svg>
`
