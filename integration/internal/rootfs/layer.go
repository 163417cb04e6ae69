package rootfs

import (
	"errors"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// NewLayer writes the tree as a gzip layer into a new file in dir, which has to
// stay there for as long as the layer is used. It compresses fast rather than
// well: such layers travel over loopback.
func NewLayer(t Tree, when time.Time, dir string) (v1.Layer, error) {
	f, err := os.CreateTemp(dir, "layer-*.tar.gz")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(t.writeGzip(f, when), f.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	layer, err := tarball.LayerFromFile(f.Name(), tarball.WithMediaType(types.OCILayer))
	// Only the methods of a layer: the descriptor that this one makes of itself has
	// an empty map of annotations, which validate tells from none.
	return struct{ v1.Layer }{layer}, err
}

func (t Tree) writeGzip(w io.Writer, when time.Time) error {
	zw, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	return errors.Join(t.WriteTar(zw, when), zw.Close())
}
