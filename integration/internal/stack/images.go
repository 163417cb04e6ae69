package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/gokiln/gokiln/integration/internal/debian"
	"github.com/gokiln/gokiln/integration/internal/image"
	"github.com/gokiln/gokiln/integration/internal/standin"
)

const standinsFile = "standins.json"

// standinRecord is what is remembered of a stand-in that was pushed.
type standinRecord struct {
	Recipe string `json:"recipe"`
	Digest string `json:"digest"`
}

// wanted is one image that builds here need.
type wanted struct {
	// names are all the names it goes by; the first one is asked for.
	names  []string
	recipe string
	make   func(context.Context, standin.Maker) (v1.ImageIndex, error)
}

// baseImages sees to it that the base images can be had.
func (s Stack) baseImages(ctx context.Context, env *Env, o Options) error {
	if o.Registry != "" {
		return nil // not ours to fill
	}
	newest, err := s.goRelease()
	if err != nil {
		return err
	}
	list := []wanted{golang(newest, standin.Alpine, true), static(), base()}
	if o.All {
		list = append(list, golang(newest, standin.Bookworm, true))
	}
	return s.provide(ctx, env.Registry, list)
}

// Golang sees to it that one golang image can be had, such as
// "1.25.9-bookworm". The stack has to be up.
func (s Stack) Golang(ctx context.Context, tag string) error {
	version, flavour, err := standin.ParseGolang(tag)
	if err != nil {
		return err
	}
	unlock, err := s.Dir.Lock(ctx, s.Notes)
	if err != nil {
		return err
	}
	defer func() { _ = unlock() }()
	env, err := s.Env()
	if err != nil {
		return err
	}
	if env.Registry == "" {
		return errors.New(`nothing is up: run "make up" first`)
	}
	newest, err := s.goRelease()
	if err != nil {
		return err
	}
	return s.provide(ctx, env.Registry, []wanted{golang(version, flavour, version == newest)})
}

func golang(version, flavour string, newest bool) wanted {
	var names []string
	for _, tag := range standin.GolangTags(version, flavour, newest) {
		names = append(names, "golang:"+tag)
	}
	return wanted{
		names:  names,
		recipe: standin.RecipeOf("golang", version, flavour, runtime.GOARCH),
		make: func(ctx context.Context, m standin.Maker) (v1.ImageIndex, error) {
			return m.Golang(ctx, version, flavour)
		},
	}
}

func static() wanted {
	return wanted{
		names: []string{"gcr.io/distroless/static:nonroot"}, recipe: standin.RecipeOf("static"),
		make: func(ctx context.Context, m standin.Maker) (v1.ImageIndex, error) { return m.Static(ctx) },
	}
}

func base() wanted {
	return wanted{
		names: []string{"gcr.io/distroless/base:nonroot"}, recipe: standin.RecipeOf("base"),
		make: func(ctx context.Context, m standin.Maker) (v1.ImageIndex, error) { return m.Base(ctx) },
	}
}

// goRelease reads the Go release that the project is built with from its
// go.mod.
func (s Stack) goRelease() (string, error) {
	b, err := os.ReadFile(filepath.Join(s.Repo, "go.mod"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "go" {
			return fields[1], nil
		}
	}
	return "", errors.New("go.mod has no go line")
}

// provide makes the stand-ins that are needed: not for an image whose real one
// can be had, and not again for one that is there as it would be made.
func (s Stack) provide(ctx context.Context, registry string, list []wanted) error {
	have := map[string]standinRecord{}
	if err := s.Dir.ReadJSON(standinsFile, &have); err != nil {
		return err
	}
	reachable := make([]bool, len(list))
	var all sync.WaitGroup
	for i, w := range list {
		all.Go(func() { reachable[i] = standin.Reachable(ctx, w.names[0]) })
	}
	all.Wait()
	var archive *debian.Archive
	for i, w := range list {
		if reachable[i] {
			if err := s.withdraw(ctx, registry, w, have); err != nil {
				return err
			}
			continue
		}
		current, err := isCurrent(ctx, registry, w, have)
		if err != nil {
			return err
		}
		if current {
			continue
		}
		if archive == nil {
			if archive, err = debian.Open(ctx, s.Dir.Path("debian"), "amd64", "arm64"); err != nil {
				return err
			}
		}
		if err := s.make(ctx, registry, archive, w, have); err != nil {
			return err
		}
	}
	return s.Dir.WriteJSON(standinsFile, have)
}

func isCurrent(ctx context.Context, registry string, w wanted, have map[string]standinRecord) (bool, error) {
	for _, name := range w.names {
		rec, ok := have[name]
		if !ok || rec.Recipe != w.recipe {
			return false, nil
		}
		digest, err := standin.Published(ctx, registry, name)
		if err != nil || digest != rec.Digest {
			return false, err
		}
	}
	return true, nil
}

func (s Stack) withdraw(ctx context.Context, registry string, w wanted, have map[string]standinRecord) error {
	for _, name := range w.names {
		if _, ok := have[name]; !ok {
			continue
		}
		if err := standin.Withdraw(ctx, registry, name); err != nil {
			return err
		}
		fmt.Fprintf(s.Notes, "%s can be had: withdrew its stand-in\n", name)
		delete(have, name)
	}
	return nil
}

func (s Stack) make(ctx context.Context, registry string, archive *debian.Archive, w wanted, have map[string]standinRecord) error {
	fmt.Fprintf(s.Notes, "%s can't be had: making a stand-in\n", w.names[0])
	layers, err := os.MkdirTemp(string(s.Dir), "layers-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(layers)
	m := standin.Maker{Archive: archive, Layers: layers, GOARCH: runtime.GOARCH}
	idx, err := w.make(ctx, m)
	if err != nil {
		return fmt.Errorf("stand-in for %s: %w", w.names[0], err)
	}
	digest, err := standin.Publish(ctx, registry, idx, w.names...)
	if err != nil {
		return err
	}
	for _, name := range w.names {
		have[name] = standinRecord{Recipe: w.recipe, Digest: digest}
	}
	return nil
}

// emulatorArch is the architecture other than the machine's that tests run.
func emulatorArch() string {
	if runtime.GOARCH == "arm64" {
		return "amd64"
	}
	return "arm64"
}

// emulators unpacks the user mode emulators into the state folder, for tests
// that run what was built for another architecture. Nothing is registered with
// the kernel, so builds see a machine without emulation.
func (s Stack) emulators(ctx context.Context, _ *Env, o Options) error {
	name := image.Emulator(emulatorArch())
	target := filepath.Join(s.EmulatorDir(), name)
	if _, err := os.Stat(target); err == nil || !o.All || !debian.Available() {
		return nil
	}
	archive, err := debian.Open(ctx, s.Dir.Path("debian"), "amd64", "arm64")
	if err != nil {
		return err
	}
	files, err := archive.Fetch(ctx, "qemu-user-static")
	if err != nil {
		return err
	}
	tree, err := debian.Unpack(ctx, files...)
	if err != nil {
		return err
	}
	e, ok := tree["usr/bin/"+name]
	if !ok {
		return fmt.Errorf("package qemu-user-static holds no usr/bin/%s", name)
	}
	if err := os.MkdirAll(s.EmulatorDir(), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, e.Data, 0o755)
}

// EmulatorDir is where emulators unpacks them to.
func (s Stack) EmulatorDir() string { return s.Dir.Path("emulators") }
