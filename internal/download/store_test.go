package download_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
)

func TestTampered(t *testing.T) {
	evil := lib()
	evil.files["lib.go"] = "package lib\n\nfunc Name() string { return \"evil\" }\n"
	p := startProxy(t, lib(), other())
	tamper := func(path string, _ int) *fault {
		if strings.HasSuffix(path, "lib/@v/v1.0.0.zip") {
			return &fault{body: evil.zip(t)}
		}
		return nil
	}
	line := strings.Fields(lib().sums(t))[2]
	got := strings.Fields(evil.sums(t))[2]

	t.Run("answer", func(t *testing.T) {
		f := newFixture(t, app(t))
		f.config.Proxy = p.URL
		p.fault = tamper
		f.wantFailure(f.run(), symptom.Mismatch, "example.com/lib v1.0.0", line, got, "go.sum:1")
		p.fault = nil
		if err := f.run(); err != nil {
			t.Errorf("with the right answer: %v", err)
		}
	})
}

// entry is where the store has a file of a version.
func (f *fixture) entry(v version, ext string) string {
	f.t.Helper()
	hash := strings.Fields(v.sums(f.t))[2]
	if ext == ".mod" {
		hash = strings.Fields(v.sums(f.t))[5]
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hash, "h1:"))
	if err != nil {
		f.t.Fatal(err)
	}
	return filepath.Join(f.store, "v2", hex.EncodeToString(raw)+ext)
}

// damages are ways in which an entry of the store is not what its name says.
func damages(t *testing.T) map[string]func(name string) error {
	t.Helper()
	evil := lib()
	evil.files["lib.go"] = "package lib\n\nfunc Name() string { return \"evil\" }\n"
	others := evil.zip(t)
	replaced := func(with func(name string) error) func(string) error {
		return func(name string) error { return errors.Join(os.Remove(name), with(name)) }
	}
	written := func(data string) func(string) error {
		return func(name string) error { return os.WriteFile(name, []byte(data), 0o644) }
	}
	return map[string]func(string) error{
		"another project's": written(string(others)),
		"empty":             written(""),
		"cut":               func(name string) error { return os.Truncate(name, 50) },
		"a flipped byte": func(name string) error {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			data[min(64, len(data)-2)] ^= 1 // within the first file's data
			return os.WriteFile(name, data, 0o644)
		},
		"a folder":     replaced(func(name string) error { return os.MkdirAll(filepath.Join(name, "x"), 0o755) }),
		"a link":       replaced(func(name string) error { return os.Symlink("/dev/zero", name) }),
		"a named pipe": replaced(func(name string) error { return syscall.Mkfifo(name, 0o644) }),
	}
}

// Whatever is wrong with an entry of the store, the build does not fail: the entry
// goes, and the server is asked. The layer is the same.
func TestDamagedStore(t *testing.T) {
	for name, damage := range damages(t) {
		for _, c := range []struct {
			v      version
			ext    string
			listed bool
		}{
			{lib(), ".zip", false},
			{other(), ".mod", true}, // which verification alone looks at
		} {
			t.Run(fmt.Sprintf("%s %s%s", name, filepath.Base(c.v.path), c.ext), func(t *testing.T) {
				t.Parallel()
				p := startProxy(t, lib(), other())
				f := newFixture(t, app(t))
				f.config.Proxy = p.URL
				if c.listed {
					f.config.All, f.config.Packages, f.config.Targets = false, []string{"example.com/lib", "example.com/lib/emb"}, []modstep.Target{{}}
				}
				if err := f.run(); err != nil {
					t.Fatal(err)
				}
				clean, entry := f.layer(), f.entry(c.v, c.ext)
				if err := damage(entry); err != nil {
					t.Fatal(err)
				}
				if err := f.run(); err != nil {
					t.Fatalf("%v\n%s", err, f.out)
				}
				if diff := cmp.Diff(clean, f.layer()); diff != "" {
					t.Errorf("layer (-clean +damaged store):\n%s", diff)
				}
				if out, err := f.compile(); err != nil {
					t.Errorf("compile: %v\n%s", err, out)
				}
				p.Close()
				if err := f.run(); err != nil {
					t.Errorf("the store was not mended: %v\n%s", err, f.out)
				}
			})
		}
	}
}

// What GONOPROXY keeps from proxies comes from the store as a copy that is proved.
func TestDamagedStoreOfPrivateModules(t *testing.T) {
	all := damages(t)
	for _, name := range []string{"another project's", "a folder", "a named pipe"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProxy(t, lib(), other())
			f := newFixture(t, app(t))
			f.config.Proxy = p.URL
			if err := f.run(); err != nil {
				t.Fatal(err)
			}
			if err := all[name](f.entry(lib(), ".zip")); err != nil {
				t.Fatal(err)
			}
			f.env = append(f.env, "GONOPROXY=example.com/lib")
			// There is no repository: what matters is that it is asked.
			if err := f.run(); err == nil || !strings.Contains(err.Error(), "example.com/lib?go-get=1") && !strings.Contains(err.Error(), "unrecognized import path") {
				t.Errorf("error %v, want one about the repository", err)
			}
			f.env = append(f.env, "GONOPROXY=")
			if err := f.run(); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// A store that is spoilt while it is in use does not keep the step from ending, and
// takes nothing away that has come out of it before.
func TestStoreSpoiltMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		listed bool
		fault  *fault
	}{
		"before it is read":    {false, nil},
		"after it was read":    {true, &fault{status: 500}},
		"and with no file new": {true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := startProxy(t, lib(), other())
			f := newFixture(t, app(t))
			f.config.Proxy, f.config.Stall = p.URL, 2*time.Second
			if c.listed {
				f.config.All, f.config.Packages, f.config.Targets = false, []string{"example.com/lib", "example.com/lib/emb"}, []modstep.Target{{}}
			}
			if err := f.run(); err != nil {
				t.Fatal(err)
			}
			zip := f.entry(lib(), ".zip")
			if err := os.Remove(f.entry(other(), ".mod")); err != nil {
				t.Fatal(err)
			}
			// When the listing is done verification asks for the other's go.mod file.
			p.fault = func(path string, n int) *fault {
				if !strings.HasSuffix(path, "!other/@v/v0.2.0.mod") || n > 1 {
					return nil
				}
				_ = os.RemoveAll(zip)
				_ = syscall.Mkfifo(zip, 0o644)
				return c.fault
			}
			if err := f.run(); err != nil {
				t.Fatalf("%v\n%s", err, f.out)
			}
			if out, err := f.compile(); err != nil {
				t.Errorf("compile: %v\n%s", err, out)
			}
		})
	}
}

// A store that is not there, or that is no folder, costs time alone; and nothing is
// written to where a link in it leads.
func TestUnusableStore(t *testing.T) {
	elsewhere := t.TempDir()
	for name, spoil := range map[string]func(store string) error{
		"missing":      os.RemoveAll,
		"a file":       func(s string) error { return errors.Join(os.Remove(s), os.WriteFile(s, nil, 0o644)) },
		"below a file": func(s string) error { return os.WriteFile(filepath.Join(s, "v2"), nil, 0o644) },
		"a link":       func(s string) error { return os.Symlink(elsewhere, filepath.Join(s, "v2")) },
		"a pipe":       func(s string) error { return syscall.Mkfifo(filepath.Join(s, "v2"), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			p := startProxy(t, lib(), other())
			f := newFixture(t, app(t))
			f.config.Proxy = p.URL
			if err := spoil(f.store); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := f.run(); err != nil {
					t.Errorf("%v\n%s", err, f.out)
				}
			}
		})
	}
	if found, err := os.ReadDir(elsewhere); err != nil || len(found) > 0 {
		t.Errorf("written to where a link leads: %v, %v", found, err)
	}
}

// Two projects have other bytes under one version, each with its own go.sum and its
// own proxy. Neither fails, however often they take turns, and each gets its own.
func TestTwoProjectsWithOtherBytes(t *testing.T) {
	evil := lib()
	evil.files["lib.go"] = "package lib\n\nfunc Name() string { return \"evil\" }\n"
	store := tempDir(t)
	project := func(v version) *fixture {
		files := app(t)
		files["go.sum"] = v.sums(t) + other().sums(t)
		f := newFixture(t, files)
		f.config.Proxy, f.store = startProxy(t, v, other()).URL, store
		return f
	}
	good, bad := project(lib()), project(evil)
	for i := range 3 {
		for _, f := range []*fixture{bad, good} {
			if err := f.run(); err != nil {
				t.Fatalf("turn %d: %v\n%s", i, err, f.out)
			}
			data, err := os.ReadFile(filepath.Join(f.modCache, "example.com/lib@v1.0.0/lib.go"))
			if err != nil || strings.Contains(string(data), "evil") != (f == bad) {
				t.Errorf("turn %d: the wrong bytes: %q, %v", i, data, err)
			}
		}
	}
}

// Several steps fill one store at once.
func TestStoreOfSeveralStepsAtOnce(t *testing.T) {
	p := startProxy(t, lib(), other())
	store := tempDir(t)
	steps, errs := make([]*fixture, 4), make([]error, 4)
	for i := range steps {
		steps[i] = newFixture(t, app(t))
		steps[i].config.Proxy, steps[i].store = p.URL, store
	}
	var group sync.WaitGroup
	for i, f := range steps {
		group.Go(func() { errs[i] = f.run() })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if err := steps[0].run(); err != nil {
		t.Errorf("afterwards the store lacks something: %v", err)
	}
	if found, err := os.ReadDir(filepath.Join(store, "v2")); err != nil || len(found) != 4 {
		t.Errorf("the store has %v, %v, want two zips and two go.mod files", found, err)
	}
}

// Without sums nothing is lent, whatever is private.
func TestNothingIsLentWithoutSums(t *testing.T) {
	for _, env := range [][]string{nil, {"GOPRIVATE=example.com", "GONOPROXY=none"}} {
		p := startProxy(t, lib(), other())
		f := newFixture(t, app(t))
		f.config.Proxy = p.URL
		if err := f.run(); err != nil {
			t.Fatal(err)
		}
		asked := p.count("lib/@v/v1.0.0.zip")
		g := newFixture(t, map[string]string{
			"go.work":    "go 1.24\n\nuse ./app\n",
			"app/go.mod": "module example.com/app\n\ngo 1.24\n\nrequire example.com/lib v1.0.0\n",
		})
		g.config.Proxy, g.config.Dir, g.config.GoWork = p.URL, filepath.Join(g.dir, "app"), filepath.Join(g.dir, "go.work")
		g.config.Sums, g.store, g.env = nil, f.store, append(g.env, env...)
		if err := g.run(); err != nil {
			t.Fatal(err)
		}
		if p.count("lib/@v/v1.0.0.zip") != asked+1 {
			t.Errorf("with %q the server was not asked", env)
		}
	}
}

// In a workspace the go command writes sums itself; of what nothing committed
// vouches for nothing is kept.
func TestUnprovedIsNotKept(t *testing.T) {
	p := startProxy(t, lib(), other())
	f := newFixture(t, map[string]string{
		"go.work":    "go 1.24\n\nuse ./app\n",
		"app/go.mod": "module example.com/app\n\ngo 1.24\n\nrequire example.com/lib v1.0.0\n",
	})
	f.config.Proxy, f.config.Dir, f.config.GoWork = p.URL, filepath.Join(f.dir, "app"), filepath.Join(f.dir, "go.work")
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(f.modCache, "cache/gokiln/go.work.sum")); err != nil || !strings.Contains(string(data), "example.com/lib v1.0.0 h1:") {
		t.Errorf("go.work.sum of the layer: %q, %v", data, err)
	}
	if _, err := os.Stat(f.entry(lib(), ".zip")); err == nil {
		t.Error("what nothing vouches for is in the store")
	}
	if !strings.Contains(f.out, "0 proved") {
		t.Errorf("the output claims a proof: %s", f.out)
	}
}

// The layer is the same whatever the store has of modules that GONOPROXY keeps
// from proxies.
func TestLayerDoesNotDependOnTheStore(t *testing.T) {
	older := version{"example.com/lib", "v0.9.0", map[string]string{"lib.go": "package lib\n"}}
	p := startProxy(t, older, lib(), other())
	before := app(t)
	before["go.mod"] = strings.Replace(before["go.mod"], "lib v1.0.0", "lib v0.9.0", 1)
	before["go.sum"] = older.sums(t) + other().sums(t)
	f := newFixture(t, before)
	f.config.Proxy = p.URL
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	after := app(t)
	after["go.sum"] += older.sums(t)
	g := newFixture(t, after)
	g.config.Proxy = p.URL
	if err := g.run(); err != nil {
		t.Fatal(err)
	}
	want := g.layer()
	for _, v := range []version{older, lib(), other()} {
		for _, ext := range []string{".mod", ".zip"} {
			for _, from := range []*fixture{f, g} {
				if data, err := os.ReadFile(from.entry(v, ext)); err == nil {
					if err := os.WriteFile(g.entry(v, ext), data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if found, err := os.ReadDir(filepath.Join(g.store, "v2")); err != nil || len(found) != 5 {
		t.Fatalf("the store has %v, %v, want five entries: two go.mod files are alike", found, err)
	}
	g.env = append(g.env, "GONOPROXY=example.com")
	if err := g.run(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, g.layer()); diff != "" {
		t.Errorf("layer (-without +with the store):\n%s", diff)
	}
}

func TestGarbageInGoSum(t *testing.T) {
	p := startProxy(t, lib(), other())
	files := app(t)
	files["go.sum"] += "what is this line\n"
	f := newFixture(t, files)
	f.config.Proxy = p.URL
	err := f.run()
	f.wantFailure(err, symptom.Other, "\ngo.sum:5", "wrong number of fields")
}
