// Package image looks at an image the way its user would find it: fetched from
// a registry, one platform at a time, as a list of files with owners and modes,
// or as a program that runs.
//
// It reads registries over plain HTTP where they are on a loopback address, and
// never writes to one.
package image

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Image is the image of one platform.
type Image struct {
	v1.Image
	// Platform is what the index says of it, or the config where there is no
	// index.
	Platform v1.Platform
}

// File is one entry of an image's root file system.
type File struct {
	// Path has no leading slash.
	Path string
	// Type is tar.TypeReg, tar.TypeDir, tar.TypeSymlink or another of tar's.
	Type byte
	// Mode holds the permission bits with set-uid, set-gid and sticky.
	Mode     int64
	UID, GID int
	Size     int64
	Link     string
	// Layer counts from zero, the base's first layer.
	Layer int
}

// Fetch gives every image that a reference stands for, by platform such as
// "linux/arm64" or "linux/arm/v7". Attestations are left out. A variant that
// the architecture has by default ("v8" of arm64) is not part of the key.
func Fetch(ctx context.Context, reference string) (map[string]Image, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return nil, err
	}
	desc, err := remote.Get(ref, remote.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if !desc.MediaType.IsIndex() {
		img, err := desc.Image()
		if err != nil {
			return nil, err
		}
		config, err := img.ConfigFile()
		if err != nil {
			return nil, err
		}
		p := v1.Platform{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant}
		return map[string]Image{Key(p): {Image: img, Platform: p}}, nil
	}
	idx, err := desc.ImageIndex()
	if err != nil {
		return nil, err
	}
	return fromIndex(idx)
}

func fromIndex(idx v1.ImageIndex) (map[string]Image, error) {
	manifest, err := idx.IndexManifest()
	if err != nil {
		return nil, err
	}
	images := map[string]Image{}
	for _, d := range manifest.Manifests {
		if d.Platform == nil || d.Platform.OS == "unknown" || !d.MediaType.IsImage() {
			continue
		}
		img, err := idx.Image(d.Digest)
		if err != nil {
			return nil, err
		}
		images[Key(*d.Platform)] = Image{Image: img, Platform: *d.Platform}
	}
	return images, nil
}

// Key writes a platform as users do.
func Key(p v1.Platform) string {
	key := p.OS + "/" + p.Architecture
	if p.Variant == "" || p.Architecture == "arm64" && p.Variant == "v8" || p.Architecture == "amd64" && p.Variant == "v1" {
		return key
	}
	return key + "/" + p.Variant
}

// walk calls visit for each entry of each layer, lowest layer first.
func (i Image) walk(visit func(layer int, h *tar.Header, content io.Reader) error) error {
	layers, err := i.Layers()
	if err != nil {
		return err
	}
	for n, layer := range layers {
		if err := walkLayer(layer, func(h *tar.Header, r io.Reader) error { return visit(n, h, r) }); err != nil {
			return fmt.Errorf("layer %d: %w", n, err)
		}
	}
	return nil
}

func walkLayer(layer v1.Layer, visit func(h *tar.Header, content io.Reader) error) error {
	rc, err := layer.Uncompressed()
	if err != nil {
		return err
	}
	defer rc.Close()
	for tr := tar.NewReader(rc); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(h, tr); err != nil {
			return err
		}
	}
}

func clean(p string) string { return strings.TrimPrefix(path.Clean("/"+p), "/") }

const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// Files lists what a container of the image would see, sorted by path, with
// what upper layers remove taken away.
func (i Image) Files() ([]File, error) {
	files := map[string]File{}
	err := i.walk(func(layer int, h *tar.Header, _ io.Reader) error {
		p := clean(h.Name)
		dir, base := path.Split(p)
		switch {
		case p == "":
		case base == opaque:
			remove(files, strings.TrimSuffix(dir, "/"), layer, false)
		case strings.HasPrefix(base, whiteout):
			remove(files, dir+strings.TrimPrefix(base, whiteout), layer, true)
		default:
			files[p] = File{
				Path: p, Type: h.Typeflag, Mode: h.Mode & 0o7777, UID: h.Uid, GID: h.Gid,
				Size: h.Size, Link: h.Linkname, Layer: layer,
			}
		}
		return nil
	})
	byPath := func(a, b File) int { return cmp.Compare(a.Path, b.Path) }
	return slices.SortedFunc(maps.Values(files), byPath), err
}

// remove takes away what lower layers put at or below p.
func remove(files map[string]File, p string, layer int, self bool) {
	maps.DeleteFunc(files, func(name string, f File) bool {
		below := p == "" || strings.HasPrefix(name, p+"/")
		return f.Layer < layer && (below || self && name == p)
	})
}

// ReadFile gives the content of a regular file, as the topmost layer that has
// it holds it. Links are not followed.
func (i Image) ReadFile(name string) ([]byte, error) {
	var found bool
	var content []byte
	err := i.walk(func(_ int, h *tar.Header, r io.Reader) error {
		if clean(h.Name) != clean(name) || h.Typeflag != tar.TypeReg {
			return nil
		}
		var err error
		content, err = io.ReadAll(r)
		found = true
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("the image has no file %q", name)
	}
	return content, err
}
