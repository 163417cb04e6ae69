// Private lists the modules that it was built from, which is how to see that
// the private ones are in it and at which version.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

func main() {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Fprintln(os.Stderr, "private:", errNoInfo)
		os.Exit(1)
	}
	if err := list(os.Stdout, info); err != nil {
		fmt.Fprintln(os.Stderr, "private:", err)
		os.Exit(1)
	}
}

var errNoInfo = errors.New("the program was built without module information")

// list writes a line for each module, the main one first.
func list(w io.Writer, info *debug.BuildInfo) error {
	if _, err := fmt.Fprintf(w, "%s: %d dependencies\n", info.Main.Path, len(info.Deps)); err != nil {
		return err
	}
	for _, m := range info.Deps {
		if _, err := fmt.Fprintf(w, "%s %s\n", m.Path, m.Version); err != nil {
			return err
		}
	}
	return nil
}
