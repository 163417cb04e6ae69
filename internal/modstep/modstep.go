// Package modstep is what the frontend and the module step's program have agreed on:
// the command line, the configuration and where things are. It imports the standard
// library alone and does nothing, so that the plan need not import the program.
package modstep

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Config is what the module step is told, as JSON in the file at ConfigPath. It
// is part of the step's cache key and of the provenance, so it holds no secret: of
// those only where they are mounted.
type Config struct {
	// Dir is the main module's folder below the working folder of the recipe:
	// absolute, inside the step.
	Dir string
	// GoWork is the value of GOWORK: "off" or the path of the go.work in force.
	GoWork string
	// Sums are the go.sum and go.work.sum files in force, absolute paths, for
	// finding the line that a hash stands on; Root is stripped to name them as
	// the user knows them.
	Sums []string
	Root string
	// Packages are the packages outside of the local modules that the build
	// imports, sorted. Empty together with All: download what go.mod lists.
	Packages []string
	// All asks for every module that go.mod or go.work list, where it can't be
	// known which are needed.
	All bool
	// Local are the paths of the modules that come from the build context:
	// workspace members and folders that replace modules. A download that finds
	// one of its packages imports one of theirs falls back to All.
	Local []string
	// Targets are what Packages are listed for, each in turn.
	Targets []Target
	// Proxy is GOPROXY as Go takes it, without what the store lends; a mounted proxy folder
	// is a file URL already. The environment variable ProxyEnv, which a secret
	// may set, goes before it; with neither, GOPROXY is left as the toolchain
	// image or Go has it.
	Proxy string
	// Retries is how often a request that failed for a passing reason is tried
	// again. Stall is how long an attempt may go on without receiving anything.
	Retries int
	Stall   time.Duration
	// Auth are credentials by host.
	Auth []Auth
}

// Target is one combination that the build compiles for.
type Target struct {
	// Env holds GOOS, GOARCH, CGO_ENABLED and the architecture's variant, each
	// as KEY=VALUE.
	Env []string
	// Tags are the build tags, joined by commas.
	Tags string
}

// Auth is how to log in to one host.
type Auth struct {
	// Host is the server, with a port where it is not the scheme's own.
	Host string
	// Path limits the credential to repositories below it: "acme" for
	// github.com/acme. Empty means the whole host.
	Path string
	// Netrc is the mounted secret in netrc form; the entry for Host is used.
	Netrc string
	// Token is the mounted secret whose content, white space around it
	// stripped, is a password or token.
	Token string
	// User goes with Token in basic authentication.
	User string
	// Header, where set, sends Token in this HTTP header and not in basic
	// authentication; Prefix and a space stand before it ("Bearer").
	Header, Prefix string
	// SSH is the agent's socket; KnownHosts the file that the server's key must
	// be in.
	SSH, KnownHosts string
}

// Where the step finds and leaves things.
const (
	// Program is this program's path in the step.
	Program = "/run/gokiln/bin/gokiln-modules"
	// ConfigPath is the Config as JSON.
	ConfigPath = "/run/gokiln/config/modules.json"
	// ProxyEnv is the environment variable that the secret goproxy fills; it goes
	// before Config.Proxy.
	ProxyEnv = "GOKILN_GOPROXY"
	// StoreDir is the mount of the persistent store of zips and go.mod files.
	StoreDir = "/gokiln/store"
	// ScratchDir is a file system in memory: what is made of secrets goes there
	// and nowhere else, because everything else may be kept by the daemon.
	ScratchDir = "/run/gokiln/tmp"
	// WorkSumPath is where the layer has, in a workspace, go.work.sum with all that
	// the go command wrote to it: the compile step can write nothing.
	WorkSumPath = "/go/pkg/mod/cache/gokiln/go.work.sum"
	// ImportsLocalPath is an empty file in a layer with all modules: a dependency may
	// import local packages that no local package does. Without the file none does.
	ImportsLocalPath = "/go/pkg/mod/cache/gokiln/unlisted"
	// UnhashedPath is there where assembly of downloaded modules includes files that
	// the go command does not hash: a line for each of these versions, with its hash.
	UnhashedPath = "/go/pkg/mod/cache/gokiln/unhashed"
	// CADir holds the file ca.pem of the secret ca-certificates, where given.
	CADir = "/run/gokiln/ca"
)

// Args is the command line of the step.
func Args() []string { return []string{Program, "download"} }

// JSON is the content of the file at ConfigPath.
func (c Config) JSON() []byte {
	data, _ := json.MarshalIndent(c, "", "  ") // strings, lists and numbers always encode
	return data
}

// ReadConfig reads a Config as the frontend wrote it.
func ReadConfig(name string) (Config, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return Config{}, err
	}
	var c Config
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}
