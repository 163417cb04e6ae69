package builder

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"

	"github.com/gokiln/gokiln/llb/llbtest"
)

const three = "apps:\n  api: {main: ./cmd/api}\n  web: {main: ./cmd/web, groups: [front], image: {env: {V: '1'}}}\n  job: {main: ./cmd/job, build: {ldflags: ['-X main.v={{.Version}}{{.Args.CHANNEL}}']}}\n"

// fleet is a build context with three apps and a dependency.
func fleet(yaml string, more map[string]string) fstest.MapFS {
	files := map[string]string{
		"go.mod":          "module example.com/app\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n",
		"go.sum":          "example.com/dep v1.0.0 h1:x\n",
		"cmd/web/main.go": "package main\n\nimport _ \"example.com/dep/web\"\n\nfunc main() {}\n",
		"cmd/job/main.go": "package main\n\nimport _ \"example.com/dep/job\"\n\nfunc main() {}\n",
	}
	maps.Copy(files, more)
	return app(yaml, files)
}

func TestTargets(t *testing.T) {
	for _, tt := range []struct {
		yaml, target string
		// build is what the compile steps build, err what the error says.
		build []string
		err   string
	}{
		{three, "web", []string{"./cmd/web"}, ""},
		{three, "binaries", []string{"./cmd/api", "./cmd/job", "./cmd/web"}, ""},
		{three, "binaries/job", []string{"./cmd/job"}, ""},
		{"apps: {web: {main: ./cmd/web}}", "", []string{"./cmd/web"}, ""},
		{"main: ./cmd/api", "image", []string{"./cmd/api"}, ""},
		{"main: ./cmd/api", "binaries", []string{"./cmd/api"}, ""},
		{three, "", nil, "apps: the spec has 3 apps; choose one with --target NAME (api, web, job), or write a bake file for all with --target bake"},
		{three, "wbe", nil, `target "wbe": there is no such target; did you mean "web"? the spec has api, web, job, binaries, binaries/NAME, bake`},
		{three, "image", nil, `target "image": there is no such target; the spec has api, web, job, binaries, binaries/NAME, bake`},
		{three, "binaries/jobs", nil, `did you mean "binaries/job"?`},
		{three, "binaries/", nil, `target "binaries/"`},
		{"main: ./cmd/api", "debug", nil, `target "debug": there is no such target; the spec has image, binaries, bake`},
		{"main: ./cmd/api", "binaries/api", nil, "the spec has image, binaries, bake"},
		{"apps: {a: {main: ./cmd/api, name: x}, b: {main: ./cmd/web, name: x}}", "binaries", nil,
			`apps.b: its program and one of apps.a are both named "x"; give one app another ` + "`name`, or export one with --target binaries/b"},
	} {
		t.Run(tt.target+" of "+strings.SplitN(tt.yaml, "\n", 2)[0], func(t *testing.T) {
			c := newStub(t, fleet(tt.yaml, nil), map[string]string{"target": tt.target, "build-arg:VERSION": "1", "build-arg:CHANNEL": "c"})
			_, err := Build(t.Context(), c)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("the error is %v, want %q", err, tt.err)
				}
				if strings.HasPrefix(tt.yaml, "apps") && len(errdefs.Sources(err)) == 0 {
					t.Error("the error has no place")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			vs, err := llbtest.Vertices(solved(t, c))
			if err != nil {
				t.Fatal(err)
			}
			var build []string
			for _, v := range vs {
				if _, packages, ok := strings.Cut(v.Name, "go build "); ok {
					build = append(build, packages)
				}
			}
			slices.Sort(build)
			if diff := cmp.Diff(tt.build, build); diff != "" {
				t.Error(diff)
			}
			for _, broken := range llbtest.Laws(vs, "linux/amd64") {
				t.Error(broken)
			}
		})
	}
}

// TestBinariesNeedNoBase: programs for platforms that no base image has.
func TestBinariesNeedNoBase(t *testing.T) {
	c := newStub(t, fleet(three, nil), map[string]string{"target": "binaries", "platform": "darwin/arm64,windows/amd64",
		"build-arg:VERSION": "1", "build-arg:CHANNEL": "c"})
	delete(c.images, "gcr.io/distroless/static")
	res, err := Build(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(res.Refs)); !slices.Equal(got, []string{"darwin/arm64", "windows/amd64"}) {
		t.Errorf("results for %q", got)
	}
}

// TestOneModuleStep: whichever app is built, the module step is the same, and so
// its layer is shared.
func TestOneModuleStep(t *testing.T) {
	steps := func(yaml, target string, more map[string]string) [2]string {
		c := newStub(t, fleet(yaml, more), map[string]string{"target": target, "build-arg:VERSION": "1", "build-arg:CHANNEL": "c"})
		vs := solve(t, c)
		exec := step(t, vs, "download modules").Op.GetExec()
		return [2]string{strings.Join(exec.Meta.Env, "\n"), string(step(t, vs, "say what to download").Op.GetFile().Actions[0].GetMkfile().Data)}
	}
	tags := strings.ReplaceAll(three, "main: ./cmd/job, build: {", "main: ./cmd/job, build: {tags: b, cgo: true, ")
	tags = strings.ReplaceAll(tags, "main: ./cmd/web,", "main: ./cmd/web, build: {tags: a, env: {GOFIPS140: v1.0.0}},")
	for name, yaml := range map[string]string{"alike": three, "tags": tags} {
		first := steps(yaml, "api", nil)
		for _, target := range []string{"web", "job"} {
			if diff := cmp.Diff(first, steps(yaml, target, nil)); diff != "" {
				t.Errorf("%s: the module step of %s (-api +%s):\n%s", name, target, target, diff)
			}
		}
		if name == "alike" && (!strings.Contains(first[1], "example.com/dep/job") || !strings.Contains(first[1], "example.com/dep/web")) {
			t.Errorf("the step does not download for all apps: %s", first[1])
		}
	}
	broken := steps(three, "api", map[string]string{"cmd/job/main.go": "package main\n\nimport _ \"example.com/app/gone\"\n\nfunc main() {}\n"})
	if !strings.Contains(broken[1], "example.com/dep/web") || strings.Contains(broken[1], "example.com/dep/job") {
		t.Errorf("with one app broken: %s", broken[1])
	}
}

func TestBakeTarget(t *testing.T) {
	c := newStub(t, fleet("modules: {auth: [{host: git.example.com, token: git-token}]}\n"+three, nil), map[string]string{"target": "bake", "platform": "linux/arm64,linux/amd64"})
	res, err := Build(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if res.Ref == nil || len(res.Refs) > 0 {
		t.Fatalf("the result has %d references", len(res.Refs))
	}
	data := mkfile(t, c)
	var got struct {
		Group  map[string]struct{ Targets []string }
		Target map[string]struct {
			Dockerfile, Secret string
			Args               map[string]string
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"api", "web", "job"}, got.Group["default"].Targets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"web"}, got.Group["front"].Targets); diff != "" {
		t.Error(diff)
	}
	if args := slices.Sorted(maps.Keys(got.Target["job"].Args)); !slices.Equal(args, []string{"CHANNEL", "VERSION"}) || len(got.Target["api"].Args) > 0 {
		t.Errorf("arguments of job: %q, of api: %q", args, got.Target["api"].Args)
	}
	if s := got.Target["_common"]; s.Dockerfile != "gokiln.yaml" || !strings.Contains(s.Secret, "id=git-token,env=GOKILN_SECRET_GIT_TOKEN") {
		t.Errorf("for all: %+v", s)
	}
}

// TestBakeFindsSpec: clients send the last element of -f alone.
func TestBakeFindsSpec(t *testing.T) {
	ctx := fleet("main: ./cmd/api", map[string]string{"a/gokiln.yaml": "main: .\n"})
	ctx["deploy/gokiln.yaml"] = ctx["gokiln.yaml"]
	data := ctx["gokiln.yaml"].Data
	if got := findSpec(ctx, "gokiln.yaml", data); got != "gokiln.yaml" {
		t.Errorf("at the root: %q", got)
	}
	delete(ctx, "gokiln.yaml")
	if got := findSpec(ctx, "gokiln.yaml", data); got != "deploy/gokiln.yaml" {
		t.Errorf("below: %q", got)
	}
	if got := findSpec(ctx, "other.yaml", data); got != "other.yaml" {
		t.Errorf("nowhere: %q", got)
	}
}

func mkfile(t *testing.T, c *stubClient) []byte {
	t.Helper()
	for _, req := range c.solved {
		for _, data := range req.Definition.Def {
			var op pb.Op
			if err := op.UnmarshalVT(data); err != nil {
				t.Fatal(err)
			}
			if file := op.GetFile(); file != nil {
				return file.Actions[0].GetMkfile().GetData()
			}
		}
	}
	t.Fatal("no file was written")
	return nil
}
