package standin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// reachLimit is how long a real image may take to show itself. A machine that
// reaches its registry is answered in a fraction of that.
const reachLimit = 3 * time.Second

// Reachable reports whether the real image can be had, from one request for its
// manifest's head.
func Reachable(ctx context.Context, image string) bool {
	ref, err := name.ParseReference(image)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	none := remote.Backoff{Steps: 1}
	_, err = remote.Head(ref, remote.WithContext(ctx), remote.WithRetryBackoff(none))
	return err == nil
}

// MirrorPath is where a mirror of all registries has an image: the image's own
// path without its registry. "golang:1.26-alpine" is at
// "library/golang:1.26-alpine".
func MirrorPath(image string) (string, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", err
	}
	return ref.Context().RepositoryStr() + ":" + ref.Identifier(), nil
}

// mirrored gives the reference of an image in the mirror at address.
func mirrored(address, image string) (name.Reference, error) {
	path, err := MirrorPath(image)
	if err != nil {
		return nil, err
	}
	return name.ParseReference(address+"/"+path, name.Insecure)
}

// Publish pushes a stand-in to the mirror at address under every name it
// stands in for, and gives its digest.
func Publish(ctx context.Context, address string, idx v1.ImageIndex, images ...string) (string, error) {
	for i, image := range images {
		ref, err := mirrored(address, image)
		if err != nil {
			return "", err
		}
		if i == 0 {
			err = remote.WriteIndex(ref, idx, remote.WithContext(ctx))
		} else {
			err = remote.Tag(ref.Context().Tag(ref.Identifier()), idx, remote.WithContext(ctx))
		}
		if err != nil {
			return "", fmt.Errorf("push stand-in for %s: %w", image, err)
		}
	}
	digest, err := idx.Digest()
	return digest.String(), err
}

// Published gives the digest that the mirror has for an image, or nothing.
func Published(ctx context.Context, address, image string) (string, error) {
	ref, err := mirrored(address, image)
	if err != nil {
		return "", err
	}
	desc, err := remote.Head(ref, remote.WithContext(ctx))
	if notFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return desc.Digest.String(), nil
}

// Withdraw takes an image's name out of the mirror, so that the real image is
// found behind it.
func Withdraw(ctx context.Context, address, image string) error {
	ref, err := mirrored(address, image)
	if err != nil {
		return err
	}
	if err := remote.Delete(ref, remote.WithContext(ctx)); !notFound(err) {
		return err
	}
	return nil
}

func notFound(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}

// Recipe is the part of a recipe's name that changes when this package would
// make another image from the same ingredients. Raise it with every such
// change: images already made are made again.
const Recipe = "1"

// RecipeOf names what an image was made from, for telling whether one that is
// there is the one that would be made.
func RecipeOf(ingredients ...string) string {
	return strings.Join(append([]string{Recipe}, ingredients...), " ")
}
