package builder

import (
	"strings"
	"testing"

	"github.com/moby/buildkit/solver/errdefs"
)

// BuildKit answers a solve of an empty state with no reference at all.
func TestNamesOnAnEmptyBase(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"user":  {"image: {base: scratch, user: nonroot}", `image.user: the base image has no user "nonroot"; give its number`},
		"group": {"image: {base: scratch, user: '0:staff'}", `image.user: the base image has no group "staff"; give its number`},
		"owner": {"image:\n  base: scratch\n  files: [{from: go.mod, to: /go.mod, owner: nonroot}]",
			`image.files[0].owner: the base image has no user "nonroot"; give its number`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Build(t.Context(), newStub(t, app("main: ./cmd/api\n"+c.spec, nil), nil))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if len(errdefs.Sources(err)) != 1 {
				t.Errorf("the error has no place in the spec")
			}
		})
	}
}

func TestEmptyContexts(t *testing.T) {
	const workspace = "go 1.26\n\nuse (\n\t.\n\t../lib\n)\n"
	for name, c := range map[string]struct {
		opts  map[string]string
		files map[string]string
		want  string
	}{
		"base":   {map[string]string{"context:gcr.io/distroless/static": "docker-image://scratch"}, nil, ""},
		"Go":     {map[string]string{"context:golang": "docker-image://scratch"}, nil, ""},
		"beside": {map[string]string{"context:lib": "docker-image://scratch"}, map[string]string{"go.work": workspace}, "go.mod"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Build(t.Context(), newStub(t, app("main: ./cmd/api", c.files), c.opts))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		})
	}
}
