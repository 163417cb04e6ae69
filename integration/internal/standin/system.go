package standin

import (
	"archive/tar"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/integration/internal/rootfs"
)

// shellSystem is a root file system with Busybox, certificates and accounts.
func (m Maker) shellSystem(ctx context.Context) (rootfs.Tree, error) {
	files, err := m.Archive.Fetch(ctx, "busybox-static", "ca-certificates")
	if err != nil {
		return nil, err
	}
	unpacked, err := packages(ctx, files)
	if err != nil {
		return nil, err
	}
	busybox, ok := unpacked["bin/busybox"]
	if !ok {
		return nil, fmt.Errorf("package busybox-static holds no bin/busybox")
	}
	tree := systemAccounts("/bin/sh")
	tree["bin/busybox"] = busybox
	tree[caBundle] = unpacked[caBundle]
	applets, err := m.applets(ctx, busybox.Data)
	if err != nil {
		return nil, err
	}
	for _, applet := range applets {
		if _, ok := tree[applet]; !ok {
			tree.Symlink(applet, "/bin/busybox")
		}
	}
	return tree, nil
}

// applets asks Busybox itself which programs it can be, as paths.
func (m Maker) applets(ctx context.Context, program []byte) ([]string, error) {
	dir, err := os.MkdirTemp(m.Layers, "busybox-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "busybox")
	if err := os.WriteFile(file, program, 0o755); err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, file, "--list-full").Output()
	if err != nil {
		return nil, fmt.Errorf("busybox --list-full: %w", err)
	}
	return strings.Fields(string(out)), nil
}

// compilerSystem is Debian with a C compiler, git and ssh, from packages as
// they are: no maintainer script has run.
func (m Maker) compilerSystem(ctx context.Context) (rootfs.Tree, error) {
	files, err := m.Archive.Closure(ctx,
		"bash", "dash", "coreutils", "findutils", "grep", "sed", "gawk", "diffutils", "tar", "gzip",
		"base-files", "netbase", "ca-certificates", "libc-bin",
		"gcc", "g++", "libc6-dev", "make", "pkg-config", "git", "openssh-client")
	if err != nil {
		return nil, err
	}
	unpacked, err := packages(ctx, files)
	if err != nil {
		return nil, err
	}
	tree := mergeUsr(unpacked)
	tree.Merge(systemAccounts("/bin/bash"))
	for link, target := range map[string]string{
		"usr/bin/sh": "dash", "usr/bin/cc": "gcc", "usr/bin/c++": "g++", "usr/bin/awk": "gawk",
	} {
		tree.Symlink(link, target)
	}
	return tree, nil
}

// mergeUsr moves what packages put into /bin, /sbin and /lib* below /usr, and
// links the old places there, as Debian has it since release 12. Without it a
// package's file and another's link to it could miss each other.
func mergeUsr(tree rootfs.Tree) rootfs.Tree {
	merged := rootfs.Tree{}
	tree = tree.WithParents()
	tops := []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		e := tree[name]
		top, _, _ := strings.Cut(name, "/")
		for _, t := range tops {
			if top == t {
				name = path.Join("usr", name)
			}
		}
		if old, ok := merged[name]; ok && old.Type != tar.TypeDir && e.Type == tar.TypeDir {
			continue
		}
		merged[name] = e
	}
	for _, t := range tops {
		if _, ok := merged["usr/"+t]; ok {
			merged.Symlink(t, "usr/"+t)
		}
	}
	return merged
}

// systemAccounts are the users of an image that people work in, as opposed to
// one that only runs a program.
func systemAccounts(shell string) rootfs.Tree {
	tree := rootfs.Tree{}
	tree.File("etc/passwd", 0o644, []byte(
		user("root", 0, "/root", shell)+user("nobody", 65534, "/nonexistent", "/sbin/nologin")))
	tree.File("etc/group", 0o644, []byte("root:x:0:\nstaff:x:50:\nnogroup:x:65534:\n"))
	tree.File("etc/nsswitch.conf", 0o644, []byte("hosts: files dns\n"))
	tree.Dir("root", 0o700, 0, 0)
	tree.Dir("tmp", 0o1777, 0, 0)
	tree.Dir("var/tmp", 0o1777, 0, 0)
	tree.Dir("usr/local/bin", 0o755, 0, 0)
	return tree
}
