// Package gofacts holds what gokiln has to know about Go without asking the go command:
// the frontend runs beside no toolchain. The facts are those of Go 1.26, and tests hold
// them against the go command that runs them; an older release knows less of each list,
// which costs a worse error at most. A new release of Go begins here.
//
// It imports the standard library alone: the bytes of cmd/gokiln-modules hold it.
package gofacts

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// Ports returns the GOOS/GOARCH pairs that Go builds for: those of `go tool dist list`, and
// freebsd/riscv64, which Go 1.26 marks as broken and older releases build.
func Ports() []string {
	return strings.Fields(`
	aix/ppc64 android/386 android/amd64 android/arm android/arm64 darwin/amd64 darwin/arm64
	dragonfly/amd64 freebsd/386 freebsd/amd64 freebsd/arm freebsd/arm64 freebsd/riscv64 illumos/amd64
	ios/amd64 ios/arm64 js/wasm linux/386 linux/amd64 linux/arm linux/arm64 linux/loong64 linux/mips
	linux/mips64 linux/mips64le linux/mipsle linux/ppc64 linux/ppc64le linux/riscv64 linux/s390x
	netbsd/386 netbsd/amd64 netbsd/arm netbsd/arm64 openbsd/386 openbsd/amd64 openbsd/arm openbsd/arm64
	openbsd/ppc64 openbsd/riscv64 plan9/386 plan9/amd64 plan9/arm solaris/amd64 wasip1/wasm windows/386
	windows/amd64 windows/arm64`)
}

// Variants returns the variants that a platform of an architecture may name, in the
// words of OCI images: "v8.1" for arm64.
func Variants(goarch string) []string {
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
		return RISCVProfiles()
	}
	return nil
}

// RISCVProfiles returns the values of GORISCV64.
func RISCVProfiles() []string { return []string{"rva20u64", "rva22u64", "rva23u64"} }

// VariantVar returns the variable that selects an architecture's variant, such as
// GOAMD64; empty if it has none.
func VariantVar(goarch string) string {
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

// VariantValue translates an OCI image's variant into the value of VariantVar.
func VariantValue(goarch, variant string) string {
	switch {
	case variant == "":
		return ""
	case goarch == "arm":
		return strings.TrimPrefix(variant, "v")
	case goarch == "arm64" && !strings.Contains(variant, "."):
		return variant + ".0"
	}
	return variant
}

// Standard is Go's own rule for telling the standard library by an import path: there is
// no dot in the first element.
func Standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// StandardRoot reports whether the standard library has packages below the path's first
// element. A module may be called so, yet the library's packages go first.
func StandardRoot(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return slices.Contains(standardRoots(), first)
}

func standardRoots() []string {
	return []string{
		"archive", "arena", "bufio", "builtin", "bytes", "cmd", "cmp", "compress", "container", "context", "crypto", "database",
		"debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "internal", "io",
		"iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "simd", "slices",
		"sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique", "unsafe",
		"vendor", "weak",
	}
}

// OtherSource reports whether go/build takes a file in a package's folder for source in
// another language, or for a header or an object, by its extension.
func OtherSource(name string) bool {
	return Header(name) || slices.Contains(foreignExts(), path.Ext(name))
}

// Header reports whether go/build takes a file for a header by its extension.
func Header(name string) bool {
	return slices.Contains([]string{".h", ".hh", ".hpp", ".hxx"}, path.Ext(name))
}

// Foreign reports whether the go command, or the compilers and linkers that it runs, may
// be handed a file in another language: what OtherSource has but headers, which are
// nothing alone, and archives and objects, which #cgo lines may name.
func Foreign(name string) bool {
	return slices.Contains(append(foreignExts(), ".a", ".o"), path.Ext(name))
}

func foreignExts() []string {
	return []string{
		".c", ".cc", ".cpp", ".cxx", ".m", ".f", ".F", ".for", ".f90", ".s", ".S", ".sx", ".swig", ".swigcxx", ".syso",
	}
}
