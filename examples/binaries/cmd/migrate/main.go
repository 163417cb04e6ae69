// Command migrate brings a queue's folder to the layout that server and worker
// need. It is run before them, by hand or as an init container.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/gokiln/gokiln/examples/binaries/internal/build"
	"github.com/gokiln/gokiln/examples/binaries/internal/queue"
)

func main() {
	dir := flag.String("dir", os.Getenv("QUEUE_DIR"), "the queue's folder; QUEUE_DIR unless set")
	version := flag.Bool("version", false, "print the version, then exit")
	flag.Parse()
	if *version {
		fmt.Println(build.Line("migrate"))
		return
	}
	if err := run(os.Stdout, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "migrate:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, dir string) error {
	if dir == "" {
		return fmt.Errorf("no folder; set QUEUE_DIR or -dir")
	}
	from, err := queue.Migrate(dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "migrate: %s layout %d -> %d\n", dir, from, queue.Current)
	return err
}
