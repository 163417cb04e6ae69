package harness

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseProgress(t *testing.T) {
	const output = `#0 building with "gokiln" instance
{"vertexes":[{"digest":"sha256:a","name":"load spec","started":"2026-01-01T00:00:00Z"}]}
{"vertexes":[{"digest":"sha256:b","name":"go build","inputs":["sha256:a"]}],"logs":[{"vertex":"sha256:b","stream":2,"data":"b25l"}]}
{"logs":[{"vertex":"sha256:b","data":"LCB0d28="}]}
{"vertexes":[{"digest":"sha256:a","name":"load spec","started":"2026-01-01T00:00:00Z","completed":"2026-01-01T00:00:02Z","cached":true}]}
{"vertexes":[{"digest":"sha256:b","name":"go build","inputs":["sha256:a"],"completed":"2026-01-01T00:00:02Z","error":"exit code: 1"}]}
{"vertexes":[{"digest":"sha256:c","name":"copy","started":"2026-01-01T00:00:00Z","completed":"2026-01-01T00:00:01Z"}]}
gokiln.yaml:2
{ not a report
ERROR: failed to build
`
	steps, text := ParseProgress([]byte(output))
	want := []Step{
		{Digest: "sha256:a", Name: "load spec", Cached: true, Took: 2 * time.Second},
		{Digest: "sha256:b", Name: "go build", Inputs: []string{"sha256:a"}, Error: "exit code: 1", Log: "one, two"},
		{Digest: "sha256:c", Name: "copy", Ran: true, Took: time.Second},
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
	const wantText = "#0 building with \"gokiln\" instance\ngokiln.yaml:2\n{ not a report\nERROR: failed to build\n"
	if diff := cmp.Diff(wantText, text); diff != "" {
		t.Error(diff)
	}
}
