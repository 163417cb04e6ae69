package builder

import (
	"context"
	"encoding/base64"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/errdefs"
	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/gokiln/gokiln/internal/crash"
	"github.com/gokiln/gokiln/llb/llbtest"
)

// FuzzBuild is the whole request: a spec, a tree, images and options made of the
// input. None makes the frontend panic, each gets a result or an error, and nothing
// that a user sees is more than text.
func FuzzBuild(f *testing.F) {
	for i, spec := range fuzzSpecs() {
		dice := make([]byte, 24)
		for j := range dice {
			dice[j] = byte(i*j + j*j)
		}
		f.Add(dice, spec, "module example.com/app\n\ngo 1.26\n", mainGo, "cmd/api/a b.go")
	}
	f.Add([]byte{}, "main: ./cmd/api", "module example.com/app\n\ngo 1.26\n\nrequire example.com/x v1.0.0\n", "package main\n\nimport _ \"example.com/x\"\n", "go.work")
	f.Add([]byte{1, 2, 3}, "image: {base: scratch, user: nonroot}", "module example.com/app\n\ngo 1.26\n", "package main\n\nimport \"C\"\n", "vendor/modules.txt")
	f.Fuzz(func(t *testing.T, bytes []byte, spec, gomod, source, name string) {
		d := &dice{bytes}
		c := &fuzzClient{stubClient: newStub(t, fuzzTree(d, spec, gomod, source, name), fuzzOptions(d, name)), dice: d}
		c.imageFS = fuzzImage(d, source)
		res, err := Build(t.Context(), c)
		switch {
		case err == nil && res == nil:
			t.Fatal("neither a result nor an error")
		case err != nil && strings.Contains(err.Error(), crash.Issues):
			t.Fatal(err)
		}
		checkShown(t, c.stubClient, err)
	})
}

// dice makes choices of bytes; without any left it takes the first.
type dice struct{ left []byte }

func (d *dice) roll(sides int) int {
	if len(d.left) == 0 {
		return 0
	}
	n := int(d.left[0]) % sides
	d.left = d.left[1:]
	return n
}

func pick[T any](d *dice, of ...T) T { return of[d.roll(len(of))] }

func fuzzSpecs() []string {
	return []string{
		"main: ./cmd/api",
		"main: ./cmd/api\nimage: {base: scratch, user: 'nonroot:staff', files: [{from: '**/*.go', to: /src/, owner: nonroot, mode: 0644}]}",
		"image: {base: scratch, files: [{from: cmd, to: /cmd}, {from: 'cmd/*', to: /all/}]}\nbuild: {ldflags: '-X main.v={{ .Args.X }}', pgo: default.pgo}",
		"main: [./cmd/api, ./cmd/api2]\nmodules: {auth: [{host: git.example.com, token: git-token}], proxy: 'context:proxy'}\nbuild: {cgo: true}",
		"apps:\n  a: {main: ./cmd/api}\n  b: {main: ./cmd/b, module: sub, groups: [web]}\n  c: {}",
		"apps: {a: {main: ./cmd/api, name: x}, b: {main: ./cmd/api, name: x, image: {user: b}}}",
		"cache: {dependencies: layer}\nimage: {labels: {v: '{{ .Version }}{{ .Date }}'}}",
		"x-a: &a {main: ./cmd/api}\n<<: *a\n",
		"- a\n",
		"",
	}
}

func fuzzTree(d *dice, spec, gomod, source, name string) fs.FS {
	tree := app(spec, map[string]string{"go.mod": gomod, "cmd/api/main.go": source})
	mode := pick[fs.FileMode](d, 0o644, fs.ModeDir|0o755, fs.ModeNamedPipe|0o644, fs.ModeDevice|0o600, fs.ModeSymlink|0o777, fs.ModeSocket|0o600)
	if fs.ValidPath(name) && name != "." {
		tree[name] = &fstest.MapFile{Data: []byte(source), Mode: mode}
	}
	if extra := pick(d, "", "go.sum", "go.work", "vendor/modules.txt", "cmd/api/more.go", "sub/go.mod", "default.pgo", "go.mod", "cmd/api", ".dockerignore"); extra != "" {
		tree[extra] = &fstest.MapFile{Data: []byte(pick(d, gomod, source, spec, name)), Mode: pick(d, 0o644, mode)}
	}
	return tree
}

func fuzzOptions(d *dice, text string) map[string]string {
	opts := map[string]string{}
	for range d.roll(5) {
		more := pick(d,
			map[string]string{"platform": "linux/amd64,linux/arm64"},
			map[string]string{"platform": text},
			map[string]string{"platform": "darwin/arm64,windows/amd64", "target": targetBinaries},
			map[string]string{"target": targetBake},
			map[string]string{"target": pick(d, "a", "b", "binaries/b", text)},
			map[string]string{"requestid": pick(d, "frontend.outline", "frontend.targets", "frontend.lint", "frontend.subrequests.describe", text)},
			map[string]string{"build-arg:X": text},
			map[string]string{"build-arg:SOURCE_DATE_EPOCH": pick(d, "context", "0", text)},
			map[string]string{"label:x": text, "attest:sbom": pick(d, "", "generator="+text)},
			map[string]string{"cache-imports": pick(d, `[{"Type":"registry"}]`, text)},
			map[string]string{"no-cache": pick(d, "", "modules", text)},
			map[string]string{"context:golang": pick(d, "docker-image://scratch", "local:go", text)},
			map[string]string{"context:gcr.io/distroless/static": pick(d, "docker-image://scratch", "docker-image://golang", "local:base", text)},
			map[string]string{"context:scratch": pick(d, "docker-image://golang", text)},
			map[string]string{"context:proxy": pick(d, "docker-image://scratch", "local:proxy")},
			map[string]string{"context": pick(d, "https://example.com/a.git", "https://example.com/a.tar", text)},
			map[string]string{"filename": text},
			map[string]string{"force-network-mode": pick(d, "host", text), "add-hosts": text, "shm-size": text, "ulimit": text},
			map[string]string{"frontend.caps": text, "multi-platform": text},
		)
		maps.Copy(opts, more)
	}
	return opts
}

// fuzzImage is what all images hold.
func fuzzImage(d *dice, text string) fs.FS {
	passwd := []byte(pick(d, "nonroot:x:65532:65532::/:/\n", text))
	return pick[fs.FS](d,
		fstest.MapFS{"etc/passwd": {Data: passwd}, "etc/group": {Data: []byte("staff:x:50:\n")}},
		fstest.MapFS{},
		fstest.MapFS{"etc": {Data: passwd}},
		fstest.MapFS{"etc/passwd": {Mode: fs.ModeNamedPipe}},
		fstest.MapFS{"etc/passwd/x": {}},
		fstest.MapFS{"etc/passwd": {Mode: fs.ModeSymlink, Data: []byte("../../../etc/group")}},
	)
}

// fuzzClient answers now and then as an older, an empty or a broken BuildKit does.
type fuzzClient struct {
	*stubClient
	dice *dice
}

func (c *fuzzClient) Solve(ctx context.Context, req client.SolveRequest) (*client.Result, error) {
	res, err := c.stubClient.Solve(ctx, req)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.dice.roll(8) {
	case 5:
		return client.NewResult(), nil
	case 6:
		return nil, context.DeadlineExceeded
	case 7:
		if ref, ok := res.Ref.(*llbtest.Ref); ok {
			res.SetRef(&brokenRef{ref})
		}
	}
	return res, err
}

// brokenRef has no stat for a name, or one of another kind.
type brokenRef struct{ *llbtest.Ref }

func (r *brokenRef) ReadDir(ctx context.Context, req client.ReadDirRequest) ([]*fstypes.Stat, error) {
	list, err := r.Ref.ReadDir(ctx, req)
	for i := range list {
		if i%2 == 1 {
			list[i] = &fstypes.Stat{Path: base64.StdEncoding.EncodeToString([]byte(list[i].Path)), Mode: uint32(fs.ModeDir)}
		}
	}
	return list, err
}

// checkShown looks at all that a client shows of a build.
func checkShown(t *testing.T, c *stubClient, err error) {
	t.Helper()
	control := func(r rune) bool { return !strconv.IsPrint(r) }
	lines := func(r rune) bool { return control(r) && r != '\n' && r != '\t' && r != '\r' }
	plain := func(what, s string) {
		t.Helper()
		if strings.ContainsFunc(s, control) {
			t.Errorf("%s is shown as it is: %q", what, s)
		}
	}
	for _, req := range c.solved {
		for _, meta := range req.Definition.GetMetadata() {
			if name := meta.GetDescription()["llb.customname"]; !strings.Contains(name, "load build definition") {
				plain("a step", name)
			}
		}
	}
	for _, w := range c.warnings {
		plain("a warning", w)
	}
	if err == nil {
		return
	}
	if strings.ContainsFunc(err.Error(), lines) {
		t.Errorf("an error is shown as it is: %q", err)
	}
	for _, src := range errdefs.Sources(err) {
		plain("the name of a source", src.GetInfo().GetFilename())
		if data := src.GetInfo().GetData(); strings.ContainsFunc(string(data), lines) {
			t.Errorf("a source is shown as it is: %q", data)
		}
	}
}
