package download

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"
)

// hashFile hashes a zip or a go.mod file as go.sum has it.
func hashFile(f io.ReaderAt, size int64, ext string) (string, error) {
	switch {
	case ext == extZip && size <= modzip.MaxZipFile:
		return hashZip(f, size)
	case ext == extMod && size <= modzip.MaxGoMod:
		return hashMod(io.NewSectionReader(f, 0, size))
	}
	return "", fmt.Errorf("no module has a %s file of %d bytes", ext, size)
}

func hashMod(from io.Reader) (string, error) {
	return dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(from), nil })
}

// hashZip is dirhash.HashZip for a file that is open: a name may mean another file
// by the time it is opened. It reads no more than a module may unpack to.
func hashZip(f io.ReaderAt, size int64) (string, error) {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return "", err
	}
	var names []string
	var unpacked uint64
	files := map[string]*zip.File{}
	for _, file := range z.File {
		names = append(names, file.Name)
		files[file.Name] = file
		if unpacked += file.UncompressedSize64; file.UncompressedSize64 > modzip.MaxZipFile || unpacked > modzip.MaxZipFile {
			return "", errors.New("the zip unpacks to more than a module may have")
		}
	}
	return dirhash.Hash1(names, func(name string) (io.ReadCloser, error) { return files[name].Open() })
}

// hashPath hashes a file of our own.
func hashPath(name, ext string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	return hashFile(f, info.Size(), ext)
}
