package download_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gokiln/gokiln/internal/download"
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
	t.Run("store", func(t *testing.T) {
		f := newFixture(t, app(t))
		f.config.Proxy = p.URL
		if err := f.run(); err != nil {
			t.Fatal(err)
		}
		stored := filepath.Join(f.store, "example.com/lib/@v/v1.0.0.zip")
		for _, private := range []string{"", "example.com"} {
			f.env = append(f.env, "GONOPROXY=")
			if err := f.run(); err != nil {
				t.Fatal(err)
			}
			f.env = append(f.env, "GONOPROXY="+private)
			if err := os.WriteFile(stored, evil.zip(t), 0o644); err != nil {
				t.Fatal(err)
			}
			f.wantFailure(f.run(), symptom.Mismatch, "example.com/lib v1.0.0", line, got, "go.sum:1", "store")
			if _, err := os.Stat(stored); err == nil {
				t.Error("the tampered zip is still in the store")
			}
		}
		f.env = append(f.env, "GONOPROXY=")
		if err := f.run(); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
	t.Run("damaged store", func(t *testing.T) {
		f := newFixture(t, app(t))
		f.config.Proxy = p.URL
		if err := f.run(); err != nil {
			t.Fatal(err)
		}
		stored := filepath.Join(f.store, "example.com/lib/@v/v1.0.0.zip")
		if err := os.Truncate(stored, 100); err != nil {
			t.Fatal(err)
		}
		if err := f.run(); err != nil {
			t.Errorf("a damaged zip is to be downloaded again: %v", err)
		}
		if out, err := f.compile(); err != nil {
			t.Errorf("compile: %v\n%s", err, out)
		}
	})
}

// What the store has besides zips is believed no more than those.
func TestPoisonedStore(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		code                symptom.Code
	}{
		{"go.mod", "example.com/lib/@v/v1.0.0.mod", "module example.com/lib\n\ngo 1.20\n", symptom.Mismatch},
		{"go.mod of what is not imported", "example.com/!other/@v/v0.2.0.mod", "module example.com/Other\n\ngo 1.20\n", symptom.Mismatch},
		{"info", "example.com/lib/@v/v1.0.0.info", "<html>", ""},
		{"info of another version", "example.com/lib/@v/v1.0.0.info", `{"Version":"v9.9.9"}`, ""},
		{"empty info", "example.com/lib/@v/v1.0.0.info", "", ""},
	} {
		for _, private := range []string{"", "example.com"} {
			t.Run(c.name+private, func(t *testing.T) {
				p := startProxy(t, lib(), other())
				f := newFixture(t, app(t))
				f.config.Proxy = p.URL
				if err := f.run(); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(f.store, c.file), []byte(c.content), 0o644); err != nil {
					t.Fatal(err)
				}
				clean := f.env
				f.env = append(slices.Clone(f.env), "GONOPROXY="+private)
				err := f.run()
				if c.code != "" {
					f.wantFailure(err, c.code, "go.sum:", "store")
				} else if err != nil && private == "" {
					t.Fatal(err)
				}
				f.env = clean
				if err := f.run(); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}

// Two modules have one version, of which one is tampered with in the store.
func TestPoisonBesideADownload(t *testing.T) {
	second := version{"example.com/second", "v1.0.0", map[string]string{"s.go": "package second\n"}}
	evil := lib()
	evil.files["lib.go"] = "package lib\n\nfunc Name() string { return \"evil\" }\n"
	p := startProxy(t, lib(), other(), second)
	f := newFixture(t, app(t))
	f.config.Proxy = p.URL
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	stored := filepath.Join(f.store, "example.com/lib/@v/v1.0.0.zip")
	if err := os.WriteFile(stored, evil.zip(t), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, more := range map[string]string{"go.mod": "\nrequire example.com/second v1.0.0\n", "go.sum": second.sums(t)} {
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(app(t)[name]+more), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f.wantFailure(f.run(), symptom.Mismatch, "example.com/lib v1.0.0", "store")
	if _, err := os.Stat(stored); err == nil {
		t.Error("the tampered zip is still in the store")
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
	if _, err := os.Stat(filepath.Join(f.store, "example.com/lib/@v/v1.0.0.zip")); err == nil {
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
	for _, name := range []string{"example.com/lib/@v/v0.9.0", "example.com/!other/@v/v0.2.0", "example.com/lib/@v/v1.0.0"} {
		for _, ext := range []string{".mod", ".info", ".zip"} {
			from := f.store
			if strings.HasSuffix(name, "v1.0.0") {
				from = g.store
			}
			data, err := os.ReadFile(filepath.Join(from, name+ext))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(g.store, name+ext), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	g.env = append(g.env, "GONOPROXY=example.com")
	if err := g.run(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, g.layer()); diff != "" {
		t.Errorf("layer (-without +with the store):\n%s", diff)
	}
}

// The go.mod file of a module that nothing imports is looked at by `go mod verify`
// alone.
func TestPoisonThatOnlyVerifySees(t *testing.T) {
	p := startProxy(t, lib(), other())
	f := newFixture(t, app(t))
	f.config.Proxy, f.config.All = p.URL, false
	f.config.Packages, f.config.Targets = []string{"example.com/lib", "example.com/lib/emb"}, []download.Target{{}}
	stored := filepath.Join(f.store, "example.com/!other/@v/v0.2.0.mod")
	if err := os.MkdirAll(filepath.Dir(stored), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stored, []byte("module example.com/Other\n\ngo 1.20\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.wantFailure(f.run(), symptom.Mismatch, "example.com/Other v0.2.0", "go.sum:4")
	if err := f.run(); err != nil {
		t.Errorf("afterwards: %v", err)
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
