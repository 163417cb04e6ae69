// Package standin makes base images for a machine that can't pull the real
// ones, out of what such images are made of: the official Go toolchain as the
// module proxy serves it, and Debian's packages as the machine's apt serves
// them. Whoever uses one sees the same paths, users, environment and config as
// in the real image.
//
// An image is made from values alone and has the same digest each time, for as
// long as its ingredients stay the same.
package standin

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/gokiln/gokiln/integration/internal/debian"
	"github.com/gokiln/gokiln/integration/internal/rootfs"
)

const caBundle = "etc/ssl/certs/ca-certificates.crt"

// Maker makes stand-ins. Its zero value is of no use.
type Maker struct {
	// Archive is where Debian's packages come from.
	Archive *debian.Archive
	// Layers is a folder for layer files; they are used until the image has
	// been pushed.
	Layers string
	// GOARCH is the architecture of this machine.
	GOARCH string
}

// part is one layer of an image and how it came to be.
type part struct {
	layer v1.Layer
	note  string
	when  time.Time
}

func (m Maker) part(tree rootfs.Tree, note string, when time.Time) (part, error) {
	layer, err := rootfs.NewLayer(tree, when, m.Layers)
	return part{layer: layer, note: note, when: when}, err
}

// image puts layers and a config together for one platform.
func image(p v1.Platform, config v1.Config, created time.Time, parts ...part) (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, part := range parts {
		var err error
		img, err = mutate.Append(img, mutate.Addendum{
			Layer:   part.layer,
			History: v1.History{CreatedBy: part.note, Created: v1.Time{Time: part.when}},
		})
		if err != nil {
			return nil, err
		}
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Variant = p.OS, p.Architecture, p.Variant
	file.Created = v1.Time{Time: created}
	file.Config = config
	return mutate.ConfigFile(img, file)
}

// index lists one image per platform.
func index(images map[string]v1.Image) (v1.ImageIndex, error) {
	idx := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, name := range slices.Sorted(maps.Keys(images)) {
		p, err := v1.ParsePlatform(name)
		if err != nil {
			return nil, err
		}
		idx = mutate.AppendManifests(idx, mutate.IndexAddendum{
			Add: images[name], Descriptor: v1.Descriptor{Platform: p},
		})
	}
	return idx, nil
}

// packages unpacks packages and adds what their maintainer scripts would make
// and programs look for: the bundle of certificates, and dpkg's description of
// each package where scanners of distroless images read it.
func packages(ctx context.Context, files []string) (rootfs.Tree, error) {
	tree, err := debian.Unpack(ctx, files...)
	if err != nil {
		return nil, err
	}
	addCertificates(tree)
	for _, file := range files {
		control, err := debian.Control(ctx, file)
		if err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(path.Base(file), "_")
		tree.File("var/lib/dpkg/status.d/"+name, 0o644, control)
	}
	return tree, nil
}

// addCertificates joins the certificates of the package ca-certificates, in the
// order of their names, as its own script would.
func addCertificates(tree rootfs.Tree) {
	var bundle bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if strings.HasPrefix(name, "usr/share/ca-certificates/") && strings.HasSuffix(name, ".crt") {
			bundle.Write(bytes.TrimRight(tree[name].Data, "\n"))
			bundle.WriteByte('\n')
		}
	}
	if bundle.Len() > 0 {
		tree.File(caBundle, 0o644, bundle.Bytes())
	}
}

func user(name string, id int, home, shell string) string {
	return fmt.Sprintf("%s:x:%d:%d:%s:%s:%s\n", name, id, id, name, home, shell)
}
