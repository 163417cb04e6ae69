package bench

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed fleet
var fleetFiles embed.FS

// FleetSize is how many services the fleet has.
const FleetSize = 20

// fleetWorkload is twenty services in one module. Each third one speaks gRPC,
// each third stores in S3, each fourth talks to Kubernetes, so that their lists
// of dependencies overlap and differ. All use the package model.
func fleetWorkload() Workload {
	var services []Program
	for i := range FleetSize {
		name := fmt.Sprintf("svc-%02d", i+1)
		services = append(services, Program{Name: name, Package: "./cmd/" + name})
	}
	return Workload{
		Name: Fleet, About: "20 services in one module with 10 shared packages; a Kubernetes client, an AWS client and gRPC between them",
		Programs: services, Shared: "internal/model",
		Module:   "google.golang.org/grpc",
		Versions: []string{"v1.81.0", "v1.81.1", "v1.82.0", "v1.82.1", "v1.83.0", "v1.83.1", "v1.83.2"},
		write:    func(dir, _ string) error { return writeFleet(dir, services) },
	}
}

func writeFleet(dir string, services []Program) error {
	files := map[string]string{}
	err := fs.WalkDir(fleetFiles, "fleet", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fleetFiles.ReadFile(name)
		target := strings.TrimSuffix(strings.TrimPrefix(name, "fleet/"), ".txt")
		if strings.HasSuffix(target, ".go") {
			target = path.Join("internal", target)
		}
		files[target] = string(b)
		return err
	})
	if err != nil {
		return err
	}
	for i, s := range services {
		files[path.Join(s.Package, "main.go")] = serviceMain(i, s.Name)
	}
	return writeFiles(dir, files)
}

// part is what a service may do with an order besides logging it.
type part struct {
	imports string
	open    string
	use     string
}

func serviceMain(i int, name string) string {
	parts := []part{}
	if i%3 == 0 {
		parts = append(parts, part{imports: "rpc", use: "if err := rpc.Ready(ctx, c.Target, o); err != nil {\n\t\treturn err\n\t}\n"})
	}
	if i%3 == 1 {
		parts = append(parts, part{imports: "store", open: "s, err := store.Open(ctx, c.Bucket)", use: "if err := s.Put(ctx, o); err != nil {\n\t\treturn err\n\t}\n"})
	}
	if i%4 == 0 {
		parts = append(parts, part{imports: "cluster", open: "k, err := cluster.Join(c.Name)", use: "if err := k.Announce(ctx, o); err != nil {\n\t\treturn err\n\t}\n"})
	}
	var imports, body strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&imports, "\t%q\n", "example.com/fleet/internal/"+p.imports)
		if p.open != "" {
			fmt.Fprintf(&body, "\t%s\n\tif err != nil {\n\t\treturn err\n\t}\n", p.open)
		}
		fmt.Fprintf(&body, "\t%s", p.use)
	}
	return fmt.Sprintf(serviceTemplate, name, imports.String(), name, body.String())
}

const serviceTemplate = `// Command %s is one service of the fleet.
package main

import (
	"context"
	"os"
	"os/signal"

	"example.com/fleet/internal/clock"
	"example.com/fleet/internal/config"
	"example.com/fleet/internal/httpx"
	"example.com/fleet/internal/logs"
	"example.com/fleet/internal/model"
	"example.com/fleet/internal/queue"
%s)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	log := logs.New(os.Stderr, %q)
	c, err := config.Load(os.Args[0], os.Getenv)
	if err == nil {
		q := queue.New(ctx, c.Workers, 64, func(ctx context.Context, o model.Order) {
			logs.Order(ctx, log, o, work(ctx, c, o))
		})
		err = httpx.Serve(ctx, c, log, clock.System{}, func(_ context.Context, o model.Order) error { return q.Put(o) })
	}
	if err != nil {
		log.Error("ended", "error", err)
		os.Exit(1)
	}
}

func work(ctx context.Context, c config.Config, o model.Order) error {
%s	return nil
}
`
