// Package crash makes an error of a bug of gokiln's own, so that nobody's build
// ends with the exit code of a program that has died. A recover catches what
// happens in its own goroutine alone: each goroutine that gokiln starts, and each
// function that a library runs in one, is guarded here.
package crash

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// Issues is where a bug is to be told.
const Issues = "https://github.com/gokiln/gokiln/issues"

// Error is a bug that a build has met.
type Error struct {
	// Value is what was panicked with.
	Value any
	// Place is the function and the line.
	Place string
}

func (e *Error) Error() string {
	return fmt.Sprintf("gokiln has met a bug of its own, %v in %s; please report it with the spec at %s", e.Value, e.Place, Issues)
}

// Guard is to be deferred: it makes *err of a panic.
func Guard(err *error) {
	if r := recover(); r != nil {
		*err = &Error{Value: r, Place: place()}
	}
}

// Do calls do under guard.
func Do(do func() error) (err error) {
	defer Guard(&err)
	return do()
}

// place is where the panic began, without the frames that panicking adds.
func place() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") && frame.Function != "" {
			return fmt.Sprintf("%s (%s:%d)", path.Base(frame.Function), path.Base(frame.File), frame.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}
