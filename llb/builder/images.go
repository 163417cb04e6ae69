package builder

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	srctypes "github.com/moby/buildkit/source/types"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/crash"
	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/llb/lower"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/spec"
)

// image is an image that a build starts from.
type image struct {
	state llb.State
	// config is nil for scratch and for contexts that are plain folders.
	config *dockerspec.DockerOCIImage
	// digest is what an image is pinned to; empty for anything else.
	digest digest.Digest
	// replaced tells that a named context stands in for the image.
	replaced bool
}

// bases are the base images of an image's targets, by platform.
type bases map[string]func() (image, error)

// askForBases begins to load them.
func (s session) askForBases(ctx context.Context, app *spec.Spec) bases {
	all := bases{}
	for _, target := range s.ui.TargetPlatforms {
		base := sync.OnceValues(func() (img image, err error) {
			defer crash.Guard(&err)
			return s.resolveBase(ctx, app, target)
		})
		all[platformID(target)] = base
		// Whoever needs the image gets the error.
		go func() { _, _ = base() }()
	}
	return all
}

// resolveBase loads the base image for one target.
func (s session) resolveBase(ctx context.Context, app *spec.Spec, target ocispecs.Platform) (image, error) {
	ref := plan.BaseImage(app)
	img, err := s.loadImage(ctx, ref, "base", target)
	if err != nil {
		return image{}, app.Errorf("image.base",
			"%q for %s: %w; take an image that can be had, or replace it with --build-context %s=...",
			ref, platforms.Format(target), err, ref)
	}
	return img, nil
}

// loadImage turns an image reference into a state: a named context of that name
// where the user gave one, else the image from its registry, pinned to the
// digest that its tag has now. role says what the image is for.
func (s session) loadImage(ctx context.Context, ref, role string, p ocispecs.Platform) (image, error) {
	img, found, err := s.namedImage(ctx, ref, p)
	if err != nil || found {
		return img, err
	}
	if ref == plan.Scratch {
		return image{state: llb.Scratch()}, nil
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return image{}, err
	}
	named = reference.TagNameOnly(named)
	mode := s.ui.ImageResolveMode
	resolved, dgst, data, err := s.client.ResolveImageConfig(ctx, named.String(), sourceresolver.Opt{
		LogName:  diag.Plain(fmt.Sprintf("[internal] load metadata for %s image %s", role, ref)),
		ImageOpt: &sourceresolver.ResolveImageOpt{Platform: &p, ResolveMode: mode.String()},
	})
	if err != nil {
		return image{}, err
	}
	if named, err = reference.ParseNormalizedNamed(resolved); err != nil {
		return image{}, err
	}
	if _, pinned := named.(reference.Digested); !pinned && dgst != "" {
		if named, err = reference.WithDigest(named, dgst); err != nil {
			return image{}, err
		}
	}
	st := llb.Image(named.String(), mode, llb.Platform(p), lower.Name(fmt.Sprintf("[%s] %s image %s", platforms.Format(p), role, ref)))
	img, err = withConfig(st, data)
	if pinned, ok := named.(reference.Digested); ok {
		img.digest = pinned.Digest()
	}
	return img, err
}

// namedImage looks for a named context: the reference as written, then its
// repository without tag and digest, so that `--build-context golang=…` serves
// every release.
func (s session) namedImage(ctx context.Context, ref string, p ocispecs.Platform) (image, bool, error) {
	names := []string{ref}
	if named, err := reference.ParseNormalizedNamed(ref); err == nil && ref != plan.Scratch {
		names = append(names, reference.FamiliarName(named))
	}
	for _, name := range names {
		var resolved digest.Digest
		nc, err := s.ui.NamedContext(name, dockerui.ContextOpt{
			Platform:      &p,
			ResolveMode:   s.ui.ImageResolveMode.String(),
			CaptureDigest: &resolved,
		})
		if err != nil {
			return image{}, false, err
		}
		if nc == nil {
			continue
		}
		st, config, err := nc.Load(ctx)
		if err != nil {
			return image{}, false, fmt.Errorf("named context %q: %w", name, err)
		}
		if st == nil {
			continue
		}
		img := image{state: *st, config: config, replaced: true}
		img.state, img.digest, err = pin(ctx, *st, resolved)
		return img, true, err
	}
	return image{}, false, nil
}

// pin has a state that is one image be that image by its digest: what a named context
// names by a tag would be looked up once more when it is pulled. The digest is empty for
// any other state, whose content nothing tells.
func pin(ctx context.Context, st llb.State, resolved digest.Digest) (llb.State, digest.Digest, error) {
	identifier, err := onlySource(ctx, st)
	if err != nil {
		return st, "", fmt.Errorf("marshal a named context: %w", err)
	}
	if _, text, ok := strings.Cut(identifier, "@"); ok {
		dgst, err := digest.Parse(text)
		if err != nil {
			return st, "", nil //nolint:nilerr // a git repository's address may have such a sign too
		}
		return st, dgst, nil
	}
	ref, ok := strings.CutPrefix(identifier, srctypes.DockerImageScheme+"://")
	if !ok || resolved == "" {
		return st, "", nil
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return st, "", err
	}
	pinned, err := reference.WithDigest(named, resolved)
	if err != nil {
		return st, "", err
	}
	p, err := st.GetPlatform(ctx)
	if err != nil {
		return st, "", err
	}
	opts := []llb.ImageOption{lower.Name("[context] " + ref)}
	if p != nil {
		opts = append(opts, llb.Platform(*p))
	}
	return st.WithOutput(llb.Image(pinned.String(), opts...).Output()), resolved, nil
}

// onlySource is the identifier of the source that a state is; empty where it is more.
func onlySource(ctx context.Context, st llb.State) (string, error) {
	def, err := st.Marshal(ctx)
	if err != nil || len(def.Def) == 0 {
		return "", err
	}
	identifier := ""
	for _, data := range def.Def {
		var op pb.Op
		if err := op.UnmarshalVT(data); err != nil {
			return "", err
		}
		switch src := op.GetSource(); {
		case src != nil && identifier == "":
			identifier = src.Identifier
		case op.Op != nil:
			return "", nil
		}
	}
	return identifier, nil
}

func withConfig(st llb.State, data []byte) (image, error) {
	var config dockerspec.DockerOCIImage
	if err := json.Unmarshal(data, &config); err != nil {
		return image{}, fmt.Errorf("decode image config: %w", err)
	}
	st, err := st.WithImageConfig(data)
	if err != nil {
		return image{}, fmt.Errorf("apply image config: %w", err)
	}
	return image{state: st, config: &config}, nil
}

// env returns the image's environment.
func (i image) env() []string {
	if i.config == nil {
		return nil
	}
	return i.config.Config.Env
}
