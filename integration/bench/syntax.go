package bench

import (
	"context"
	"os"
	"runtime"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/gokiln/gokiln/integration/internal/rootfs"
)

// PublishSyntax makes an image of the Dockerfile frontend program and pushes
// it, for Dockerfiles with a syntax line. It has the labels by which BuildKit
// knows what a frontend can do. It gives the image's name.
func PublishSyntax(ctx context.Context, registry, program string) (string, error) {
	scratch, err := os.MkdirTemp("", "gokiln-bench-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	content, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	tree := rootfs.Tree{}
	tree.File("bin/dockerfile-frontend", 0o755, content)
	layer, err := rootfs.NewLayer(tree, time.Unix(0, 0), scratch)
	if err != nil {
		return "", err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if img, err = mutate.AppendLayers(img, layer); err != nil {
		return "", err
	}
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{
		Architecture: runtime.GOARCH, OS: "linux",
		RootFS: v1.RootFS{Type: "layers", DiffIDs: diffIDs(layer)},
		Config: v1.Config{
			Entrypoint: []string{"/bin/dockerfile-frontend"},
			Labels: map[string]string{
				"moby.buildkit.frontend.network.none": "true",
				"moby.buildkit.frontend.caps":         "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts",
			},
		},
	})
	if err != nil {
		return "", err
	}
	reference := registry + "/bench/dockerfile:1"
	ref, err := name.ParseReference(reference, name.Insecure)
	if err != nil {
		return "", err
	}
	return reference, remote.Write(ref, img, remote.WithContext(ctx))
}

func diffIDs(layer *rootfs.Layer) []v1.Hash {
	id, err := layer.DiffID()
	if err != nil {
		return nil
	}
	return []v1.Hash{id}
}
