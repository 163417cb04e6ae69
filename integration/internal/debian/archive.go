// Package debian gets packages through the machine's own apt, from the mirrors
// that it is configured for. An Archive is a private view of them: it may hold
// other architectures and writes nothing outside its folder. Installing on the
// machine itself is a function of its own, Install.
//
// No mirror is named here, and no maintainer script of a fetched package runs.
package debian

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gokiln/gokiln/integration/internal/rootfs"
	"github.com/gokiln/gokiln/integration/internal/state"
)

// listsMaxAge is how long package lists are used before they are fetched again.
const listsMaxAge = 24 * time.Hour

// Archive is a folder with package lists and packages.
type Archive struct {
	dir    string
	native string
}

// Arch is Debian's name for a Go architecture.
func Arch(goarch string) string {
	switch goarch {
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	case "ppc64le":
		return "ppc64el"
	default:
		return goarch
	}
}

// Available reports whether the machine has the programs that an Archive needs.
func Available() bool {
	for _, name := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(name); err != nil {
			return false
		}
	}
	return true
}

// Open prepares an archive in dir for the host's architecture and others, which
// are Go's names, and fetches the package lists unless it has recent ones.
func Open(ctx context.Context, dir string, others ...string) (*Archive, error) {
	if !Available() {
		return nil, errors.New("apt-get and dpkg-deb are needed to make base images here: use a Debian machine, or one that reaches the image registries")
	}
	a := &Archive{dir: dir, native: Arch(runtime.GOARCH)}
	for _, d := range []string{"lists/partial", "archives/partial", "plan/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	// Without a status file apt thinks that nothing is installed, so that what
	// it resolves does not depend on the machine.
	if err := os.WriteFile(filepath.Join(dir, "status"), nil, 0o644); err != nil {
		return nil, err
	}
	config := []byte(a.config(others))
	changed := true
	if have, err := os.ReadFile(a.configFile()); err == nil {
		changed = string(have) != string(config)
	}
	if !changed && fresh(filepath.Join(dir, "updated"), listsMaxAge) {
		return a, nil
	}
	if err := state.WriteFile(a.configFile(), config, 0o644); err != nil {
		return nil, err
	}
	return a, a.update(ctx)
}

func (a *Archive) configFile() string { return filepath.Join(a.dir, "apt.conf") }

func (a *Archive) config(others []string) string {
	var b strings.Builder
	set := func(key, value string) { fmt.Fprintf(&b, "%s %q;\n", key, value) }
	set("Dir::State", a.dir)
	set("Dir::State::status", filepath.Join(a.dir, "status"))
	set("Dir::State::lists", filepath.Join(a.dir, "lists"))
	set("Dir::Cache", a.dir)
	set("Dir::Cache::archives", filepath.Join(a.dir, "archives"))
	set("APT::Sandbox::User", "root")
	set("Acquire::Languages", "none")
	set("Acquire::Retries", "3")
	set("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false")
	set("APT::Architecture", a.native)
	set("APT::Architectures::", a.native)
	for _, goarch := range others {
		if arch := Arch(goarch); arch != a.native {
			set("APT::Architectures::", arch)
		}
	}
	return b.String()
}

func fresh(file string, limit time.Duration) bool {
	info, err := os.Stat(file)
	return err == nil && time.Since(info.ModTime()) < limit
}

// update fetches the package lists. A source that can't be reached does not
// matter as long as the packages are found in another, so a failure here shows
// when a package is asked for.
func (a *Archive) update(ctx context.Context) error {
	if _, err := a.apt(ctx, a.dir, "update"); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if lists, _ := filepath.Glob(filepath.Join(a.dir, "lists", "*Packages*")); len(lists) == 0 {
			return err
		}
	}
	return os.WriteFile(filepath.Join(a.dir, "updated"), nil, 0o644)
}

// Fetch gives the files of the named packages, in their order. A name may carry
// an architecture: "libc6:arm64".
func (a *Archive) Fetch(ctx context.Context, names ...string) ([]string, error) {
	var files []string
	for _, name := range names {
		got, err := a.download(ctx, "download", name)
		if err != nil {
			return nil, fmt.Errorf("package %s: %w", name, err)
		}
		files = append(files, got...)
	}
	return files, nil
}

// Closure gives the files of the named packages and of everything they depend
// on, for the host's architecture, sorted by name.
func (a *Archive) Closure(ctx context.Context, names ...string) ([]string, error) {
	args := append([]string{"install", "--yes", "--no-install-recommends", "--download-only"}, names...)
	return a.download(ctx, args...)
}

// download has apt print what it would fetch, which names the files, and then
// fetch it, unless all of them are there. It plans in an empty folder with an
// empty cache: apt leaves out of the plan what it finds in either.
func (a *Archive) download(ctx context.Context, args ...string) ([]string, error) {
	empty := filepath.Join(a.dir, "plan")
	plan, err := a.apt(ctx, empty, append(args, "--print-uris", "-o", "Dir::Cache::archives="+empty)...)
	if err != nil {
		return nil, err
	}
	var files []string
	missing := false
	for _, name := range parseURIs(plan) {
		file := filepath.Join(a.dir, "archives", name)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			missing = true
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, errors.New("apt names no file to fetch")
	}
	if missing {
		_, err = a.apt(ctx, filepath.Join(a.dir, "archives"), args...)
	}
	return files, err
}

// parseURIs picks the file names from the lines 'uri' name size hash.
func parseURIs(plan string) []string {
	var names []string
	for line := range strings.Lines(plan) {
		fields := strings.Fields(line)
		if len(fields) >= 3 && strings.HasPrefix(fields[0], "'") && strings.HasSuffix(fields[1], ".deb") {
			names = append(names, fields[1])
		}
	}
	return names
}

// digests has apt keep its digests of the package lists: images of Debian come with
// a file that forbids it, and apt reads the machine's files after the archive's own
// and before its arguments. Without digests each question takes it 2.6 s instead of
// 0.5 s.
func (a *Archive) digests() []string {
	var args []string
	for _, name := range []string{"pkgcache", "srcpkgcache"} {
		args = append(args, "-o", "Dir::Cache::"+name+"="+filepath.Join(a.dir, name+".bin"))
	}
	return args
}

// apt runs apt-get in dir, which is where it puts what it downloads.
func (a *Archive) apt(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "apt-get", append(a.digests(), args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "APT_CONFIG="+a.configFile(), "LC_ALL=C")
	out, err := cmd.Output()
	return string(out), commandError(cmd, err)
}

// commandError adds what a failed command said to its error.
func commandError(cmd *exec.Cmd, err error) error {
	if err == nil {
		return nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(string(exit.Stderr)))
	}
	return fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
}

// Unpack puts the files of packages into one tree, as dpkg would lay them out
// before any script runs.
func Unpack(ctx context.Context, files ...string) (rootfs.Tree, error) {
	tree := rootfs.Tree{}
	for _, file := range files {
		if err := unpack(ctx, tree, file); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	return tree, nil
}

func unpack(ctx context.Context, tree rootfs.Tree, file string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := tree.AddTar(out); err != nil {
		cancel() // the writer would wait for a reader for ever
		_ = cmd.Wait()
		return err
	}
	// The tar reader stops at the closing blocks; what pads the stream after
	// them has to be taken too, or dpkg-deb dies of a broken pipe.
	_, err = drain(out)
	return errors.Join(err, commandError(cmd, cmd.Wait()))
}

// Control gives the package's description as dpkg keeps it.
func Control(ctx context.Context, file string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--field", file)
	out, err := cmd.Output()
	return out, commandError(cmd, err)
}
