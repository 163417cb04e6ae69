package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gokiln/gokiln/internal/gofacts"
	"github.com/gokiln/gokiln/internal/workspace"
	"github.com/gokiln/gokiln/spec"
)

// Target returns which files Go would choose for a platform: the tags with
// their templates expanded, those that -race and a variant imply, and the
// release that the toolchain image says it holds.
func Target(s *spec.Spec, p ocispecs.Platform, o Options, toolchainEnv []string) (workspace.Target, error) {
	x := &expander{spec: s, values: templateValues(Input{Spec: s, Target: p, Options: o})}
	tags := expandTags(x, s.Build.Tags)
	if err := x.errs.Err(); err != nil {
		return workspace.Target{}, err
	}
	if s.Build.Race {
		tags = append(tags, "race")
	}
	name, value, err := variant(s, p)
	if err != nil {
		return workspace.Target{}, err
	}
	tags = append(tags, variantTags(p.Architecture, cmp.Or(value, imageEnv(toolchainEnv, name), variantDefault(name)))...)
	return workspace.Target{
		GOOS: p.OS, GOARCH: p.Architecture, Tags: tags, Cgo: s.Build.Cgo, GoVersion: goVersion(toolchainEnv),
	}, nil
}

// goVersion is the release that official images and their kin say they hold; empty
// where an image does not tell.
func goVersion(toolchainEnv []string) string { return imageEnv(toolchainEnv, "GOLANG_VERSION") }

// imageEnv is a variable in an image's environment.
func imageEnv(env []string, name string) string {
	for _, e := range env {
		if n, v, _ := strings.Cut(e, "="); n == name && name != "" {
			return v
		}
	}
	return ""
}

// variantDefault returns the variant that Go takes where nothing is set.
func variantDefault(name string) string {
	switch name {
	case "GO386":
		return "sse2"
	case "GOAMD64":
		return "v1"
	case "GOARM":
		return "7"
	case "GOARM64":
		return "v8.0"
	case "GOMIPS", "GOMIPS64":
		return "hardfloat"
	case "GOPPC64":
		return "power8"
	case "GORISCV64":
		return "rva20u64"
	}
	return ""
}

// variantTags returns the build tags that the go command sets for a variant:
// every level up to the chosen one ("amd64.v1", "amd64.v2", "amd64.v3").
// Source: `go help buildconstraint`, go/src/internal/buildcfg.
func variantTags(goarch, value string) []string {
	var tags []string
	levels := func(format string, from, to int) {
		for i := from; i <= to; i++ {
			tags = append(tags, goarch+"."+fmt.Sprintf(format, i))
		}
	}
	switch goarch {
	case "amd64":
		levels("v%d", 1, int(level(value)))
	case "arm":
		levels("%d", 5, int(level(value)))
	case "ppc64", "ppc64le":
		levels("power%d", 8, int(level(value)))
	case "arm64":
		major, minor := arm64Version(value)
		levels("v"+strconv.Itoa(major)+".%d", 0, minor)
		if major == 9 { // v9.x includes v8.(x+5)
			levels("v8.%d", 0, min(minor+5, 9))
		}
	case "riscv64":
		for _, profile := range gofacts.RISCVProfiles()[:1+max(0, slices.Index(gofacts.RISCVProfiles(), value))] {
			tags = append(tags, goarch+"."+profile)
		}
	case "wasm":
		tags = append(tags, "wasm.satconv", "wasm.signext")
	default:
		if value != "" {
			tags = append(tags, goarch+"."+value)
		}
	}
	return tags
}

// arm64Version splits "v8.2,lse".
func arm64Version(value string) (major, minor int) {
	number, _, _ := strings.Cut(strings.TrimPrefix(value, "v"), ",")
	a, b, _ := strings.Cut(number, ".")
	major, _ = strconv.Atoi(a)
	minor, _ = strconv.Atoi(b)
	return major, minor
}
