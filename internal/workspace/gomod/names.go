package gomod

import "strings"

// Hidden reports whether Go passes over files and folders of this name.
func Hidden(name string) bool {
	return strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".")
}

// Skipped reports whether "./..." never goes into folders of this name.
func Skipped(name string) bool { return Hidden(name) || name == "testdata" }
