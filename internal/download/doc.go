// Package download is what the module step runs: it has the toolchain's own go
// command download modules into an empty GOMODCACHE, proves what arrived against
// go.sum, and leaves a module cache that holds what a compile without a network
// reads, and nothing else.
//
// All protocols, version rules and checksum rules are the go command's. This
// package adds what it lacks in a throw-away container: a store of zips that
// outlives the step, credentials that stay in memory, retries with a limit on
// silence, a second proof of every extracted file, and errors that say which
// module, which server, which answer, how often tried and what to do.
//
// It speaks to no server itself. It reads no clock but for waiting, and it keeps
// no state besides the store, which it never believes.
//
// Decisions that are hard to reverse:
//
//   - The program's bytes are in the cache key of everybody's module layers, so
//     it holds no version and imports little. A change here makes every user
//     download once more (from the store, where there is one).
//   - The store lends only what a committed go.sum has a hash for, and an entry is
//     named by that hash. So whoever else writes to the mount can neither give this
//     build other content nor make it fail: two projects that have other bytes
//     under one version have two entries, and what is not what its name says is
//     taken out, and a server asked. What goes in is hashed by this program.
//   - What is lent goes before the user's proxies in GOPROXY, as a folder of links
//     that is laid out as a proxy; modules that GONOPROXY keeps from proxies are
//     copied into the module cache instead.
//   - Version-control clones are not kept: a git that was killed leaves locks
//     behind, which would fail later builds.
//   - The layer has no zips, no .info files and no test files. The go command
//     compiles without them; `go mod verify` in the layer would not run.
package download
