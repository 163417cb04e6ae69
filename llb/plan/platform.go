package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/spec"
)

// ports lists the GOOS/GOARCH pairs that Go can build, as `go tool dist list`
// of Go 1.26 prints them. A new port needs a line here before gokiln takes it;
// that is the price of naming the mistake in `linux/arm46` before any image is
// pulled.
var ports = strings.Fields(`
	aix/ppc64 android/386 android/amd64 android/arm android/arm64 darwin/amd64 darwin/arm64
	dragonfly/amd64 freebsd/386 freebsd/amd64 freebsd/arm freebsd/arm64 freebsd/riscv64 illumos/amd64
	ios/amd64 ios/arm64 js/wasm linux/386 linux/amd64 linux/arm linux/arm64 linux/loong64 linux/mips
	linux/mips64 linux/mips64le linux/mipsle linux/ppc64 linux/ppc64le linux/riscv64 linux/s390x
	netbsd/386 netbsd/amd64 netbsd/arm netbsd/arm64 openbsd/386 openbsd/amd64 openbsd/arm openbsd/arm64
	openbsd/ppc64 openbsd/riscv64 plan9/386 plan9/amd64 plan9/arm solaris/amd64 wasip1/wasm windows/386
	windows/amd64 windows/arm64`)

// CheckPort returns an error for a platform that Go can't build.
func CheckPort(p ocispecs.Platform) error {
	port := p.OS + "/" + p.Architecture
	if slices.Contains(ports, port) {
		return nil
	}
	var same []string
	for _, known := range ports {
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

// variantVars maps GOARCH to the variable that holds its variant.
var variantVars = map[string]string{
	"386": "GO386", "amd64": "GOAMD64", "arm": "GOARM", "arm64": "GOARM64",
	"mips": "GOMIPS", "mipsle": "GOMIPS", "mips64": "GOMIPS64", "mips64le": "GOMIPS64",
	"ppc64": "GOPPC64", "ppc64le": "GOPPC64", "riscv64": "GORISCV64", "wasm": "GOWASM",
}

// arm64Major matches the OCI variants of arm64 that lack a minor version, which
// GOARM64 wants.
var arm64Major = regexp.MustCompile(`^v[89]$`)

// variant returns the variable that selects the target's architecture variant
// and its value, empty where Go's default holds. What the spec sets wins, unless
// the platform promises less: an image marked linux/amd64/v2 must not hold code
// that needs v3.
func variant(s *spec.Spec, p ocispecs.Platform) (name, value string, err error) {
	name = variantVars[p.Architecture]
	if name == "" {
		return "", "", nil
	}
	value = platformVariant(p)
	set, ok := s.Build.Variants[name]
	if !ok {
		return name, value, nil
	}
	if value != "" && level(set) > level(value) {
		return "", "", fmt.Errorf("build.%s: %q needs more than platform %q promises (%s=%s); leave the key out or build for the higher platform",
			strings.ToLower(name), set, platforms.Format(p), name, value)
	}
	return name, set, nil
}

// platformVariant translates the OCI variant into Go's.
func platformVariant(p ocispecs.Platform) string {
	switch {
	case p.Variant == "":
		return ""
	case p.Architecture == "arm":
		return strings.TrimPrefix(p.Variant, "v")
	case p.Architecture == "arm64" && arm64Major.MatchString(p.Variant):
		return p.Variant + ".0"
	}
	return p.Variant
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
