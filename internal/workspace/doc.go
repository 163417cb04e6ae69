// Package workspace says what Go would build: it reads a build context as an
// fs.FS and finds the main module, the go.work in force, the files that decide
// which modules are downloaded, and the main packages.
//
// It runs no toolchain, so its answers are Go's rules written down again; the
// tests compare them with the go command's. In production every ReadDir, Stat
// and Open is a call to the builder. Therefore a
// file's presence is read off its folder's list, which the fs.FS remembers, Go files are read only up to
// their imports, and the tree is walked by Mains alone (and by an error that
// has to suggest something).
//
// It refuses to guess. What the go command would reject it rejects too, with
// the place in go.mod, go.work or the Go file where there is one. An error
// without a place, such as a folder that does not exist, is about the caller's
// own argument: its diag.Error has a zero Source for the caller to fill. The
// messages name no field of the spec first, since only the caller knows which
// one it was.
//
// What the context lacks must not make another program without a word. The go
// command speaks where it sees that something is missing; it passes over a link to
// nothing in many places, among them go.work, vendor/modules.txt, assembly and a
// default.pgo. There a link that can't be followed is an error. A file that the
// context does not have at all nobody can see.
//
// It knows neither the spec nor BuildKit. Decisions that are hard to reverse:
// all paths are slash-separated and relative to the context's root, symbolic
// links are followed only where the go command follows them and by the tree itself,
// so that none leads around the context's root, and Workspace is bound to the fs.FS
// it was loaded from, which is an fs.ReadLinkFS.
package workspace
