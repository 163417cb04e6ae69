// App greets in the words of one module at the hour of another.
package main

import (
	"fmt"
	"os"

	"github.com/gokiln/gokiln/examples/workspace/clock"
	"github.com/gokiln/gokiln/examples/workspace/lib"
)

func main() {
	name := "workspace"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	fmt.Println(lib.Greeting(clock.Hour(), name))
}
