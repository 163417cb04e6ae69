package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// FindRepo finds the root of the repository at or above dir, by its module.
func FindRepo(dir string) (string, error) {
	for at := dir; ; at = filepath.Dir(at) {
		b, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && strings.HasPrefix(string(b), "module github.com/gokiln/gokiln\n") {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not inside the gokiln repository", dir)
		}
	}
}
