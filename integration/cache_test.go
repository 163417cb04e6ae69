package integration

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/integration/internal/image"
)

// withFiles is an app that has copied files and a dependency-free program.
func withFiles(t *testing.T, line string) map[string]string {
	return map[string]string{
		"gokiln.yaml": "main: .\nimage:\n  workdir: /srv/app\n  files:\n" +
			"    - {from: static, to: /srv/static}\n" +
			"    - {from: config.yaml, to: /etc/app/config.yaml, owner: nonroot, mode: 0640}\n" +
			"    - {from: secret.txt, to: /tmp/secret.txt, owner: '1000:2000', mode: 0600}\n",
		"main.go":             mainPrinting(t, line),
		"static/index.html":   "<h1>kiln</h1>\n",
		"static/css/site.css": "body {}\n",
		"config.yaml":         "a: b\n",
		"secret.txt":          "x\n",
	}
}

func TestFilesInTheImage(t *testing.T) {
	s := setup(t)
	tag := s.tag(t)
	s.ok(t, build{Dir: app(t, withFiles(t, "files")), Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
	img := fetch(t, tag)["linux/amd64"]
	all := files(t, img)
	type attrs struct {
		Mode     int64
		UID, GID int
	}
	want := map[string]attrs{
		"srv/app":                 {0o755, 0, 0},
		"srv/static/index.html":   {0o644, 0, 0},
		"srv/static/css/site.css": {0o644, 0, 0},
		"etc/app/config.yaml":     {0o640, 65532, 65532},
		"tmp/secret.txt":          {0o600, 1000, 2000},
		"usr/local/bin/app":       {0o755, 0, 0},
		"tmp":                     {0o1777, 0, 0},
		"home/nonroot":            {0o700, 65532, 65532},
		"etc/passwd":              {0o644, 0, 0},
		"etc/ssl/certs":           {0o755, 0, 0},
		"usr/local/bin":           {0o755, 0, 0},
		"etc":                     {0o755, 0, 0},
	}
	got := map[string]attrs{}
	for path := range want {
		if f, ok := all[path]; ok {
			got[path] = attrs{f.Mode, f.UID, f.GID}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if all["usr/local/bin/app"].Layer <= all["srv/static/index.html"].Layer {
		t.Error("the program is not in the last layer")
	}
}

// An unchanged file keeps its layer when the program changes, and the program
// keeps its layer when a file changes.
func TestLayersChangeAlone(t *testing.T) {
	s := setup(t)
	tag := s.tag(t)
	layers := func(change map[string]string) []string {
		all := withFiles(t, "layers")
		for name, data := range change {
			all[name] = data
		}
		s.ok(t, build{Dir: app(t, all), Args: []string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "."}})
		return layerDigests(t, fetch(t, tag)["linux/amd64"])
	}
	first := layers(nil)
	program := layers(map[string]string{"main.go": mainPrinting(t, "changed")})
	static := layers(map[string]string{"static/index.html": "<h1>changed</h1>\n"})
	last := len(first) - 1
	if diff := cmp.Diff(first[:last], program[:last]); diff != "" || first[last] == program[last] {
		t.Errorf("after a change of the program: %s", cmp.Diff(first, program))
	}
	if first[last] != static[last] || first[last-1] == static[last-1] {
		t.Errorf("after a change of a file: %s", cmp.Diff(first, static))
	}
}

// A checkout has the modes that somebody's umask has made. git knows two, and so do the
// cache and the image.
func TestUmask(t *testing.T) {
	s := setup(t)
	all := with(withFiles(t, "umask"), withDependency(t, "umask"), map[string]string{
		"gokiln.yaml": "main: [., ./linked]\nimage:\n  files:\n    - {from: static, to: /srv/static}\n    - {from: bin/run.sh, to: /srv/run.sh}\n    - {from: '*.txt', to: /srv}\n",
		"bin/run.sh":  "#!/bin/sh\n",
		// Through a link, so that the step sees the whole context.
		"link/main.go": "package main\n\nfunc main() {}\n",
	})
	tag := s.tag(t)
	checkout := func(file, program, dir os.FileMode) (result, map[string]string) {
		root := app(t, all)
		if err := os.Symlink("link", filepath.Join(root, "linked")); err != nil {
			t.Fatal(err)
		}
		chmod(t, root, file, dir)
		if err := os.Chmod(filepath.Join(root, "bin", "run.sh"), program); err != nil {
			t.Fatal(err)
		}
		r := s.ok(t, build{Dir: root, Args: append(caSecret(), "-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", ".")})
		return r, digests(t, fetch(t, tag))
	}
	_, ours := checkout(0o644, 0o755, 0o755)
	r, theirs := checkout(0o664, 0o775, os.ModeSetgid|0o775)
	if diff := cmp.Diff(ours, theirs); diff != "" {
		t.Error(diff)
	}
	if ran := slices.Concat(r.ran("download modules"), r.ran("] standard library"), r.ran("] dependencies"), r.ran("go build")); len(ran) > 0 {
		t.Errorf("another umask runs %q", ran)
	}
	if len(r.named("with the whole build context")) == 0 {
		t.Errorf("no step sees the whole context: %q", r.named("go build"))
	}
	modes := modesOf(t, fetch(t, tag)["linux/amd64"])
	for name, want := range map[string]string{"srv/static/index.html": "644", "srv/static/css": "755", "srv/run.sh": "755", "srv/secret.txt": "644"} {
		if modes[name] != want {
			t.Errorf("%s has mode %s, want %s", name, modes[name], want)
		}
	}
}

// modesOf are the modes of an image's files.
func modesOf(t *testing.T, img image.Image) map[string]string {
	t.Helper()
	modes := map[string]string{}
	for name, f := range files(t, img) {
		modes[name] = strconv.FormatInt(f.Mode, 8)
	}
	return modes
}

// chmod gives all files below a folder one mode, and all folders another.
func chmod(t *testing.T, root string, file, dir os.FileMode) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || e.Type()&fs.ModeSymlink != 0:
			return err
		case e.IsDir():
			return os.Chmod(name, dir)
		}
		return os.Chmod(name, file)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func layerDigests(t *testing.T, img image.Image) []string {
	t.Helper()
	all, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range all {
		d, err := l.Digest()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d.String())
	}
	return out
}

// What a daemon that has nothing makes of the same input. Its parts run in
// order, because one such daemon has to serve for all: the second finds what the
// first has built.
func TestFreshDaemon(t *testing.T) {
	s := setup(t)
	fresh := s.fresh(t)
	t.Run("registry cache", func(t *testing.T) { registryCache(t, s, fresh) })
	t.Run("same digests", func(t *testing.T) { sameDigests(t, s, fresh) })
	t.Run("pruned mounts", func(t *testing.T) { prunedMounts(t, fresh) })
	t.Run("no proxy in reach", func(t *testing.T) { noProxyInReach(t, s, fresh) })
}

// From the registry's cache no step runs at all and the images are the same; a
// change of the code runs compile, and neither modules nor dependencies; another
// module runs these, and not the standard library. Whoever fills the cache need not
// read one.
func registryCache(t *testing.T, s, fresh suite) {
	tag := s.tag(t)
	cache := "type=registry,ref=" + tag + ":cache"
	dir := app(t, withDependency(t, "cached"))
	args := append(caSecret(), "-f", "gokiln.yaml", "--platform", both, "-t", tag, "--push")
	s.ok(t, build{Dir: dir, Args: slices.Concat(args, []string{"--cache-to", cache + ",mode=max", "."})})
	args = append(args, "--cache-from", cache)
	before := digests(t, fetch(t, tag))

	r := fresh.ok(t, build{Dir: dir, Args: slices.Concat(args, []string{"."})})
	if ran := slices.Concat(r.ran("download modules"), r.ran("] standard library"), r.ran("] dependencies"), r.ran("go build")); len(ran) > 0 {
		t.Errorf("ran again: %q", ran)
	}
	if diff := cmp.Diff(before, digests(t, fetch(t, tag))); diff != "" {
		t.Error(diff)
	}

	write(t, dir+"/main.go", withDependency(t, "changed")["main.go"])
	r = fresh.ok(t, build{Dir: dir, Args: slices.Concat(args, []string{"."})})
	if ran := append(r.ran("download modules"), r.ran("] dependencies")...); len(ran) > 0 {
		t.Errorf("a change of the code runs %q", ran)
	}
	if layers := r.named("] dependencies"); len(layers) != 2 {
		t.Errorf("layers of dependencies: %q, want one for each platform", layers)
	}
	if len(r.ran("go build")) != 2 {
		t.Errorf("compiled %q, want both platforms", r.ran("go build"))
	}

	write(t, dir+"/go.mod", strings.Replace(withDependency(t, "")["go.mod"], "example.com/app", "example.com/renamed", 1))
	r = fresh.ok(t, build{Dir: dir, Args: slices.Concat(args, []string{"."})})
	if len(r.ran("download modules")) != 1 || len(r.ran("] dependencies")) != 2 {
		t.Errorf("another module runs %q and %q", r.ran("download modules"), r.ran("] dependencies"))
	}
	if ran := r.ran("] standard library"); len(ran) > 0 || len(r.named("] standard library")) != 2 {
		t.Errorf("another module runs %q of %q", ran, r.named("] standard library"))
	}
}

// Two daemons that share nothing make the same images, bit for bit.
func sameDigests(t *testing.T, s, fresh suite) {
	all := withFiles(t, "reproducible")
	args := func(tag string) []string {
		return []string{"-f", "gokiln.yaml", "--platform", both, "-t", tag, "--push", "."}
	}
	here, there := s.tag(t)+"-here", s.tag(t)+"-there"
	s.ok(t, build{Dir: app(t, all), Args: args(here)})
	r := fresh.ok(t, build{Dir: app(t, all), Args: args(there)})
	if len(r.ran("go build")) == 0 {
		t.Fatal("the second daemon compiled nothing")
	}
	if diff := cmp.Diff(digests(t, fetch(t, here)), digests(t, fetch(t, there))); diff != "" {
		t.Error(diff)
	}
}

// What a cache mount holds must not matter: with all of them pruned, a change of
// the code compiles from the modules layer.
func prunedMounts(t *testing.T, s suite) {
	tag := s.tag(t)
	dir := app(t, withDependency(t, "one"))
	args := append(caSecret(), "-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", ".")
	s.ok(t, build{Dir: dir, Args: args})
	s.buildctl(t, "prune", "--filter", "type==exec.cachemount", "--all")
	write(t, dir+"/main.go", withDependency(t, "two")["main.go"])
	r := s.ok(t, build{Dir: dir, Args: args})
	if ran := r.ran("download modules"); len(ran) > 0 {
		t.Errorf("ran %q", ran)
	}
	if out := s.run(t, fetch(t, tag)["linux/amd64"]); !strings.HasPrefix(out, "two ") {
		t.Errorf("printed %q", out)
	}
}

// withDependency is an app that needs a module from a proxy: one that imports
// little, because much of what is tried with it compiles everything.
func withDependency(t *testing.T, line string) map[string]string {
	return map[string]string{
		"go.mod": "module example.com/app\n\ngo 1.26\n\nrequire golang.org/x/mod v0.29.0\n",
		"go.sum": "golang.org/x/mod v0.29.0 h1:HV8lRxZC4l2cr3Zq1LvtOsi/ThTgWnUk/y64QSs8GwA=\n" +
			"golang.org/x/mod v0.29.0/go.mod h1:NyhrlYXJ2H4eJiRy/WDBO6HMqZQ6q9nk4JzS3NuCK+w=\n",
		"main.go": "// " + t.Name() + "\npackage main\n\nimport \"golang.org/x/mod/semver\"\n\nfunc main() { println(\"" + line + "\", semver.Major(\"v1.2.3\")) }\n",
	}
}
