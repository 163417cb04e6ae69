package bench

import (
	"fmt"
	"html"
	"strings"
)

// The chart's measures, in pixels.
const (
	chartWidth  = 900
	labelWidth  = 310
	barsWidth   = 470
	barHeight   = 11
	barStep     = 14
	rowGap      = 12
	titleHeight = 34
	margin      = 16
)

// palette gives each tool a colour that is readable on light and on dark.
func palette() map[string]string {
	return map[string]string{
		Gokiln: "#d9480f", Expert: "#1c7ed6", ExpertSyntax: "#4dabf7", Guide: "#868e96", Ko: "#2f9e44", Floor: "#9c6ade",
	}
}

// chartHead leaves the background alone, and has the text follow the reader's
// choice of light or dark.
const chartHead = `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="title">
<title id="title">Seconds per build by workload, scenario and tool</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.head { font-size: 15px; font-weight: 600; }
.value { font-size: 10px; }
.range { stroke: #1f2328; stroke-width: 1; opacity: .7; }
.axis { stroke: #1f2328; stroke-width: 1; opacity: .25; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .range, .axis { stroke: #e6edf3; }
}
</style>
`

// Chart is the medians as a drawing in SVG: a group of bars per scenario, each
// group with a scale of its own that ends at its longest bar, because scenarios
// differ by a factor of a hundred. A thin line spans the least and the most.
func (d Document) Chart() string {
	c := chart{y: margin}
	c.legend(d)
	for _, w := range Workloads() {
		if len(d.columns(w.Name)) == 0 {
			continue
		}
		c.y += titleHeight
		fmt.Fprintf(&c.body, "<text class=\"head\" x=\"%d\" y=\"%d\">%s</text>\n", margin, c.y-12, html.EscapeString(w.Name))
		for _, s := range Scenarios() {
			c.row(s, d.Row(w.Name, s.Name))
		}
	}
	height := c.y + margin
	return fmt.Sprintf(chartHead, chartWidth, height, chartWidth, height) + c.body.String() + "</svg>\n"
}

type chart struct {
	body strings.Builder
	y    int
}

func (c *chart) legend(d Document) {
	x := margin
	for _, t := range Tools() {
		used := false
		for _, f := range d.Figures {
			used = used || f.Tool == t.Name
		}
		if !used {
			continue
		}
		fmt.Fprintf(&c.body, "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" rx=\"2\" fill=\"%s\"/>", x, c.y, palette()[t.Name])
		fmt.Fprintf(&c.body, "<text x=\"%d\" y=\"%d\">%s</text>\n", x+17, c.y+10, html.EscapeString(t.Title))
		x += 40 + 7*len(t.Title)
	}
	c.y += barStep
}

// row draws one scenario, nothing where nobody has a figure.
func (c *chart) row(s Scenario, row []Figure) {
	longest, drawn := 0.0, 0
	for _, f := range row {
		if len(f.Seconds) > 0 {
			longest = max(longest, f.Max)
			drawn++
		}
	}
	if drawn == 0 || longest == 0 {
		return
	}
	middle := c.y + drawn*barStep/2 + 3
	fmt.Fprintf(&c.body, "<text x=\"%d\" y=\"%d\">%s</text>\n", margin, middle, html.EscapeString(s.Title))
	fmt.Fprintf(&c.body, "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", labelWidth+margin, c.y-2, labelWidth+margin, c.y+drawn*barStep)
	for _, t := range Tools() {
		if f, ok := Of(row, t.Name); ok {
			c.bar(f, barsWidth/longest)
			c.y += barStep
		}
	}
	c.y += rowGap
}

func (c *chart) bar(f Figure, scale float64) {
	left, width := float64(labelWidth+margin), max(f.Median*scale, 1)
	fmt.Fprintf(&c.body, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"><title>%s: %s s</title></rect>\n",
		left, c.y, width, barHeight, palette()[f.Tool], html.EscapeString(TitleOf(f.Tool)), seconds(f.Median))
	if f.Max > f.Min {
		y := float64(c.y) + barHeight/2.0
		fmt.Fprintf(&c.body, "<line class=\"range\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", left+f.Min*scale, y, left+f.Max*scale, y)
	}
	fmt.Fprintf(&c.body, "<text class=\"value\" x=\"%.1f\" y=\"%d\">%s s</text>\n", left+max(f.Median, f.Max)*scale+5, c.y+barHeight-2, seconds(f.Median))
}
