package bench

import (
	"cmp"
	"context"
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/gokiln/gokiln/integration/internal/stack"
)

// The tools' names, as flags and figures have them.
const (
	gokiln       = "gokiln"
	expert       = "expert"
	expertSyntax = "expert-syntax"
	guide        = "guide"
	ko           = "ko"
	goBuild      = "go"
)

// tool is one way of building a workload.
type tool struct {
	name, title, about string
	// host builds without buildkitd.
	host bool
	// programs is the folder of programs in its images, empty where it makes none.
	programs string
	// files names the templates of the files that it adds to the source.
	files map[string]string
	// commands build and push, one after the other. The time of all counts.
	commands func(context.Context, build) []*exec.Cmd
}

// tools returns all tools in column order.
func tools() []tool {
	return []tool{
		{
			name: gokiln, title: "gokiln", programs: "usr/local/bin",
			about:    "Its image named by the spec's first line, a spec of two lines; as -w is among its default flags it compiles without debug information",
			files:    map[string]string{"gokiln.yaml": "gokiln.yaml"},
			commands: gokilnCommands,
		},
		{
			name: expert, title: "expert Dockerfile", programs: "usr/local/bin",
			about:    "Bind mounts, cache mounts for GOMODCACHE and GOCACHE, cross-compiling, distroless; read by the Dockerfile frontend inside buildkitd",
			files:    map[string]string{"Dockerfile": "expert.Dockerfile.tmpl", "docker-bake.hcl": "docker-bake.hcl"},
			commands: dockerCommands,
		},
		{
			name: expertSyntax, title: "expert, # syntax=", programs: "usr/local/bin",
			about:    "The same Dockerfile read by a frontend image, as its users' first line has it",
			files:    map[string]string{"Dockerfile": "expert.Dockerfile.tmpl"},
			commands: dockerCommands,
		},
		{
			name: guide, title: "guide Dockerfile", programs: "usr/local/bin",
			about:    "What introductions teach: copy go.mod and go.sum, download, copy the source, build; no mounts",
			files:    map[string]string{"Dockerfile": "guide.Dockerfile.tmpl"},
			commands: dockerCommands,
		},
		{
			name: ko, title: "ko", host: true, programs: "ko-app",
			about:    "Builds on the host; on a fresh machine its GOCACHE and GOMODCACHE are empty",
			files:    map[string]string{".ko.yaml": "ko.yaml"},
			commands: koCommands,
		},
		{
			name: goBuild, title: "go build", host: true,
			about: "On the host with the same flags: no image and no push", commands: goCommands,
		},
	}
}

// title returns the title of the tool of that name.
func title(name string) string {
	i := slices.IndexFunc(tools(), func(t tool) bool { return t.name == name })
	return tools()[max(i, 0)].title
}

// setup is the same for all builds of a run.
type setup struct {
	// registry is the host:port to push to, syntax the Dockerfile frontend's image.
	registry, syntax string
	// ko is the path of that program.
	ko string
	// network holds buildx arguments that let steps reach the module proxy.
	network []string
}

// place is where a build runs: a daemon, and a folder for the caches of tools that
// build on the host.
type place struct {
	env   stack.Env
	cache string
}

// build is one build of a workload with a tool.
type build struct {
	setup
	place
	work      workload
	tool      tool
	platforms []string
	// dir is the source with the tool's files, out takes what go build makes.
	dir, out string
	// importRef and exportRef are the registry caches to read and to write, or empty.
	importRef, exportRef string
}

// image is the repository that the build pushes to; a fleet's images lie below it.
func (b build) image() string { return b.registry + "/bench/" + b.work.name + "/" + b.tool.name }

//go:embed templates
var templates embed.FS

// writeToolFiles writes what the tool adds to the source.
func (b build) writeToolFiles() error {
	all, err := template.ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return err
	}
	type program struct{ Name, Package string }
	data := struct {
		Programs []program
		Fleet    bool
		Registry string
	}{Fleet: b.work.fleet(), Registry: b.registry}
	for _, pkg := range b.work.packages {
		data.Programs = append(data.Programs, program{b.work.program(pkg), pkg})
	}
	files := map[string]string{}
	for name, from := range b.tool.files {
		var text strings.Builder
		if err := all.ExecuteTemplate(&text, from, data); err != nil {
			return err
		}
		files[name] = text.String()
	}
	switch b.tool.name {
	case guide:
		files[".dockerignore"] = "Dockerfile\n"
	case expert:
		files[".dockerignore"] = "*.md\nDockerfile\ndocker-bake.hcl\n"
	case expertSyntax:
		files[".dockerignore"] = "*.md\nDockerfile\n"
		files["Dockerfile"] = "# syntax=" + b.syntax + "\n" + files["Dockerfile"]
	}
	return writeFiles(b.dir, files)
}

// buildx prepares a call of docker buildx in the source's folder.
func (b build) buildx(ctx context.Context, args ...string) *exec.Cmd {
	args = slices.Insert(args, 1, "--builder", b.env.Builder, "--progress", "rawjson")
	cmd := b.env.BuildxCommand(ctx, args...)
	// The sources are not git checkouts; asking git would cost every tool the same.
	cmd.Dir, cmd.Env = b.dir, append(cmd.Env, "IMAGE="+b.image(),
		"BUILDX_GIT_INFO=false", "BUILDX_GIT_CHECK_DIRTY=false", "BUILDX_NO_DEFAULT_ATTESTATIONS=1")
	return cmd
}

func cacheFrom(ref string) string { return "type=registry,ref=" + ref }
func cacheTo(ref string) string   { return "type=registry,ref=" + ref + ",mode=max" }

// buildOne builds the image of a workload with one program.
func (b build) buildOne(ctx context.Context, file string) []*exec.Cmd {
	args := []string{"build", "--platform", strings.Join(b.platforms, ","), "-f", file, "-t", b.image(), "--push"}
	if b.importRef != "" {
		args = append(args, "--cache-from", cacheFrom(b.importRef))
	}
	if b.exportRef != "" {
		args = append(args, "--cache-to", cacheTo(b.exportRef))
	}
	return []*exec.Cmd{b.buildx(ctx, append(append(args, b.network...), ".")...)}
}

// bake builds the images of a fleet.
func (b build) bake(ctx context.Context, file string, set ...string) *exec.Cmd {
	args := []string{"bake", "-f", file, "--push", "--set", "*.platform=" + strings.Join(b.platforms, ",")}
	for i := 0; i+1 < len(b.network); i += 2 {
		value := b.network[i+1]
		switch b.network[i] {
		case "--build-arg":
			args = append(args, "--set", "*.args."+value)
		case "--secret":
			_, file, _ := strings.Cut(value, "src=")
			args = append(args, "--set", "*.secrets="+value, "--allow", "fs.read="+file)
		}
	}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	return b.buildx(ctx, args...)
}

// gokilnCommands have gokiln write a fleet's bake file and bake it: both count.
func gokilnCommands(ctx context.Context, b build) []*exec.Cmd {
	if !b.work.fleet() {
		return b.buildOne(ctx, "gokiln.yaml")
	}
	args := append([]string{"build", "--target", "bake", "-o", ".", "-f", "gokiln.yaml"}, b.network...)
	var set []string
	for _, pkg := range b.work.packages {
		app := b.work.program(pkg)
		set = append(set, app+".tags="+b.image()+"/"+app)
		if b.importRef != "" {
			set = append(set, app+".cache-from="+cacheFrom(b.importRef+"-"+app))
		}
		if b.exportRef != "" {
			set = append(set, app+".cache-to="+cacheTo(b.exportRef+"-"+app))
		}
	}
	return []*exec.Cmd{b.buildx(ctx, append(args, ".")...), b.bake(ctx, "docker-bake.json", set...)}
}

// dockerCommands build a fleet in one step that all targets share, because twenty at
// once would each compile what they have in common. So one target exports the cache.
func dockerCommands(ctx context.Context, b build) []*exec.Cmd {
	if !b.work.fleet() {
		return b.buildOne(ctx, "Dockerfile")
	}
	var set []string
	if b.importRef != "" {
		set = append(set, "*.cache-from="+cacheFrom(b.importRef))
	}
	if b.exportRef != "" {
		set = append(set, b.work.program(b.work.packages[0])+".cache-to="+cacheTo(b.exportRef))
	}
	return []*exec.Cmd{b.bake(ctx, "docker-bake.hcl", set...)}
}

// onHost prepares a program that compiles on the host: nothing of the user's changes
// what is built, and both caches are the build's own.
func (b build) onHost(ctx context.Context, env []string, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], append(argv[1:], b.work.packages...)...)
	cmd.Dir = b.dir
	cmd.Env = append(append(os.Environ(), "GOCACHE="+filepath.Join(b.cache, "go-build"), "GOMODCACHE="+filepath.Join(b.cache, "mod"),
		"GOFLAGS=-buildvcs=false -modcacherw", "CGO_ENABLED=0", "GOWORK=off", "GOTOOLCHAIN=local"), env...)
	return cmd
}

func koCommands(ctx context.Context, b build) []*exec.Cmd {
	naming := "--bare"
	if b.work.fleet() {
		naming = "--base-import-paths"
	}
	return []*exec.Cmd{b.onHost(ctx, []string{"KO_DOCKER_REPO=" + b.image()},
		cmp.Or(b.ko, "ko"), "build", "--sbom=none", "--platform="+strings.Join(b.platforms, ","), naming)}
}

// goCommands put each platform's programs into a folder of its own.
func goCommands(ctx context.Context, b build) []*exec.Cmd {
	var all []*exec.Cmd
	for _, platform := range b.platforms {
		goos, arch, _ := strings.Cut(platform, "/")
		all = append(all, b.onHost(ctx, []string{"GOOS=" + goos, "GOARCH=" + arch},
			"go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(b.out, goos+"-"+arch)+"/"))
	}
	return all
}
