package integration

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/gokiln/gokiln/integration/internal/modserver"
)

// evilTwin is another module of the same path and version: what a proxy may serve
// to a project that trusts it.
func evilTwin(m modserver.Module) modserver.Module {
	evil := library(m.Path, m.Version)
	evil.Files["lib.go"] = "package lib\n\nconst Name = \"evil\"\n"
	return evil
}

// anew is a spec that differs from any other of the test: its module step runs.
func anew(t *testing.T, dir string, n int, more string) {
	t.Helper()
	write(t, dir+"/gokiln.yaml", fmt.Sprintf("%s%smodules: {retries: %d%s}\n", syntaxLine, moduleLine(more), n%20, more))
}

func moduleLine(more string) string {
	if more == "" {
		return ""
	}
	return "module: app\n"
}

// Two projects share a builder and have other bytes under one version, each with a
// go.sum and a proxy of its own. Both build, however often they take turns, and
// each has its own program.
func TestNeighbourHasOtherBytes(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	lib := library(modulePath(t, "lib"), "v1.0.0")
	type project struct {
		dir    string
		server *modserver.Server
		prints string
	}
	projectOf := func(m modserver.Module, prints string) project {
		return project{app(t, importing([]modserver.Module{m}, m.Path)), modserver.Start(t, modserver.Options{Modules: []modserver.Module{m}}), prints}
	}
	evil, main := projectOf(evilTwin(lib), "evil"), projectOf(lib, "lib v1.0.0")
	for turn := range 2 {
		for _, p := range []project{evil, main} {
			anew(t, p.dir, turn, "")
			img, r := s.pushOne(t, build{Dir: p.dir, Args: fromProxy(p.server, ".")})
			if len(r.ran("download modules")) != 1 {
				t.Errorf("turn %d of %q: the modules step did not run", turn, p.prints)
			}
			s.prints(t, img, p.prints)
		}
	}
	// Each has its bytes in the store, which is asked first.
	if n := main.server.Count(".zip"); n != 1 {
		t.Errorf("main's proxy was asked for the zip %d times, want once", n)
	}

	// A workspace whose sums nobody has committed gets nothing from the store.
	files := with(map[string]string{
		"go.mod": "", "go.work": "go 1.26\n\nuse ./app\n", "app/go.mod": "module example.com/app\n\ngo 1.26\n\n" + require(lib),
	}, program("app/main.go", lib.Path))
	dir := app(t, files)
	anew(t, dir, 1, ", private: "+path.Dir(path.Dir(lib.Path))+", no_proxy: none")
	img, _ := s.pushOne(t, build{Dir: dir, Args: fromProxy(main.server, ".")})
	s.prints(t, img, "lib v1.0.0")
	if n := main.server.Count(".zip"); n != 2 {
		t.Errorf("for a workspace without sums the proxy was asked for the zip %d times in all, want twice", n)
	}
}

// Somebody else on the builder has done something to an entry of the store. No
// build fails for it.
func TestNeighbourDamagesTheStore(t *testing.T) {
	s := setup(t)
	s.needsOwnDaemon(t)
	t.Parallel()
	lib := library(modulePath(t, "lib"), "v1.0.0")
	p := modserver.Start(t, modserver.Options{Modules: []modserver.Module{lib}})
	dir := app(t, importing([]modserver.Module{lib}, lib.Path))
	s.ok(t, build{Dir: dir, Args: fromProxy(p, ".")})
	zip, mod := entryNames(t, lib)
	for i, damage := range []string{
		"printf X | dd of=%[1]s bs=1 seek=110 conv=notrunc",
		": > %[1]s",
		"dd if=/dev/zero of=%[1]s bs=1 count=50",
		"rm %[1]s && mkdir %[1]s && touch %[1]s/x",
		"rm %[1]s && ln -s /dev/zero %[1]s",
		"rm %[1]s && mkfifo %[1]s",
		"rm %[1]s && mknod %[1]s c 1 5",
	} {
		t.Run(damage, func(t *testing.T) {
			var script []string
			for _, entry := range []string{zip, mod} {
				script = append(script, fmt.Sprintf("test -f %[1]s && "+damage, entry))
			}
			s.spoil(t, fmt.Sprint(t.Name(), i), strings.Join(script, " && "))
			asked := p.Count(".zip")
			anew(t, dir, i+5, "")
			img, _ := s.pushOne(t, build{Dir: dir, Args: fromProxy(p, ".")})
			s.prints(t, img, "lib v1.0.0")
			if n := p.Count(".zip") - asked; n != 1 {
				t.Errorf("the server was asked for the zip %d times, want once", n)
			}
		})
	}
}

// spoil runs a script in the store of zips, as anybody on the builder may, by
// a Dockerfile.
func (s suite) spoil(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir+"/Dockerfile", fmt.Sprintf("FROM golang:1.26-alpine\nRUN --mount=type=cache,id=zips,sharing=shared,target=/store : %q; mkdir -p /store/v2 && cd /store/v2 && %s\n", name, script))
	s.ok(t, build{Dir: dir, Args: []string{"--build-arg", "BUILDKIT_CACHE_MOUNT_NS=gokiln", "-o", "type=cacheonly", "."}})
}

// inStore finds a module's zip in the daemon's cache mounts.
func (s suite) inStore(t *testing.T, m modserver.Module) []string {
	t.Helper()
	zip, _ := entryNames(t, m)
	return s.glob(t, "v2/"+zip)
}

// entryNames are the names of a module's files in the store.
func entryNames(t *testing.T, m modserver.Module) (zip, mod string) {
	t.Helper()
	f := strings.Fields(modserver.Sums(m))
	name := func(hash string) string {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hash, "h1:"))
		if err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(raw)
	}
	return name(f[2]) + ".zip", name(f[5]) + ".mod"
}
