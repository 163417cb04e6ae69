package gomod

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
)

// Hash is the SHA-256, in hexadecimal digits, of RecipeFiles with their names: what
// decides which modules are used, and what they are verified against. A file that does
// not exist is left out.
func (m *Module) Hash(ctx context.Context) (string, error) {
	h := sha256.New()
	for _, name := range m.RecipeFiles {
		data, err := m.tree.Read(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q %d\n", name, len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
