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
func ports() []string {
	return strings.Fields(`
	aix/ppc64 android/386 android/amd64 android/arm android/arm64 darwin/amd64 darwin/arm64
	dragonfly/amd64 freebsd/386 freebsd/amd64 freebsd/arm freebsd/arm64 freebsd/riscv64 illumos/amd64
	ios/amd64 ios/arm64 js/wasm linux/386 linux/amd64 linux/arm linux/arm64 linux/loong64 linux/mips
	linux/mips64 linux/mips64le linux/mipsle linux/ppc64 linux/ppc64le linux/riscv64 linux/s390x
	netbsd/386 netbsd/amd64 netbsd/arm netbsd/arm64 openbsd/386 openbsd/amd64 openbsd/arm openbsd/arm64
	openbsd/ppc64 openbsd/riscv64 plan9/386 plan9/amd64 plan9/arm solaris/amd64 wasip1/wasm windows/386
	windows/amd64 windows/arm64`)
}

// CheckPort returns an error for a platform that Go can't build. The variant is
// checked too: the go command takes GOAMD64=v9 without a word.
func CheckPort(p ocispecs.Platform) error {
	port := p.OS + "/" + p.Architecture
	if slices.Contains(ports(), port) {
		return checkPortVariant(p)
	}
	var same []string
	for _, known := range ports() {
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

// portVariants are the variants that a platform may name, by architecture.
func portVariants(goarch string) []string {
	switch goarch {
	case "amd64":
		return []string{"v1", "v2", "v3", "v4"}
	case "arm":
		return []string{"v5", "v6", "v7"}
	case "arm64":
		list := []string{"v8", "v9"}
		for minor := range 10 {
			list = append(list, "v8."+strconv.Itoa(minor))
		}
		for minor := range 6 {
			list = append(list, "v9."+strconv.Itoa(minor))
		}
		return list
	case "ppc64", "ppc64le":
		return []string{"power8", "power9", "power10"}
	case "riscv64":
		return riscvProfiles()
	}
	return nil
}

func checkPortVariant(p ocispecs.Platform) error {
	known := portVariants(p.Architecture)
	switch {
	case p.Variant == "" || slices.Contains(known, p.Variant):
		return nil
	case len(known) == 0:
		return fmt.Errorf("platform %q: go has no variants of %s; leave %q out", platforms.Format(p), p.Architecture, p.Variant)
	}
	return fmt.Errorf("platform %q: go has no variant %q of %s; it has %s",
		platforms.Format(p), p.Variant, p.Architecture, strings.Join(known, ", "))
}

// variantVar returns the variable that holds an architecture's variant, empty
// where it has none.
func variantVar(goarch string) string {
	switch goarch {
	case "mipsle":
		return "GOMIPS"
	case "mips64le":
		return "GOMIPS64"
	case "ppc64", "ppc64le":
		return "GOPPC64"
	case "386", "amd64", "arm", "arm64", "mips", "mips64", "riscv64", "wasm":
		return "GO" + strings.ToUpper(goarch)
	}
	return ""
}

// variant returns the variable that selects the target's architecture variant
// and its value, empty where Go's default holds. What the spec sets wins, unless
// the platform promises less: an image marked linux/amd64/v2 must not hold code
// that needs v3.
func variant(s *spec.Spec, p ocispecs.Platform) (name, value string, err error) {
	name = variantVar(p.Architecture)
	if name == "" {
		return "", "", nil
	}
	value = platformVariant(p)
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

// platformVariant translates the OCI variant into Go's.
func platformVariant(p ocispecs.Platform) string {
	switch {
	case p.Variant == "":
		return ""
	case p.Architecture == "arm":
		return strings.TrimPrefix(p.Variant, "v")
	case p.Architecture == "arm64" && !strings.Contains(p.Variant, "."):
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
