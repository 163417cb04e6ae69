package builder

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// Twice the apps, all built at once, take far less than four times the work: no
// template is expanded for each pair of apps. The planner goes through the fleet for
// each, which is little. What is counted are allocations, since time depends on the
// machine.
func TestWorkGrowsWithTheApps(t *testing.T) {
	work := func(apps int) uint64 {
		var b strings.Builder
		b.WriteString("build: {ldflags: ['-X main.version={{ .Version }} -X main.a={{ .Args.A }} -X main.b={{ .Args.B }}']}\napps:\n")
		for i := range apps {
			fmt.Fprintf(&b, "  app%d: {main: ./cmd/api}\n", i)
		}
		c := newStub(t, app(b.String(), nil), map[string]string{
			"target": targetBinaries, "build-arg:VERSION": "1", "build-arg:A": "a", "build-arg:B": "b",
		})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Build(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	few, many := work(100), work(200)
	if many > few*33/10 {
		t.Errorf("100 apps take %d allocations, 200 take %d", few, many)
	}
}
