// Package build holds what the linker stamps into each of the programs.
package build

import (
	"fmt"
	"runtime"
)

// The linker sets it: -X …/internal/build.version=….
var version = "dev"

// Line is what a program prints for -version.
func Line(program string) string {
	return fmt.Sprintf("%s version=%s platform=%s/%s go=%s",
		program, version, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
