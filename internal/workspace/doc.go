// Package workspace says what Go would build: the main packages of a module, and for
// each the files in its import closure, with what is embedded and included, and the
// packages that it imports from elsewhere.
//
// It is the door to three rooms, and data flows one way through them. tree reads the
// build context, gomod finds the module and those around it, and this package finds
// packages in them. They are folders of one another so that one rule of the linter
// covers them: none knows the spec or BuildKit. A Workspace can read; what it returns,
// and gomod.Facts, are plain values.
//
// It runs no toolchain, so its answers are Go's rules written down again; the tests
// compare them with the go command's. In production every ReadDir, Stat and Open is a
// call to the builder. Therefore a file's presence is read off its folder's list, which
// the fs.FS remembers, Go files are read only up to their imports, and the tree is
// walked by Mains alone (and by an error that has to suggest something).
//
// It refuses to guess. What the go command would reject it rejects too, with the place
// in go.mod, go.work or the Go file where there is one. An error without a place, such
// as a folder that does not exist, is about the caller's own argument: its diag.Error
// has a zero Source for the caller to fill. The messages do not begin with a field of
// the spec, since only the caller knows which one it was.
//
// A build context that lacks a file must not silently produce a different program. The
// go command reports most of what is missing, but it passes over a link to nothing in
// many places, among them go.work, vendor/modules.txt, assembly and a default.pgo.
// There a link that can't be followed is an error. Nobody can see a file that the
// context does not have at all.
//
// Decisions that are hard to reverse: all paths are slash-separated and relative to the
// context's root; symbolic links are followed only where the go command follows them,
// and by the tree itself, so that none leads around the context's root; and a Workspace
// is bound to the fs.FS it was loaded from, which is an fs.ReadLinkFS.
package workspace
