package gocache

import "time"

// mark is the mtime of every new file in the output, and of outputs in the store.
//
// The go command sets a file's mtime when it uses one that is older than an hour,
// and removes what is older than five days (cmd/go/internal/cache: markUsed and
// Trim; alike from Go 1.21 to 1.26, where both take a time to come for a young
// one). On a mount that shows a layer through overlayfs, setting the mtime copies
// the whole file up. A time to come keeps the go command from both. In the store
// it tells besides that nobody but this package has written a file.
//
// It is the last New Year that fits 32 bits with a sign, which is what ext4 with
// small inodes and XFS without bigtime can keep: they would cut a later one short.
func mark() time.Time { return time.Unix(2145916800, 0) } // 2038-01-01 UTC

const (
	// linkAge makes the entries that come from the store old enough for the go
	// command to set the mtime of those that it uses.
	linkAge = 48 * time.Hour
	// useInterval is how exactly the store knows an entry's last use.
	useInterval = time.Hour
	// pruneInterval is how often the store is looked through for old entries, and
	// keepUnused how long an entry stays that no build uses: Go's own figures.
	pruneInterval = 24 * time.Hour
	keepUnused    = 5 * 24 * time.Hour
	// tempAge is how old what an interrupted run left has to be to be removed.
	tempAge = 24 * time.Hour
)
