package daemon

import (
	"fmt"
	"strings"
)

// config is the daemon's configuration file. Whatever it does not say would be
// read from places outside the daemon's folder.
func (d Daemon) config() (string, error) {
	address, err := d.Address()
	if err != nil {
		return "", err
	}
	otel, err := d.Dir.Socket("otel.sock")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "root = %q\n", d.root())
	// A build still has to be allowed to use it by whoever starts the build.
	fmt.Fprintf(&b, "insecure-entitlements = [%q]\n", "network.host")
	fmt.Fprintf(&b, "provenanceEnvDir = %q\n", d.Dir.Path("provenance.d"))
	fmt.Fprintf(&b, "\n[grpc]\naddress = [%q]\n", address)
	// Two daemons with the default path would take it from each other.
	fmt.Fprintf(&b, "\n[otel]\nsocketPath = %q\n", otel)
	fmt.Fprintf(&b, "\n[worker.oci]\nenabled = true\nnetworkMode = %q\n", "host")
	fmt.Fprintf(&b, "\n[worker.containerd]\nenabled = false\n")
	if d.Mirror == "" {
		return b.String(), nil
	}
	for _, registry := range MirroredRegistries() {
		fmt.Fprintf(&b, "\n[registry.%q]\nmirrors = [%q]\n", registry, d.Mirror)
	}
	fmt.Fprintf(&b, "\n[registry.%q]\nhttp = true\n", d.Mirror)
	return b.String(), nil
}
