// Command frontend is gokiln's BuildKit frontend: BuildKit starts it from the
// image that a spec's `# syntax=` line names and talks to it over the gateway.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/moby/buildkit/frontend/gateway/grpcclient"
	"github.com/moby/buildkit/util/appcontext"

	"github.com/gokiln/gokiln/llb/builder"
)

// version is set by the linker.
var version = "devel"

const usage = `gokiln is a BuildKit frontend: it is started by BuildKit, not by hand.
Put

    # syntax=gokiln/gokiln:1

on the first line of gokiln.yaml and run: docker buildx build -f gokiln.yaml .
`

// memory is what the Go runtime may take before it collects garbage more often, in
// bytes. A bake runs a frontend for each of its targets at the same time.
const memory = 64 << 20

func main() {
	showVersion := flag.Bool("version", false, "print the version and exit")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if *showVersion {
		fmt.Println("gokiln", version)
		return
	}
	if os.Getenv("BUILDKIT_SESSION_ID") == "" {
		flag.Usage()
		os.Exit(2)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "gokiln:", err)
		os.Exit(1)
	}
}

// serve answers BuildKit. The programs of the steps stand beside this one in the
// image.
func serve() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir := filepath.Dir(self)
	frontend := builder.Frontend{
		ModulesProgram: filepath.Join(dir, "gokiln-modules"), CompileProgram: filepath.Join(dir, "gokiln-compile"),
	}
	return grpcclient.RunFromEnvironment(appcontext.Context(), frontend.Build)
}
