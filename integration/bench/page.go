package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Page is docs/performance.md: figures, ratios, aims and what they were
// measured with.
func (d Document) Page() string {
	var b strings.Builder
	b.WriteString(pageHead)
	d.pageAims(&b)
	for _, w := range Workloads() {
		d.pageWorkload(&b, w)
	}
	d.pageTools(&b)
	b.WriteString(pageMethod)
	d.pageRuns(&b)
	return b.String()
}

const pageHead = `<!-- Written by "make bench". -->

# Performance

How long the command line takes that a user types, the push to the registry included. Everything on this page is written by
` + "`make bench`" + `; [performance.json](performance.json) holds every round.

![Medians by workload and scenario](performance.svg)

`

const pageMethod = `## How it is measured

- All tools of one row build in one run, in turn, in rounds whose order alternates. A cell is the median, with the least and the
  most in brackets. Compare inside a row: rows may be from different runs.
- Every round makes a change that no build has seen. After each timed build the programs are fetched and searched for
  the change and for the dependency's version; a build that gave anything else is a failure.
- Warm rows share one daemon per workload that serves nobody else. Rows with a fresh daemon start one with an empty root
  for each build; starting it is not timed, pulling base images and frontends is. A minute passes before each of these
  builds: ext4 is slow to create files where many were deleted shortly before.
- "Registry cache" is ` + "`type=registry,mode=max`" + `, with the same flags for each tool that builds with buildkitd, exported by the build
  before the change. That build is not timed, as an earlier pipeline ran it. One row times the export as well.
- ko and ` + "`go build`" + ` run on the host. On a fresh machine their GOCACHE and GOMODCACHE are empty.
- Modules come from the machine's module proxy over the network, for every tool that downloads them.
- No attestations are made. The registry is on the same machine, plain HTTP.
- The expert's fleet is compiled in one step that all its targets share, and one target exports the cache.

`

func (d Document) pageAims(b *strings.Builder) {
	verdicts := d.Verdicts()
	if len(verdicts) == 0 {
		return
	}
	b.WriteString("## Aims\n\ngokiln's median over the other tool's, in one run.\n\n| workload | scenario | aim | measured | |\n|---|---|---|---|---|\n")
	for _, v := range verdicts {
		measured, met := fmt.Sprintf("%.2f", v.Ratio), "met"
		if v.Other == "" {
			measured = fmt.Sprintf("%d", len(v.Gokiln.Ran))
		}
		if !v.Met {
			met = "**missed**"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", v.Workload, v.Scenario, v.Text(), measured, met)
	}
	b.WriteString("\n")
	for _, v := range verdicts {
		if !v.Met {
			b.WriteString(v.missed())
		}
	}
}

// missed says by how much an aim was missed and what the time went to.
func (v Verdict) missed() string {
	var b strings.Builder
	if v.Other == "" {
		fmt.Fprintf(&b, "%s, %s: these steps ran: %s.\n\n", v.Workload, v.Scenario, strings.Join(v.Gokiln.Ran, "; "))
		return b.String()
	}
	fmt.Fprintf(&b, "%s, %s: %.2f instead of %.2f of %s, in %s s. The longest steps, which may overlap: ",
		v.Workload, v.Scenario, v.Ratio, v.Most, TitleOf(v.Other), seconds(v.Gokiln.Median))
	for i, s := range v.Gokiln.Steps {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s %s s", s.Name, seconds(s.Seconds))
	}
	if len(v.Gokiln.Steps) == 0 {
		fmt.Fprintf(&b, "none took %s s", seconds(shortestKept.Seconds()))
	}
	b.WriteString(".\n\n")
	return b.String()
}

func (d Document) pageWorkload(b *strings.Builder, w Workload) {
	columns := d.columns(w.Name)
	if len(columns) == 0 {
		return
	}
	fmt.Fprintf(b, "## %s\n\n%s. Seconds, and below them gokiln's share of the other's time.\n\n| scenario |", w.Name, upper(w.About))
	for _, t := range columns {
		fmt.Fprintf(b, " %s |", t.Title)
	}
	fmt.Fprintf(b, " run |\n|---|%s---|\n", strings.Repeat("---:|", len(columns)))
	for _, s := range Scenarios() {
		row := d.Row(w.Name, s.Name)
		if len(row) == 0 {
			continue
		}
		fmt.Fprintf(b, "| %s |", s.Title)
		own, _ := Of(row, Gokiln)
		for _, t := range columns {
			fmt.Fprintf(b, " %s |", strings.TrimSpace(cell(row, t.Name)+share(own, row, t)))
		}
		fmt.Fprintf(b, " %s |\n", row[0].Run)
	}
	b.WriteString("\n")
	d.pageFailures(b, w)
}

// share is gokiln's share of another tool's time, in a line of its own.
func share(own Figure, row []Figure, t Tool) string {
	other, ok := Of(row, t.Name)
	if !ok || t.Name == Gokiln || own.Median == 0 || other.Median == 0 {
		return ""
	}
	return fmt.Sprintf("<br>× %.2f", own.Median/other.Median)
}

func (d Document) pageFailures(b *strings.Builder, w Workload) {
	for _, f := range d.Figures {
		if f.Workload == w.Name && f.Failed != "" {
			first, _, _ := strings.Cut(f.Failed, "\n")
			fmt.Fprintf(b, "- %s, %s: failed after %d rounds: %s\n\n", f.Scenario, TitleOf(f.Tool), len(f.Seconds), first)
		}
	}
}

func (d Document) pageTools(b *strings.Builder) {
	b.WriteString("## Tools\n\n| | |\n|---|---|\n")
	for _, t := range Tools() {
		fmt.Fprintf(b, "| %s | %s |\n", t.Title, upper(t.About))
	}
	b.WriteString("\n")
}

func (d Document) pageRuns(b *strings.Builder) {
	b.WriteString("## Runs\n\n")
	for _, r := range d.Runs {
		fmt.Fprintf(b, "- **%s**, %s: %d × %s, %.0f GiB of memory, %s", r.ID, r.Started.UTC().Format("2 January 2006 15:04 MST"),
			r.Machine.Cores, r.Machine.CPU, float64(r.Machine.Memory)/(1<<30), r.Machine.System)
		if r.Machine.Kernel != "" {
			fmt.Fprintf(b, ", Linux %s", r.Machine.Kernel)
		}
		for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
			fmt.Fprintf(b, "; %s %s", name, r.Versions[name])
		}
		b.WriteString(".\n")
	}
}

// upper makes the first letter of a sentence a capital.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
