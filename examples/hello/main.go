// Hello prints where it runs: the platform it was built for, the Go release
// that built it, and the user it runs as.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

func main() {
	if err := greet(os.Stdout, os.Args[1:], os.Getuid()); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

// greet writes one line to w: a greeting to names (the world where there are
// none), then key=value pairs that a script can cut apart.
func greet(w io.Writer, names []string, uid int) error {
	_, err := fmt.Fprintf(w, "hello, %s: platform=%s/%s go=%s uid=%d\n",
		join(names), runtime.GOOS, runtime.GOARCH, runtime.Version(), uid)
	return err
}

// join lists names as a sentence does: "a", "a and b", "a, b and c".
func join(names []string) string {
	if len(names) == 0 {
		return "world"
	}
	list := names[0]
	for i, name := range names[1:] {
		separator := ", "
		if i == len(names)-2 {
			separator = " and "
		}
		list += separator + name
	}
	return list
}
