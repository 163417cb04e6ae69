package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// ErrNoEmulator is the error for an image of a foreign architecture on a
// machine that lacks the emulator for it.
var ErrNoEmulator = errors.New("no emulator")

// Unpack writes the image's root file system into dir. Owners are kept where
// the caller is root. Nothing is written outside dir.
func (i Image) Unpack(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	files, err := i.Files()
	if err != nil {
		return err
	}
	wanted := map[string]int{}
	for _, f := range files {
		wanted[f.Path] = f.Layer
	}
	return i.walk(func(layer int, h *tar.Header, r io.Reader) error {
		p := clean(h.Name)
		if at, ok := wanted[p]; !ok || at != layer {
			return nil
		}
		if err := unpackEntry(root, p, h, r); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if os.Geteuid() == 0 {
			return root.Lchown(p, h.Uid, h.Gid)
		}
		return nil
	})
}

func unpackEntry(root *os.Root, p string, h *tar.Header, r io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		if err := root.Mkdir(p, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return root.Chmod(p, h.FileInfo().Mode())
	case tar.TypeReg:
		f, err := root.Create(p)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		return errors.Join(err, f.Close(), root.Chmod(p, h.FileInfo().Mode()))
	case tar.TypeSymlink:
		return root.Symlink(h.Linkname, p)
	case tar.TypeLink:
		return root.Link(clean(h.Linkname), p)
	default:
		return nil // devices: a container runtime brings its own
	}
}

// Command prepares the image's program to run from its unpacked root file
// system at dir: its entrypoint, its command unless args replace it, its
// environment, its working folder and, where the caller is root, its user and
// its root folder. The network is the host's. A foreign architecture runs in
// its user mode emulator, from the folder emulators or from PATH, or gives
// ErrNoEmulator.
func (i Image) Command(ctx context.Context, dir, emulators string, args ...string) (*exec.Cmd, error) {
	file, err := i.ConfigFile()
	if err != nil {
		return nil, err
	}
	config := file.Config
	if len(args) == 0 {
		args = config.Cmd
	}
	argv := append(append([]string{}, config.Entrypoint...), args...)
	if len(argv) == 0 {
		return nil, errors.New("the image has neither an entrypoint nor a command")
	}
	jailed := os.Geteuid() == 0
	if !jailed {
		argv[0] = filepath.Join(dir, argv[0])
	}
	emulator, err := emulate(dir, emulators, file.Architecture, jailed)
	if err != nil {
		return nil, err
	}
	argv = append(emulator, argv...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = config.Env
	if !jailed {
		return cmd, nil
	}
	cmd.Path, cmd.Err = argv[0], nil // not to be looked up outside the jail
	cmd.Dir = "/" + clean(config.WorkingDir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir}
	cmd.SysProcAttr.Credential, err = i.credential(config.User)
	return cmd, err
}

// Emulator is the name of the user mode emulator for an architecture.
func Emulator(goarch string) string {
	names := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i386", "loong64": "loongarch64"}
	if name, ok := names[goarch]; ok {
		goarch = name
	}
	return "qemu-" + goarch + "-static"
}

// emulate gives the words that go before a command of another architecture. In
// a jail the emulator has to be inside, so it is copied there.
func emulate(dir, emulators, goarch string, jailed bool) ([]string, error) {
	if goarch == runtime.GOARCH || goarch == "386" && runtime.GOARCH == "amd64" {
		return nil, nil
	}
	program := filepath.Join(emulators, Emulator(goarch))
	if _, err := os.Stat(program); emulators == "" || err != nil {
		if program, err = exec.LookPath(Emulator(goarch)); err != nil {
			return nil, fmt.Errorf("%w for %s: install qemu-user-static", ErrNoEmulator, goarch)
		}
	}
	if !jailed {
		return []string{program}, nil
	}
	b, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	const inside = "/.emulator"
	return []string{inside}, os.WriteFile(filepath.Join(dir, inside), b, 0o755)
}

// credential finds the ids of a user as a container runtime would: numbers as
// they are, names from the image's own passwd and group files.
func (i Image) credential(user string) (*syscall.Credential, error) {
	name, group, hasGroup := strings.Cut(user, ":")
	if name == "" {
		name = "0"
	}
	uid, gid, err := i.lookup("etc/passwd", name)
	if err != nil {
		return nil, err
	}
	if hasGroup {
		if gid, _, err = i.lookup("etc/group", group); err != nil {
			return nil, err
		}
	}
	return &syscall.Credential{Uid: uid, Gid: gid}, nil
}

// lookup gives the third and the fourth field of a passwd or group file's line
// that has key as its name or its id.
func (i Image) lookup(file, key string) (id, second uint32, err error) {
	content, err := i.ReadFile(file)
	number, notNumber := strconv.ParseUint(key, 10, 32)
	if err != nil && notNumber != nil {
		return 0, 0, fmt.Errorf("user %q: %w", key, err)
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 3 || fields[0] != key && fields[2] != key {
			continue
		}
		a, _ := strconv.ParseUint(fields[2], 10, 32)
		b, _ := strconv.ParseUint(append(fields, "0")[3], 10, 32)
		return uint32(a), uint32(b), nil
	}
	if notNumber != nil {
		return 0, 0, fmt.Errorf("%s knows no %q", file, key)
	}
	return uint32(number), 0, nil
}
