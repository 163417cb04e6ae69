// Package daemon runs a buildkitd that belongs to one folder: its state, its
// socket and its containers are all in there or named after it, so that several
// daemons run side by side, and one that died can be replaced by another that
// finds its caches.
//
// Steps share the host's network where a build gives them any, because a build
// on the machine itself would: what the host reaches, they reach. A step
// without network has none.
package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gokiln/gokiln/integration/internal/proc"
	"github.com/gokiln/gokiln/integration/internal/state"
)

// startLimit is how long a daemon may take to answer. It loads its cache
// databases first, and a cold disk may make that long.
const startLimit = 60 * time.Second

// stopGrace is how long a daemon may take to end its running steps.
const stopGrace = 15 * time.Second

// Daemon is the description of one buildkitd, running or not.
type Daemon struct {
	// Dir holds everything of this daemon.
	Dir state.Dir
	// Buildkitd and Buildctl are the programs' paths.
	Buildkitd, Buildctl string
	// Mirror is the host:port of a plain HTTP registry that is asked first for
	// images of the MirroredRegistries; the real ones are asked for what it
	// lacks.
	Mirror string
}

// MirroredRegistries are the registries whose images the mirror may have.
func MirroredRegistries() []string { return []string{"docker.io", "gcr.io"} }

// record is what is remembered of a started daemon.
type record struct {
	Identity proc.Identity `json:"identity"`
	// Config is the configuration that it was started with.
	Config string `json:"config"`
}

const recordFile = "buildkitd.json"

// Address is where the daemon listens, as BUILDKIT_HOST takes it.
func (d Daemon) Address() (string, error) {
	socket, err := d.Dir.Socket("buildkitd.sock")
	return "unix://" + socket, err
}

func (d Daemon) root() string { return d.Dir.Path("buildkit") }

// scratch is where the daemon mounts what it looks into. It leaves hundreds of
// mount points behind, which would fill the machine's folder for such things.
func (d Daemon) scratch() string { return d.Dir.Path("buildkit-tmp") }

// Ensure starts the daemon unless it runs, answers and was started with the
// same configuration. One that hangs or has another configuration is ended
// first. started tells whether a new one was started.
func (d Daemon) Ensure(ctx context.Context) (started bool, err error) {
	config, err := d.config()
	if err != nil {
		return false, err
	}
	var have record
	if err := d.Dir.ReadJSON(recordFile, &have); err != nil {
		return false, err
	}
	if have.Identity.Alive() && have.Config == config && d.answers(ctx) == nil {
		return false, nil
	}
	if err := d.Stop(ctx); err != nil {
		return false, err
	}
	return true, d.start(ctx, config)
}

func (d Daemon) start(ctx context.Context, config string) error {
	if _, err := exec.LookPath("runc"); err != nil {
		return errors.New("runc is missing: install the package of that name")
	}
	file := d.Dir.Path("buildkitd.toml")
	if err := state.WriteFile(file, []byte(config), 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(d.scratch(), 0o700); err != nil {
		return err
	}
	log := d.log()
	id, err := proc.Detach(log, "", append(os.Environ(), "TMPDIR="+d.scratch()), d.Buildkitd, "--config", file)
	if err != nil {
		return err
	}
	if err := d.Dir.WriteJSON(recordFile, record{Identity: id, Config: config}); err != nil {
		return errors.Join(err, id.Stop(ctx, stopGrace))
	}
	if err := d.waitReady(ctx, id); err != nil {
		return errors.Join(fmt.Errorf("buildkitd: %w; the end of %s:\n%s", err, log, tail(log, 10)), d.Stop(ctx))
	}
	return nil
}

func (d Daemon) log() string { return d.Dir.Path("log", "buildkitd.log") }

func (d Daemon) waitReady(ctx context.Context, id proc.Identity) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		err := d.answers(ctx)
		if err == nil {
			return nil
		}
		if !id.Alive() {
			return errors.New("ended right after its start")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("does not answer: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// answers asks the daemon for its workers: one that only accepts connections
// is not ready.
func (d Daemon) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	address, err := d.Address()
	if err != nil {
		return err
	}
	if _, err := os.Stat(strings.TrimPrefix(address, "unix://")); err != nil {
		return err
	}
	return exec.CommandContext(ctx, d.Buildctl, "--addr", address, "debug", "workers").Run()
}

// Stop ends the daemon and the containers of steps that it left behind, and
// unmounts what they used. The caches stay.
func (d Daemon) Stop(ctx context.Context) error {
	var have record
	if err := d.Dir.ReadJSON(recordFile, &have); err != nil {
		return err
	}
	if err := have.Identity.Stop(ctx, stopGrace); err != nil {
		return fmt.Errorf("buildkitd: %w", err)
	}
	err := errors.Join(d.endContainers(ctx), unmountBelow(d.root()), unmountBelow(d.scratch()))
	address, addrErr := d.Address()
	if err = errors.Join(err, addrErr); err != nil {
		return err
	}
	d.tidyScratch()
	for _, file := range []string{strings.TrimPrefix(address, "unix://"), d.Dir.Path(recordFile)} {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// tidyScratch removes mount points, which are empty by now. It can't remove
// what something is mounted on after all.
func (d Daemon) tidyScratch() {
	entries, _ := os.ReadDir(d.scratch())
	for _, e := range entries {
		_ = os.Remove(filepath.Join(d.scratch(), e.Name()))
	}
}

// endContainers ends containers of this daemon that outlived it, as happens
// when it is killed in the middle of a step. All daemons keep their containers
// in runc's one list; whose a container is tells its bundle's folder.
func (d Daemon) endContainers(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "runc", "list", "--format", "json").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil // without runc nothing has been started
	}
	if err != nil {
		return fmt.Errorf("runc list: %w", err)
	}
	ids, err := containersBelow(out, d.root())
	if err != nil {
		return err
	}
	for _, id := range ids {
		if out, err := exec.CommandContext(ctx, "runc", "delete", "--force", id).CombinedOutput(); err != nil {
			return fmt.Errorf("end container %s: %w: %s", id, err, out)
		}
	}
	return nil
}

// containersBelow picks the ids of containers whose bundle is below dir from
// runc's list, which is null where there are none.
func containersBelow(list []byte, dir string) ([]string, error) {
	var all []struct{ ID, Bundle string }
	if err := json.Unmarshal(list, &all); err != nil {
		return nil, fmt.Errorf("runc list: %w", err)
	}
	var ids []string
	for _, c := range all {
		if strings.HasPrefix(c.Bundle, dir+"/") {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}

// tail gives the last lines of a file.
func tail(file string, lines int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
