package integration

import (
	"archive/tar"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"

	"github.com/gokiln/gokiln/integration/internal/modserver"
)

// modulePath is a module path that no other test and no other run uses: the
// builder's store of modules outlives both.
func modulePath(t *testing.T, element string) string {
	t.Helper()
	test := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(t.Name()), "-")
	return fmt.Sprintf("m-%s.example.com/%s/%s", strings.ToLower(rand.Text()[:8]), test, element)
}

// library is a module whose package says who it is.
func library(path, version string) modserver.Module {
	return modserver.Module{Path: path, Version: version, Files: map[string]string{
		"lib.go":      fmt.Sprintf("package lib\n\nconst Name = %q\n", "lib "+version),
		"lib_test.go": "package lib\n",
		"README.md":   "a text that no compile needs\n",
	}}
}

// importing is an app that requires modules and prints the Name of some.
func importing(required []modserver.Module, imports ...string) map[string]string {
	var mod, main, body strings.Builder
	mod.WriteString("module example.com/app\n\ngo 1.26\n\n")
	for _, m := range required {
		fmt.Fprintf(&mod, "require %s %s\n", m.Path, m.Version)
	}
	main.WriteString("package main\n\nimport (\n")
	for i, p := range imports {
		fmt.Fprintf(&main, "\tp%d %q\n", i, p)
		fmt.Fprintf(&body, "\tprintln(p%d.Name)\n", i)
	}
	return map[string]string{
		"go.mod": mod.String(), "go.sum": modserver.Sums(required...),
		"main.go": main.String() + ")\n\nfunc main() {\n" + body.String() + "}\n",
	}
}

// fromProxy are the arguments of a build that downloads from one server.
func fromProxy(p *modserver.Server, more ...string) []string {
	return append([]string{"-f", "gokiln.yaml", "--build-arg", "GOPROXY=" + p.URL()}, more...)
}

// noProxyInReach proves that the modules layer holds all that compile needs. The
// layer comes from another daemon through the registry's cache, the module proxy
// is gone, and in the end the cache mounts are too; the code changes each time.
func noProxyInReach(t *testing.T, s, fresh suite) {
	lib := library(modulePath(t, "lib"), "v1.0.0")
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib}})
	all := importing([]modserver.Module{lib}, lib.Path)
	dir := app(t, all)
	cache := "type=registry,ref=" + s.tag(t) + ":cache"
	s.ok(t, build{Dir: dir, Args: fromProxy(p, "--platform", "linux/amd64", "-o", "type=cacheonly", "--cache-to", cache+",mode=max", ".")})
	p.Close()

	for i, from := range []suite{fresh, fresh, s} {
		if i > 0 {
			from.buildctl(t, "prune", "--filter", "type==exec.cachemount", "--all")
		}
		line := fmt.Sprintf("change %d of %s", i, t.Name())
		write(t, dir+"/main.go", strings.Replace(all["main.go"], "println(", fmt.Sprintf("println(%q, ", line), 1))
		img, r := from.pushOne(t, build{Dir: dir, Args: fromProxy(p, "--cache-from", cache, ".")})
		if ran := r.ran("download modules"); len(ran) > 0 {
			t.Errorf("build %d ran %q", i, ran)
		}
		from.prints(t, img, line+" lib v1.0.0")
	}
}

// What is not what go.sum says fails the build, wherever it comes from, and stays
// nowhere.
func TestTamperedModule(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t) // its steps reach the proxy on loopback
	lib := library(modulePath(t, "lib"), "v1.0.0")
	tamper := true
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib}, Fault: func(path string, _ int) modserver.Fault {
		return modserver.Fault{Tamper: tamper && strings.HasSuffix(path, ".zip")}
	}})
	files := importing([]modserver.Module{lib}, lib.Path)
	hash := strings.Fields(files["go.sum"])[2]
	files["go.sum"] = "example.org/other v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" + files["go.sum"]
	dir := app(t, files)
	// Another number of retries is another step. (No cache would be no store
	// either: BuildKit then empties the step's cache mounts.)
	args, steps := fromProxy(p, "."), 0
	again := func() build {
		steps++
		write(t, dir+"/gokiln.yaml", fmt.Sprintf("%smodules: {retries: %d}\n", syntaxLine, steps))
		return build{Dir: dir, Args: args}
	}
	wants := []string{lib.Path + " v1.0.0", hash, "go.sum:2", "(M4, "}
	check := func(r result) {
		t.Helper()
		checkFailure(t, failure{want: wants, compiles: true}, r)
		if hashes := regexp.MustCompile(`h1:[A-Za-z0-9+/]{43}=`).FindAllString(r.Output, -1); len(slices.Compact(slices.Sorted(slices.Values(hashes)))) != 2 {
			t.Errorf("the output names the hashes %q, want two", hashes)
		}
		if found := s.inDaemon(t, lib, "tampered.txt"); len(found) > 0 {
			t.Errorf("what was tampered with is still in %q", found)
		}
	}
	check(s.try(t, again()))
	tamper = false
	img, _ := s.pushOne(t, again())
	s.prints(t, img, "lib v1.0.0")
}

// inDaemon finds a file of an extracted module in what the daemon keeps.
func (s suite) inDaemon(t *testing.T, m modserver.Module, file string) []string {
	t.Helper()
	return s.glob(t, filepath.FromSlash(m.Path)+"@"+m.Version+"/"+file)
}

func (s suite) glob(t *testing.T, below string) []string {
	t.Helper()
	found, err := filepath.Glob(s.State.Path("buildkit", "runc-*", "snapshots", "snapshots", "*", "fs", below))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestMissingSum(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	below := library(modulePath(t, "below"), "v1.0.0")
	lib := library(modulePath(t, "lib"), "v1.0.0")
	lib.Files["go.mod"] = fmt.Sprintf("module %s\n\ngo 1.24\n\nrequire %s v1.0.0\n", lib.Path, below.Path)
	lib.Files["lib.go"] = fmt.Sprintf("package lib\n\nimport below %q\n\nconst Name = below.Name\n", below.Path)
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib, below}})
	// Of what is required directly go.mod's line is known, of the rest only the
	// go command knows.
	direct := importing([]modserver.Module{lib, below}, lib.Path)
	direct["go.sum"] = modserver.Sums(below)
	indirect := importing([]modserver.Module{lib, below}, lib.Path)
	indirect["go.sum"] = modserver.Sums(lib) + strings.SplitAfter(modserver.Sums(below), "\n")[1]
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"no line": {direct, []string{"go.mod:5", lib.Path, "go mod tidy", "(M5, "}},
		"no zip":  {indirect, []string{below.Path, "go mod tidy", "(M5, "}},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.try(t, build{Dir: app(t, c.files), Args: fromProxy(p, ".")})
			checkFailure(t, failure{want: c.want}, r)
		})
	}
}

// Of very many lines that go.sum lacks the user sees a few, and how many there are.
func TestVeryManyMissingSums(t *testing.T) {
	s := setup(t)
	t.Parallel()
	var required []modserver.Module
	for i := range 1000 {
		required = append(required, library(fmt.Sprintf("many.example.com/m%d", i), "v1.0.0"))
	}
	files := importing(required, required[0].Path)
	files["go.sum"] = ""
	r := s.try(t, build{Dir: app(t, files), Args: []string{"-f", "gokiln.yaml", "."}})
	checkFailure(t, failure{want: []string{"1000 errors", "go.mod:5", "many.example.com/m0 v1.0.0", "and 990 more", "(M5, "}}, r)
	if len(r.Output) > 20_000 {
		t.Errorf("the output has %d bytes", len(r.Output))
	}
}

// The layer has no zips and no test files, and only what is imported; a bump
// downloads what is new.
func TestModulesLayerIsSmall(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	lib, unused := library(modulePath(t, "lib"), "v1.0.0"), library(modulePath(t, "unused"), "v1.0.0")
	emb, newer := library(modulePath(t, "emb"), "v1.0.0"), library(lib.Path, "v1.1.0")
	emb.Files["lib.go"] = "package lib\n\nimport _ \"embed\"\n\n//go:embed testdata/name_test.go\nvar Name string\n"
	emb.Files["testdata/name_test.go"] = "embedded"
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib, unused, emb, newer}})
	dir := app(t, importing([]modserver.Module{lib, unused, emb}, lib.Path, emb.Path))
	tag := s.tag(t)
	img, _ := s.pushOne(t, build{Dir: dir, Args: fromProxy(p, "--cache-to", "type=registry,mode=max,ref="+tag+":cache", ".")})
	if out := s.run(t, img); out != "lib v1.0.0\nembedded\n" {
		t.Errorf("printed %q", out)
	}
	var names []string
	for _, layer := range cacheLayers(t, tag+":cache") {
		if slices.ContainsFunc(layer, func(n string) bool { return strings.HasSuffix(n, ".ziphash") }) {
			names = append(names, layer...)
		}
	}
	want := []string{
		"cache/download/" + emb.Path + "/@v/v1.0.0.mod", "cache/download/" + emb.Path + "/@v/v1.0.0.ziphash",
		"cache/download/" + lib.Path + "/@v/v1.0.0.mod", "cache/download/" + lib.Path + "/@v/v1.0.0.ziphash",
		emb.Path + "@v1.0.0/README.md", emb.Path + "@v1.0.0/go.mod", emb.Path + "@v1.0.0/lib.go", emb.Path + "@v1.0.0/lib_test.go", emb.Path + "@v1.0.0/testdata/name_test.go",
		lib.Path + "@v1.0.0/go.mod", lib.Path + "@v1.0.0/lib.go",
	}
	slices.Sort(want)
	slices.Sort(names)
	if !slices.Equal(want, names) {
		t.Errorf("the layer has\n%s\nwant\n%s", strings.Join(names, "\n"), strings.Join(want, "\n"))
	}
	if n := p.Count(unused.Path + "/@v/v1.0.0.zip"); n > 0 {
		t.Errorf("what nothing imports was downloaded %d times", n)
	}
	r := s.ok(t, build{Dir: dir, Args: fromProxy(p, "--platform", both, ".")})
	if ran := r.ran("download modules"); len(ran) > 0 {
		t.Errorf("for a second platform ran %q", ran)
	}

	for name, data := range importing([]modserver.Module{newer, unused, emb}, lib.Path, emb.Path) {
		write(t, filepath.Join(dir, name), data)
	}
	before := p.Count(".zip")
	s.ok(t, build{Dir: dir, Args: fromProxy(p, ".")})
	if n := p.Count(".zip") - before; n != 1 {
		t.Errorf("a new version of one module downloaded %d zips, want one", n)
	}
}

// The go command opens each module whose path is a prefix of an import, though
// nothing is imported from it: a version from before modules, beside a module below
// it; the first major version, beside the second; a module above the main one.
func TestModulesThatAreOnlyAPrefix(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	root := modulePath(t, "azure")
	parent := modserver.Module{Path: root, Version: "v14.2.0+incompatible", Files: map[string]string{"doc.txt": "no package here", "other/other.go": "package other\n"}}
	below := library(root+"/autorest/to", "v0.4.1")
	below.Files["go.mod"] = fmt.Sprintf("module %s\n\ngo 1.12\n\nrequire %s %s\n", below.Path, parent.Path, parent.Version)
	first, second := library(modulePath(t, "hash"), "v1.1.0"), library(modulePath(t, "hash")+"/v2", "v2.3.0")
	first.Path = strings.TrimSuffix(second.Path, "/v2")
	above := library(modulePath(t, "mono"), "v1.0.0")
	all := []modserver.Module{parent, below, first, second, above}
	p := modserver.Start(t, modserver.Options{Modules: all})
	files := importing(all, below.Path, second.Path)
	files["go.mod"] = strings.Replace(files["go.mod"], "module example.com/app", "module "+above.Path+"/app", 1)
	files["main.go"] = strings.Replace(files["main.go"], "import (", fmt.Sprintf("import (\n\t_ %q", above.Path+"/app/sub"), 1)
	files["sub/sub.go"] = "package sub\n"
	dir := app(t, files)
	img, _ := s.pushOne(t, build{Dir: dir, Args: fromProxy(p, ".")})
	s.prints(t, img, "lib v0.4.1\nlib v2.3.0")
	write(t, dir+"/sub/sub.go", "package sub\n\nconst Changed = true\n")
	p.Close()
	s.ok(t, build{Dir: dir, Args: fromProxy(p, ".")})
}

// cacheLayers lists the files of each layer of a cache in the registry.
func cacheLayers(t *testing.T, reference string) [][]string {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(ref, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for _, l := range layers {
		rc, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tarNames(t, rc))
		if err := rc.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func tarNames(t *testing.T, from io.Reader) []string {
	t.Helper()
	var names []string
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			names = append(names, h.Name)
		}
	}
}

// With a vendor folder, or with a proxy that is a folder, no step has a network.
func TestOffline(t *testing.T) {
	s := setup(t)
	t.Parallel()
	lib := library(modulePath(t, "lib"), "v1.0.0")
	folder := t.TempDir()
	modserver.WriteDir(t, folder, lib)
	required := importing([]modserver.Module{lib}, lib.Path)
	vendored := importing([]modserver.Module{lib}, lib.Path)
	vendored["vendor/modules.txt"] = fmt.Sprintf("# %s v1.0.0\n## explicit; go 1.24\n%s\n", lib.Path, lib.Path)
	vendored["vendor/"+lib.Path+"/lib.go"] = lib.Files["lib.go"]
	vendored["gokiln.yaml"] = "modules: {proxy: off}\n"
	required["gokiln.yaml"] = "modules: {proxy: 'context:modules,off'}\n"
	for name, c := range map[string]struct {
		files map[string]string
		args  []string
	}{
		"vendor": {vendored, nil},
		"folder": {required, []string{"--build-context", "modules=" + folder}},
	} {
		t.Run(name, func(t *testing.T) {
			tag := s.tag(t)
			args := append([]string{"-f", "gokiln.yaml", "--platform", "linux/amd64", "-t", tag, "--push", "--provenance=mode=max,version=v1"}, c.args...)
			s.ok(t, build{Dir: app(t, c.files), Args: append(args, ".")})
			s.prints(t, fetch(t, tag)["linux/amd64"], "lib v1.0.0")
			steps := 0
			for _, step := range provenance(t, tag).Predicate.BuildDefinition.InternalParameters.BuildConfig.LLBDefinition {
				if exec := step.Op.Op.Exec; exec != nil {
					steps++
					if exec.Network != netModeNone {
						t.Errorf("%q has network mode %d, want %d", exec.Meta.Args, exec.Network, netModeNone)
					}
				}
			}
			if steps == 0 {
				t.Error("the record has no steps")
			}
		})
	}
	t.Run("not in the folder", func(t *testing.T) {
		other := library(modulePath(t, "lib"), "v1.0.0")
		files := importing([]modserver.Module{other}, other.Path)
		files["gokiln.yaml"] = required["gokiln.yaml"]
		r := s.try(t, build{Dir: app(t, files), Args: []string{"-f", "gokiln.yaml", "--build-context", "modules=" + folder, "."}})
		checkFailure(t, failure{want: []string{other.Path + " v1.0.0", "(M12, "}, compiles: true}, r)
	})
	t.Run("nowhere", func(t *testing.T) {
		files := importing([]modserver.Module{library(modulePath(t, "lib"), "v1.0.0")}, modulePath(t, "lib"))
		files["gokiln.yaml"] = "modules:\n  proxy: off\n"
		r := s.try(t, build{Dir: app(t, files), Args: []string{"-f", "gokiln.yaml", "."}})
		checkFailure(t, failure{want: []string{"gokiln.yaml:3", "go mod vendor", "(M12, "}}, r)
	})
}

// What no go.sum vouches for, in a workspace, the checksum database does.
func TestChecksumDatabase(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	private, public, err := note.GenerateKey(nil, "sum.example.com")
	if err != nil {
		t.Fatal(err)
	}
	database := sumdb.NewTestServer(private, func(path, version string) ([]byte, error) {
		return []byte(modserver.Sums(library(path, version))), nil
	})
	server := httptest.NewServer(sumdb.NewServer(database))
	t.Cleanup(server.Close)
	for name, tamper := range map[string]bool{"true": false, "tampered": true} {
		t.Run(name, func(t *testing.T) {
			lib := library(modulePath(t, "lib"), "v1.0.0")
			p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib}, Fault: func(path string, _ int) modserver.Fault {
				return modserver.Fault{Tamper: tamper && strings.HasSuffix(path, ".zip")}
			}})
			dir := app(t, with(
				map[string]string{"go.mod": "", "go.work": "go 1.26\n\nuse ./app\n", "app/go.mod": "module example.com/app\n\ngo 1.26\n\n" + require(lib),
					"gokiln.yaml": fmt.Sprintf("module: app\nmodules: {sumdb: '%s %s'}\n", public, server.URL)},
				program("app/main.go", lib.Path),
			))
			if tamper {
				checkFailure(t, failure{want: []string{lib.Path + " v1.0.0", "sum.example.com", "(M4, "}}, s.try(t, build{Dir: dir, Args: fromProxy(p, ".")}))
				return
			}
			img, _ := s.pushOne(t, build{Dir: dir, Args: fromProxy(p, ".")})
			s.prints(t, img, "lib v1.0.0")
		})
	}
}
