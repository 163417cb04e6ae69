package rootfs

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// Layer is an image layer in a file.
type Layer struct {
	file           string
	digest, diffID v1.Hash
	size           int64
}

// NewLayer writes the tree as a gzip layer into a new file in dir, which has to
// stay there for as long as the layer is used. It compresses fast rather than
// well: such layers travel over loopback.
func NewLayer(t Tree, when time.Time, dir string) (*Layer, error) {
	f, err := os.CreateTemp(dir, "layer-*.tar.gz")
	if err != nil {
		return nil, err
	}
	l, err := writeLayer(f, t, when)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	return l, nil
}

func writeLayer(f *os.File, t Tree, when time.Time) (*Layer, error) {
	packed, plain := sha256.New(), sha256.New()
	buf := bufio.NewWriterSize(io.MultiWriter(f, packed), 1<<20)
	zw, err := gzip.NewWriterLevel(buf, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if err := t.WriteTar(io.MultiWriter(zw, plain), when); err != nil {
		return nil, err
	}
	if err := errors.Join(zw.Close(), buf.Flush()); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &Layer{file: f.Name(), digest: sum(packed), diffID: sum(plain), size: info.Size()}, nil
}

func sum(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}

// Digest is the digest of the compressed bytes.
func (l *Layer) Digest() (v1.Hash, error) { return l.digest, nil }

// DiffID is the digest of the tar stream.
func (l *Layer) DiffID() (v1.Hash, error) { return l.diffID, nil }

// Size is the number of compressed bytes.
func (l *Layer) Size() (int64, error) { return l.size, nil }

// MediaType is the one of an OCI layer in gzip.
func (l *Layer) MediaType() (types.MediaType, error) { return types.OCILayer, nil }

// Compressed opens the layer as it is pushed.
func (l *Layer) Compressed() (io.ReadCloser, error) { return os.Open(l.file) }

// Uncompressed opens the layer's tar stream.
func (l *Layer) Uncompressed() (io.ReadCloser, error) {
	f, err := os.Open(l.file)
	if err != nil {
		return nil, err
	}
	zr, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{zr, f}, nil
}
