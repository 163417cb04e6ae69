package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/gofacts"
	"github.com/gokiln/gokiln/spec"
)

// CheckPort returns an error for a platform that Go can't build, which names the mistake
// in `linux/arm46` before any image is pulled. The variant is checked too: the go command takes GOAMD64=v9 without a word.
func CheckPort(p ocispecs.Platform) error {
	port := p.OS + "/" + p.Architecture
	if slices.Contains(gofacts.Ports(), port) {
		return checkPortVariant(p)
	}
	var same []string
	for _, known := range gofacts.Ports() {
		if strings.HasPrefix(known, p.OS+"/") {
			same = append(same, known)
		}
	}
	if len(same) == 0 {
		return fmt.Errorf("platform %q: go does not build for operating system %q; see `go tool dist list`", platforms.Format(p), p.OS)
	}
	return fmt.Errorf("platform %q: go does not build for %s; for %s it builds %s",
		platforms.Format(p), port, p.OS, strings.Join(same, ", "))
}

func checkPortVariant(p ocispecs.Platform) error {
	known := gofacts.Variants(p.Architecture)
	switch {
	case p.Variant == "" || slices.Contains(known, p.Variant):
		return nil
	case len(known) == 0:
		return fmt.Errorf("platform %q: go has no variants of %s; leave %q out", platforms.Format(p), p.Architecture, p.Variant)
	}
	return fmt.Errorf("platform %q: go has no variant %q of %s; it has %s",
		platforms.Format(p), p.Variant, p.Architecture, strings.Join(known, ", "))
}

// variant returns the variable that selects the target's architecture variant
// and its value, empty where Go's default holds. What the spec sets wins, unless
// the platform promises less: an image marked linux/amd64/v2 must not hold code
// that needs v3.
func variant(s *spec.Spec, p ocispecs.Platform) (name, value string, err error) {
	name = gofacts.VariantVar(p.Architecture)
	if name == "" {
		return "", "", nil
	}
	value = gofacts.VariantValue(p.Architecture, p.Variant)
	set, ok := s.Build.Variants[name]
	if !ok {
		return name, value, nil
	}
	if value != "" && level(set) > level(value) {
		return "", "", s.Errorf(spec.VariantPath(name), "%q needs more than platform %q promises (%s=%s); leave the key out or build for the higher platform",
			set, platforms.Format(p), name, value)
	}
	return name, set, nil
}

var firstNumber = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// level returns the number in a variant's name: 3 of "v3", 8.2 of "v8.2,lse".
func level(variant string) float64 {
	n, err := strconv.ParseFloat(firstNumber.FindString(variant), 64)
	if err != nil {
		return 0
	}
	return n
}
