package plan

import (
	"path"

	"github.com/gokiln/gokiln/internal/modstep"
)

// moduleSteps returns the module cache as a layer of its own. Its key is made from the
// recipe files' content, the list of imports, the toolchain image, the environment and
// the program that the step runs, so that all platforms and every change to the code
// share it. Secrets, HTTP proxies and the store are in no key; the list of module proxies
// and the patience with them are, because BuildKit has no other way to hand a step what
// it shall not be keyed by.
//
// The recipe is mounted writable, because in a workspace the go command completes
// go.work.sum, and what is written is thrown away: such a mount is keyed by its content,
// as a read-only one is.
func (l *stepList) moduleSteps(m Modules) Origin {
	mounts := []Mount{
		{Dest: SourceDir, From: l.recipeStep(m), Access: Discard},
		{Dest: modstep.Program, From: FromFrontend, Path: l.Frontend.ModulesProgram, Access: Readonly},
		{Dest: path.Dir(modstep.ConfigPath), From: l.configStep(m), Access: Readonly},
		{Dest: modstep.StoreDir, Cache: m.StoreID, Access: Discard},
		{Dest: modstep.ScratchDir, Access: Memory},
	}
	for _, name := range m.ProxyFolders {
		mounts = append(mounts, Mount{Dest: path.Join(ProxyDir, name), From: FromProxy(name), Access: Readonly})
	}
	return l.add(Step{
		ID: StepModules, Stage: StageModules, Name: "[modules] download modules", At: m.At, NoCache: m.NoCache,
		Exec: &Exec{
			Root: FromModulesToolchain, Dir: path.Join(l.Source, m.Dir), Args: modstep.Args(), Env: m.Env,
			Network: !m.Offline, Proxy: m.Proxy, Secrets: m.secrets(), Agents: m.Agents,
			Mounts: append(mounts, Mount{Dest: ModCacheDir, Access: Output}),
		},
	})
}

// secrets are those that every module step takes, and those of modules.auth.
func (m Modules) secrets() []Secret {
	list := []Secret{{ID: CASecret, Dest: path.Join(CADir, "ca.pem"), Optional: true}}
	if !m.Offline {
		list = append(list, Secret{ID: ProxySecret, Env: ProxySecretEnv, Optional: true})
	}
	return append(list, m.Secrets...)
}

// configStep is a folder with the program's configuration.
func (l *stepList) configStep(m Modules) Origin {
	return l.add(Step{
		ID: "modules config", Name: "[modules] say what to download", At: m.At,
		Files: &FileOp{Actions: []Action{{Mkfile: &Mkfile{Path: "/" + path.Base(modstep.ConfigPath), Data: m.Config.JSON()}}}},
	})
}

// recipeStep is the context, and what stands beside it, narrowed to the files that decide
// what is downloaded.
func (l *stepList) recipeStep(m Modules) Origin {
	var actions []Action
	add := func(from Origin, names []string, to string) {
		actions = append(actions, asGit(CopyFiles{From: from, Src: "/", Dest: belowSource(to), Contents: true, MakeParents: true, Names: names}))
	}
	add(FromContext, m.Recipe, l.Source)
	for _, o := range m.Outside {
		if len(o.Recipe) > 0 {
			add(FromFolder(o.Path), o.Recipe, o.Dest)
		}
	}
	return l.add(Step{
		ID: "modules files", Name: "[modules] collect module files", At: m.At, NoCache: l.CollectAnew,
		Files: &FileOp{Actions: actions},
	})
}
