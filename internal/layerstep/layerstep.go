// Package layerstep is what the frontend and the program of the layers' steps have agreed
// on: the command line and where things are. It imports the standard library alone and
// does nothing, so that the plan need not import the program.
package layerstep

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
)

// Where the step finds and leaves things.
const (
	// Program is the program's path in the step.
	Program = "/run/gokiln/bin/gokiln-compile"
	// CacheDir is GOCACHE, of which the step's result is made.
	CacheDir = "/gokiln/gocache"
	// StoreDir is the mount of the persistent store of entries.
	StoreDir = "/gokiln/gocache-store"
)

// Command is the step's command line.
type Command struct {
	// Cache is the GOCACHE that becomes the layer.
	Cache string
	// Store is the persistent store of entries; empty for none.
	Store string
	// Apart is a file, which need not be there: only steps for which it has the same
	// content share entries. Empty for no such file.
	Apart string
	// Go is the go command and its arguments.
	Go []string
}

const usage = "usage: gokiln-compile layer -cache DIR [-store DIR [-apart FILE]] -- COMMAND [ARGUMENT...]"

// Args is the command line, argv[0] included. The go command stands behind "--", so that
// none of its arguments is taken for one of the program.
func (c Command) Args() []string {
	args := []string{Program, "layer", "-cache", c.Cache}
	if c.Store != "" {
		args = append(args, "-store", c.Store)
		if c.Apart != "" {
			args = append(args, "-apart", c.Apart)
		}
	}
	return slices.Concat(args, []string{"--"}, c.Go)
}

// Parse reads a command line without argv[0].
func Parse(args []string) (Command, error) {
	if len(args) == 0 {
		return Command{}, errors.New(usage)
	}
	if args[0] != "layer" {
		return Command{}, fmt.Errorf("unknown command %q; %s", args[0], usage)
	}
	end := slices.Index(args, "--")
	if end < 0 || end+1 == len(args) {
		return Command{}, fmt.Errorf("no command after \"--\"; %s", usage)
	}
	c := Command{Go: args[end+1:]}
	flags := flag.NewFlagSet("layer", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.Cache, "cache", "", "")
	flags.StringVar(&c.Store, "store", "", "")
	flags.StringVar(&c.Apart, "apart", "", "")
	if err := flags.Parse(args[1:end]); err != nil {
		return Command{}, fmt.Errorf("%w; %s", err, usage)
	}
	if flags.NArg() > 0 {
		return Command{}, fmt.Errorf("unexpected argument %q; %s", flags.Arg(0), usage)
	}
	if c.Cache == "" {
		return Command{}, fmt.Errorf("-cache is missing; %s", usage)
	}
	return c, nil
}
