package spec

import "time"

// Image holds what the final image's OCI config and file system say.
type Image struct {
	// Base is the base image; empty means distroless static, or distroless
	// base with cgo. "scratch" is the empty image.
	Base string
	// User, Entrypoint, Cmd, Workdir: unset keeps the base image's value,
	// except Entrypoint, which defaults to the first program.
	User       string
	Entrypoint []string
	Cmd        []string
	Workdir    string
	// Env is merged over the base image's environment.
	Env map[string]string
	// Ports are exposed ports in OCI form, such as "8080/tcp".
	Ports []string
	// Labels are merged over the base image's.
	Labels map[string]Template
	// Volumes are absolute paths.
	Volumes []string
	// Healthcheck is nil where the spec has none.
	Healthcheck *Healthcheck
	// StopSignal is a signal's name or number.
	StopSignal string
	Files      []File
}

// Healthcheck mirrors the Docker image config's Healthcheck.
type Healthcheck struct {
	// Test is ["NONE"], ["CMD", args...] or ["CMD-SHELL", line].
	Test []string
	// Zero durations and Retries mean: inherit.
	Interval      time.Duration
	Timeout       time.Duration
	StartPeriod   time.Duration
	StartInterval time.Duration
	Retries       int
}

// File is one `image.files` entry: what goes from the build context into the
// image.
type File struct {
	// From is a path or glob in the build context, slash-separated, clean,
	// never above the context's root.
	From string
	// To is an absolute path in the image. With a trailing slash, with several
	// matches or with a folder it is the folder to copy into.
	To string
	// Owner is "uid[:gid]" or "user[:group]" as the base image knows them;
	// empty means 0:0.
	Owner string
	// Mode is the octal permission bits for files; nil stands for git's two.
	Mode *uint32
}
