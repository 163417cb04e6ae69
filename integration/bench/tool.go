package bench

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/gokiln/gokiln/integration/internal/stack"
)

// Tool is one way of building a workload.
type Tool struct {
	Name string
	// Title is the column's head.
	Title string
	// About says in a sentence how it builds.
	About string
	// Daemon tells that it builds with buildkitd, not on the host.
	Daemon bool
	// Programs is the folder of programs in its images, without a slash in
	// front; empty where it makes no image and the call says where they are.
	Programs string
	// files are what it adds to the source, by name.
	files func(Call) map[string]string
	// commands build and push, one after the other. The time of all counts.
	commands func(context.Context, Call) []Command
}

// Place is where a build runs: a daemon, or a folder with the caches of tools
// that build on the host.
type Place struct {
	Env   stack.Env
	Cache string
}

// Call is one build of a workload with a tool.
type Call struct {
	Work Workload
	// Dir is the source with the tool's files.
	Dir   string
	Place Place
	// Registry is the host:port to push to, Image the repository in it.
	Registry, Image string
	// Import and Export name the cache to take from and to write to the
	// registry, empty for none.
	Import, Export string
	Two            bool
	// Network are buildx arguments that let steps reach the module proxy.
	Network []string
	// Ko is the path of ko, Out a folder for programs of the bare go build.
	Ko, Out string
	// Syntax is the image of the Dockerfile frontend.
	Syntax string
	// SpecFiles has a fleet built from a spec file per service instead of one
	// with apps.
	SpecFiles bool
}

// Tools are all tools in column order.
func Tools() []Tool {
	return []Tool{
		{
			Name: Gokiln, Title: "gokiln", Daemon: true, Programs: "usr/local/bin",
			About: "its image named by the spec's first line, a spec of two lines; as -w is among its default flags it compiles without debug information",
			files: gokilnFiles, commands: gokilnCommands,
		},
		{
			Name: Expert, Title: "expert Dockerfile", Daemon: true, Programs: "usr/local/bin",
			About: "bind mounts, cache mounts for GOMODCACHE and GOCACHE, cross-compiling, distroless; read by the Dockerfile frontend inside buildkitd",
			files: expertFiles, commands: dockerCommands,
		},
		{
			Name: ExpertSyntax, Title: "expert, # syntax=", Daemon: true, Programs: "usr/local/bin",
			About: "the same Dockerfile read by a frontend image, as its users' first line has it",
			files: expertSyntaxFiles, commands: dockerCommands,
		},
		{
			Name: Guide, Title: "guide Dockerfile", Daemon: true, Programs: "usr/local/bin",
			About: "what introductions teach: copy go.mod and go.sum, download, copy the source, build; no mounts",
			files: guideFiles, commands: dockerCommands,
		},
		{
			Name: Ko, Title: "ko", Programs: "ko-app",
			About: "builds on the host; on a fresh machine its GOCACHE and GOMODCACHE are empty",
			files: koFiles, commands: koCommands,
		},
		{
			Name: Floor, Title: "go build",
			About:    "on the host with the same flags: no image and no push",
			files:    func(Call) map[string]string { return nil },
			commands: floorCommands,
		},
	}
}

// ToolNamed gives a tool by its name.
func ToolNamed(name string) (Tool, bool) {
	for _, t := range Tools() {
		if t.Name == name {
			return t, true
		}
	}
	return Tool{}, false
}

// TitleOf gives a tool's title, or the name where there is no such tool.
func TitleOf(name string) string {
	if t, ok := ToolNamed(name); ok {
		return t.Title
	}
	return name
}

// platforms are those that a call builds for.
func (c Call) platforms() []string {
	if c.Two {
		return []string{"linux/amd64", "linux/arm64"}
	}
	return []string{"linux/amd64"}
}

// buildx prepares a call of docker buildx in the source's folder.
func (c Call) buildx(ctx context.Context, args ...string) Command {
	cmd := commandOf(c.Place.Env.BuildxCommand(ctx, args...), c.Dir)
	// The sources are no git checkouts; asking git would cost the same time
	// for each tool that buildx runs.
	cmd.Env = append(cmd.Env, "BUILDX_GIT_INFO=false", "BUILDX_GIT_CHECK_DIRTY=false", "BUILDX_NO_DEFAULT_ATTESTATIONS=1")
	return cmd
}

// cacheArgs are the flags for the registry cache, the same for each tool.
func (c Call) cacheArgs() []string {
	var args []string
	if c.Import != "" {
		args = append(args, "--cache-from", "type=registry,ref="+c.Import)
	}
	if c.Export != "" {
		args = append(args, "--cache-to", "type=registry,ref="+c.Export+",mode=max")
	}
	return args
}

// buildArgs are what follows docker buildx for an image of one program.
func (c Call) buildArgs(file string) []string {
	args := []string{"build", "--builder", c.Place.Env.Builder, "--progress", "rawjson",
		"--platform", strings.Join(c.platforms(), ","), "-f", file, "-t", c.Image, "--push"}
	args = append(append(args, c.cacheArgs()...), c.Network...)
	return append(args, ".")
}

func gokilnCommands(ctx context.Context, c Call) []Command {
	if c.Work.isFleet() {
		return gokilnFleet(ctx, c)
	}
	return []Command{c.buildx(ctx, c.buildArgs("gokiln.yaml")...)}
}

func dockerCommands(ctx context.Context, c Call) []Command {
	if c.Work.isFleet() {
		return dockerFleet(ctx, c)
	}
	return []Command{c.buildx(ctx, c.buildArgs("Dockerfile")...)}
}

// hostEnv is the environment of a build on the host: nothing of the user's
// changes what is built, and both caches are the call's own.
func (c Call) hostEnv(more ...string) []string {
	env := append(os.Environ(),
		"GOCACHE="+filepath.Join(c.Place.Cache, "go-build"), "GOMODCACHE="+filepath.Join(c.Place.Cache, "mod"),
		"GOFLAGS=-buildvcs=false -modcacherw", "CGO_ENABLED=0", "GOWORK=off", "GOTOOLCHAIN=local")
	return append(env, more...)
}

func koCommands(_ context.Context, c Call) []Command {
	argv := []string{c.Ko, "build", "--sbom=none", "--platform=" + strings.Join(c.platforms(), ",")}
	if c.Work.isFleet() {
		argv = append(argv, "--base-import-paths")
	} else {
		argv = append(argv, "--bare")
	}
	for _, p := range c.Work.Programs {
		argv = append(argv, p.Package)
	}
	return []Command{{Argv: argv, Dir: c.Dir, Env: c.hostEnv("KO_DOCKER_REPO=" + c.Image)}}
}

// floorCommands name the packages as the Dockerfiles do. Each platform's
// programs go to a folder of its own.
func floorCommands(_ context.Context, c Call) []Command {
	var all []Command
	for _, platform := range c.platforms() {
		goos, arch, _ := strings.Cut(platform, "/")
		argv := []string{"go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(c.Out, goos+"-"+arch) + "/"}
		for _, p := range c.Work.Programs {
			argv = append(argv, p.Package)
		}
		all = append(all, Command{Argv: argv, Dir: c.Dir, Env: c.hostEnv("GOOS="+goos, "GOARCH="+arch)})
	}
	return all
}
