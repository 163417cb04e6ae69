package bench

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// columns are the tools that have a figure in a workload's rows.
func (d Document) columns(workload string) []Tool {
	var all []Tool
	for _, t := range Tools() {
		if slices.ContainsFunc(d.Figures, func(f Figure) bool { return f.Workload == workload && f.Tool == t.Name }) {
			all = append(all, t)
		}
	}
	return all
}

// Table is the figures of one run for a terminal, or of all where run is empty:
// medians in seconds, with the least and the most where there are several
// rounds.
func (d Document) Table(run string) string {
	if run != "" {
		d.Figures = slices.DeleteFunc(slices.Clone(d.Figures), func(f Figure) bool { return f.Run != run })
	}
	var b strings.Builder
	for _, w := range Workloads() {
		columns := d.columns(w.Name)
		if len(columns) == 0 {
			continue
		}
		out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(out, "%s\t", w.Name)
		for _, t := range columns {
			fmt.Fprintf(out, "%s\t", t.Title)
		}
		fmt.Fprintln(out)
		for _, s := range Scenarios() {
			row := d.Row(w.Name, s.Name)
			if len(row) == 0 {
				continue
			}
			fmt.Fprintf(out, "%s\t", s.Name)
			for _, t := range columns {
				fmt.Fprintf(out, "%s\t", cell(row, t.Name))
			}
			fmt.Fprintln(out)
		}
		// A buffer takes everything.
		_ = out.Flush()
		b.WriteString("\n")
	}
	return b.String()
}

// cell is a figure as a table shows it.
func cell(row []Figure, tool string) string {
	i := slices.IndexFunc(row, func(f Figure) bool { return f.Tool == tool })
	switch {
	case i < 0:
		return ""
	case len(row[i].Seconds) == 0:
		return "failed"
	}
	f := row[i]
	text := seconds(f.Median)
	if len(f.Seconds) > 1 {
		text += fmt.Sprintf(" (%s–%s)", seconds(f.Min), seconds(f.Max))
	}
	if f.Failed != "" {
		text += " then failed"
	}
	return text
}

// seconds writes a time with three digits or so.
func seconds(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.2f", s)
	}
	return fmt.Sprintf("%.1f", s)
}
