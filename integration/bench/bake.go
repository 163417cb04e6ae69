package bench

import (
	"context"
	"fmt"
	"strings"
)

// bakeFile is a target per service, written as a person would.
func bakeFile(w Workload) string {
	var b strings.Builder
	b.WriteString("variable \"IMAGE\" {}\n\ngroup \"default\" {\n  targets = [")
	for i, p := range w.Programs {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", p.Name)
	}
	b.WriteString("]\n}\n")
	for _, p := range w.Programs {
		fmt.Fprintf(&b, "\ntarget %q {\n  context = \".\"\n  args = { SERVICE = %q }\n  tags = [\"${IMAGE}/%s\"]\n}\n", p.Name, p.Name, p.Name)
	}
	return b.String()
}

// overrides are the arguments of bake that give every target the call's
// platforms and way to the module proxy.
func (c Call) overrides() []string {
	args := []string{"--set", "*.platform=" + strings.Join(c.platforms(), ",")}
	for i := 0; i+1 < len(c.Network); i += 2 {
		switch value := c.Network[i+1]; c.Network[i] {
		case "--build-arg":
			args = append(args, "--set", "*.args."+value)
		case "--secret":
			args = append(args, "--set", "*.secrets="+value)
			if _, file, ok := strings.Cut(value, "src="); ok {
				args = append(args, "--allow", "fs.read="+file)
			}
		}
	}
	return args
}

func (c Call) bake(ctx context.Context, file string, more ...string) Command {
	args := []string{"bake", "--builder", c.Place.Env.Builder, "--progress", "rawjson", "-f", file, "--push"}
	cmd := c.buildx(ctx, append(append(args, c.overrides()...), more...)...)
	cmd.Env = append(cmd.Env, "IMAGE="+c.Image)
	return cmd
}

// sharedCache are the cache flags for targets that share their only long step:
// all import one cache, and one exports it, because twenty with the same name
// would overwrite each other's.
func (c Call) sharedCache() []string {
	var args []string
	if c.Import != "" {
		args = append(args, "--set", "*.cache-from=type=registry,ref="+c.Import)
	}
	if c.Export != "" {
		args = append(args, "--set", c.Work.Programs[0].Name+".cache-to=type=registry,ref="+c.Export+",mode=max")
	}
	return args
}

// ownCaches are the cache flags for targets with long steps of their own.
func (c Call) ownCaches() []string {
	var args []string
	for _, p := range c.Work.Programs {
		if c.Import != "" {
			args = append(args, "--set", p.Name+".cache-from=type=registry,ref="+c.Import+"-"+p.Name)
		}
		if c.Export != "" {
			args = append(args, "--set", p.Name+".cache-to=type=registry,ref="+c.Export+"-"+p.Name+",mode=max")
		}
	}
	return args
}

func dockerFleet(ctx context.Context, c Call) []Command {
	return []Command{c.bake(ctx, "docker-bake.hcl", c.sharedCache()...)}
}

// gokilnFleetFiles are one spec with an app per service, or a spec per service
// and a bake file by hand.
func gokilnFleetFiles(c Call) map[string]string {
	if !c.SpecFiles {
		var b strings.Builder
		b.WriteString("# syntax=gokiln/gokiln:1\napps:\n")
		for _, p := range c.Work.Programs {
			fmt.Fprintf(&b, "  %s:\n    main: %s\n", p.Name, p.Package)
		}
		return map[string]string{"gokiln.yaml": b.String()}
	}
	files := map[string]string{}
	bake := bakeFile(c.Work)
	for _, p := range c.Work.Programs {
		name := "deploy/" + p.Name + ".yaml"
		files[name] = spec(p)
		bake = strings.Replace(bake, "  args = { SERVICE = \""+p.Name+"\" }\n", "  dockerfile = \""+name+"\"\n", 1)
	}
	files["docker-bake.hcl"] = bake
	return files
}

// gokilnFleet has gokiln write the bake file and bakes it: both count.
func gokilnFleet(ctx context.Context, c Call) []Command {
	if c.SpecFiles {
		return []Command{c.bake(ctx, "docker-bake.hcl", c.ownCaches()...)}
	}
	write := c.buildx(ctx, append([]string{"build", "--builder", c.Place.Env.Builder, "--progress", "rawjson",
		"--target", "bake", "-o", ".", "-f", "gokiln.yaml"}, append(append([]string{}, c.Network...), ".")...)...)
	more := c.ownCaches()
	for _, p := range c.Work.Programs {
		more = append(more, "--set", p.Name+".tags="+c.Image+"/"+p.Name)
	}
	return []Command{write, c.bake(ctx, "docker-bake.json", more...)}
}
