// Package gomod says which modules a build is made from: go.mod, the go.work in
// force, replace directives, the vendor folder, and the files that decide what is
// downloaded. It also says which module an import path belongs to.
//
// It is one of the two rooms of the workspace. Packages (internal/workspace) use
// modules and never the other way round, which the compiler holds, since gomod does
// not import them. What the frontend's other rooms need to know of a module is Facts,
// a plain value; Module is what can still read.
//
// It runs no toolchain, so its answers are Go's rules written down again; the tests
// compare them with the go command's. It refuses to guess: what the go command would
// reject it rejects too, with the place in go.mod or go.work.
package gomod
