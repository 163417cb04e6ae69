package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gokiln/gokiln/integration/internal/image"
)

// Inspect looks into the programs that a build has pushed, or left in a folder.
func (*Workshop) Inspect(ctx context.Context, p Product) (string, error) {
	var seen []string
	for _, w := range p.Wanted {
		for _, platform := range p.Call.platforms() {
			content, id, err := p.program(ctx, w.Program, platform)
			if err != nil {
				return "", err
			}
			if err := w.check(content); err != nil {
				return "", fmt.Errorf("%s for %s: %w", w.Program.Name, platform, err)
			}
			seen = append(seen, id)
		}
	}
	return strings.Join(seen, " "), nil
}

// program reads a program and gives an id of what it came in.
func (p Product) program(ctx context.Context, program Program, platform string) (content []byte, id string, err error) {
	if p.Tool.Programs == "" {
		file := filepath.Join(p.Call.Out, strings.ReplaceAll(platform, "/", "-"), program.Name)
		content, err = os.ReadFile(file)
		sum := sha256.Sum256(content)
		return content, hex.EncodeToString(sum[:]), err
	}
	reference := p.Call.Image
	if p.Call.Work.isFleet() {
		reference += "/" + program.Name
	}
	images, err := image.Fetch(ctx, reference)
	if err != nil {
		return nil, "", err
	}
	img, ok := images[platform]
	if !ok {
		return nil, "", fmt.Errorf("%s has no image for %s", reference, platform)
	}
	digest, err := img.Digest()
	if err != nil {
		return nil, "", err
	}
	content, err = img.ReadFile(p.Tool.Programs + "/" + program.Name)
	return content, digest.String(), err
}

// check looks for the marks of the last changes and the dependency's version.
func (w Wanted) check(program []byte) error {
	for _, mark := range w.Marks {
		if !bytes.Contains(program, []byte(mark)) {
			return fmt.Errorf("the program lacks the change %q", mark)
		}
	}
	if w.Module == "" {
		return nil
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("the program has no build info: %w", err)
	}
	for _, dep := range info.Deps {
		if dep.Path == w.Module && dep.Version == w.Version {
			return nil
		}
	}
	return fmt.Errorf("the program is not built with %s %s", w.Module, w.Version)
}
