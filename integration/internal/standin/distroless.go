package standin

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/gokiln/gokiln/integration/internal/debian"
	"github.com/gokiln/gokiln/integration/internal/rootfs"
)

// NonrootID is the user and group that distroless images of the tag nonroot
// run as.
const NonrootID = 65532

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Static makes distroless/static:nonroot for linux on amd64, arm64 and 32-bit
// ARM. Its packages hold no machine code, so one layer serves all three.
func (m Maker) Static(ctx context.Context) (v1.ImageIndex, error) {
	static, err := m.static(ctx)
	if err != nil {
		return nil, err
	}
	images := map[string]v1.Image{}
	for _, p := range []v1.Platform{
		{OS: "linux", Architecture: "amd64"},
		{OS: "linux", Architecture: "arm64", Variant: "v8"},
		{OS: "linux", Architecture: "arm", Variant: "v7"},
	} {
		if images[p.String()], err = image(p, distrolessConfig(), time.Unix(0, 0), static); err != nil {
			return nil, err
		}
	}
	return index(images)
}

// Base makes distroless/base:nonroot, which is static with a C library and
// OpenSSL, for linux on amd64 and arm64.
func (m Maker) Base(ctx context.Context) (v1.ImageIndex, error) {
	static, err := m.static(ctx)
	if err != nil {
		return nil, err
	}
	images := map[string]v1.Image{}
	for _, p := range []v1.Platform{
		{OS: "linux", Architecture: "amd64"},
		{OS: "linux", Architecture: "arm64", Variant: "v8"},
	} {
		arch := debian.Arch(p.Architecture)
		files, err := m.Archive.Fetch(ctx, "libc6:"+arch, "libssl3:"+arch, "openssl:"+arch)
		if err != nil {
			return nil, err
		}
		tree, err := packages(ctx, files)
		if err != nil {
			return nil, err
		}
		libc, err := m.part(tree, "libc6, libssl3, openssl for "+arch, time.Unix(0, 0))
		if err != nil {
			return nil, err
		}
		if images[p.String()], err = image(p, distrolessConfig(), time.Unix(0, 0), static, libc); err != nil {
			return nil, err
		}
	}
	return index(images)
}

func (m Maker) static(ctx context.Context) (part, error) {
	files, err := m.Archive.Fetch(ctx, "base-files", "netbase", "tzdata", "ca-certificates")
	if err != nil {
		return part{}, err
	}
	tree, err := packages(ctx, files)
	if err != nil {
		return part{}, err
	}
	tree.Merge(accounts())
	return m.part(tree, "base-files, netbase, tzdata, ca-certificates and accounts", time.Unix(0, 0))
}

// accounts are the users that distroless images know and their folders.
func accounts() rootfs.Tree {
	const nologin = "/sbin/nologin"
	tree := rootfs.Tree{}
	tree.File("etc/passwd", 0o644, []byte(
		user("root", 0, "/root", nologin)+
			user("nobody", 65534, "/nonexistent", nologin)+
			user("nonroot", NonrootID, "/home/nonroot", nologin)))
	tree.File("etc/group", 0o644, fmt.Appendf(nil,
		"root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\nnonroot:x:%d:\n", NonrootID))
	tree.File("etc/nsswitch.conf", 0o644, []byte("hosts: files dns\n"))
	tree.Dir("root", 0o700, 0, 0)
	tree.Dir("home/nonroot", 0o700, NonrootID, NonrootID)
	tree.Dir("tmp", 0o1777, 0, 0)
	return tree
}

func distrolessConfig() v1.Config {
	return v1.Config{
		User:       fmt.Sprint(NonrootID),
		WorkingDir: "/home/nonroot",
		Env:        []string{"PATH=" + defaultPath, "SSL_CERT_FILE=/" + caBundle},
	}
}
