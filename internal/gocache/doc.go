// Package gocache is what the steps run that compile packages into a layer: it has
// a go command compile into a GOCACHE that becomes an image layer, complete with
// all that the command used, while a persistent store lends what earlier steps
// compiled. A bump of one dependency on a warm builder compiles what the bump
// changes, and still leaves a layer that compiles nothing again elsewhere.
//
// It refuses to know what is compiled: keys, dependencies and staleness are the go
// command's. An entry is found by the go command's own hash of everything that
// goes into a compile, and what the store lends is held against its SHA-256 before
// it enters a layer. Where a hash is wrong, all that was compiled in that run is
// thrown away with it and the step compiles once more without the store. So the
// store may be empty, damaged, unwritable or full: that costs time only.
//
// Decisions that are hard to reverse:
//
//   - The program's bytes are in the cache key of every layer of compiled packages,
//     so it holds no version and imports the standard library alone.
//   - The store lends by symbolic links and learns what was used from the mtimes
//     that the go command sets. The way over GOCACHEPROG would see each request,
//     but is there from Go 1.24 on only, passes every new output through a pipe in
//     base64, and leaves older toolchains to a second way: this one is for all. Its
//     price is that all of a store is lent each time: give each platform its own.
//   - New files in a layer have an mtime in 2038 (see mark): on a mount that is
//     seeded from a layer the go command would copy up every file that it uses.
//   - The store never has the go command's indexes of modules and folders. Their
//     keys are a path, or file names with sizes and mtimes, and not content: one
//     that was made of other files would have the go command overlook imports,
//     embedded files or build tags. Making them anew costs half a second for 280
//     modules. A layer has them: the modules that they are of are in its key.
//   - The layout below the store is storeFormat's and the format of entries is the
//     one of Go 1.21 to 1.26. Another one is compiled without the store.
package gocache
