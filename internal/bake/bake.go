// Package bake writes docker-bake.json, with which `docker buildx bake` builds all
// images of a spec in one go. Plain data goes in, bytes come out: what an app is
// and takes is the caller's to know.
//
// Hard to reverse, because pipelines are written against it: targets are called
// as the apps are; the variables are REGISTRY, TAG, PLATFORMS, CACHE and
// CA_CERTIFICATES, VERSION, REVISION and SOURCE_DATE_EPOCH where an app's templates
// use them, and GOKILN_ARG_NAME for any other build argument NAME; a secret ID comes
// from GOKILN_SECRET_ID. Each has a default that builds without any being set.
//
// Bake takes a variable from the environment, and a spec comes with a pull request:
// what a spec names is looked for under these prefixes alone, so that it can't choose
// AWS_SECRET_ACCESS_KEY.
//
// CACHE names a repository, and each app has a tag of its own there. Targets of
// one bake that wrote to one reference would overwrite each other. An app reads
// its own tag and that of the first app: its own has all its steps, the other one
// the module download that all share, for an app that was never built. Reading
// every app's would cost a build as many manifests as there are apps. In one
// repository the layers that apps share are stored and pushed once.
package bake

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Filename is where bake looks for a file without being told.
const Filename = "docker-bake.json"

// File is what a bake file is made from.
type File struct {
	// Spec is the spec's path from the folder that bake runs in.
	Spec string
	// Apps are the images, in the order of the default group.
	Apps []App
	// Secrets are the ids of build secrets that all builds need. Each is taken from
	// the environment variable that SecretVariable returns.
	Secrets []string
	// CASecret is the id of the secret that holds the variable CA_CERTIFICATES
	// where that is set.
	CASecret string
	// Agents are the ids of SSH agents to forward.
	Agents []string
}

// App is one image.
type App struct {
	// Name is the target's name and the last part of the image's, Target what is
	// passed as --target; empty passes none.
	Name, Target string
	// Description is shown by `docker buildx bake --list targets`.
	Description string
	// Groups are the groups that the app is in besides the default one.
	Groups []string
	// Args are the build arguments that the app's templates name.
	Args []Arg
}

// Arg is a build argument. The variable that ArgVariable returns sets it.
type Arg struct{ Name, Description string }

// The variables that every file has.
const (
	varRegistry  = "REGISTRY"
	varTag       = "TAG"
	varPlatforms = "PLATFORMS"
	varCache     = "CACHE"
	varCA        = "CA_CERTIFICATES"
	// argPrefix and secretPrefix begin the variables whose names a spec chooses.
	argPrefix    = "GOKILN_ARG_"
	secretPrefix = "GOKILN_SECRET_"
	// common is the target that all inherit: no app's name begins with "_".
	common = "_common"
)

type file struct {
	Variable map[string]variable `json:"variable"`
	Group    map[string]group    `json:"group"`
	Target   map[string]target   `json:"target"`
}

type variable struct {
	Default     string `json:"default"`
	Description string `json:"description,omitempty"`
}

type group struct {
	Targets []string `json:"targets"`
}

// target holds strings where bake takes lists too: one that is an expression as a
// whole has the expression's value.
type target struct {
	Description string            `json:"description,omitempty"`
	Inherits    []string          `json:"inherits,omitempty"`
	Context     string            `json:"context,omitempty"`
	Dockerfile  string            `json:"dockerfile,omitempty"`
	Target      string            `json:"target,omitempty"`
	Platforms   string            `json:"platforms,omitempty"`
	Args        map[string]string `json:"args,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	CacheFrom   string            `json:"cache-from,omitempty"`
	CacheTo     string            `json:"cache-to,omitempty"`
	Secret      string            `json:"secret,omitempty"`
	SSH         []string          `json:"ssh,omitempty"`
}

// Marshal returns the bake file: JSON with sorted keys that ends with a line end.
// The same File gives the same bytes.
func Marshal(f File) ([]byte, error) {
	out := file{Variable: variables(f), Group: groups(f), Target: map[string]target{common: commonTarget(f)}}
	for _, app := range f.Apps {
		out.Target[app.Name] = appTarget(f, app)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		return nil, fmt.Errorf("write %s: %w", Filename, err)
	}
	return b.Bytes(), nil
}

func variables(f File) map[string]variable {
	vars := map[string]variable{}
	for _, app := range f.Apps {
		for _, arg := range app.Args {
			vars[ArgVariable(arg.Name)] = variable{Description: cmp.Or(arg.Description, "the build argument "+arg.Name)}
		}
	}
	// Over the arguments: a template may well use TAG.
	vars[varRegistry] = variable{"", "what stands before the images' names, such as registry.example.com/shop; empty for nothing"}
	vars[varTag] = variable{"latest", "the images' tag"}
	vars[varPlatforms] = variable{"linux/amd64,linux/arm64", "with commas between them; empty for the builder's own"}
	vars[varCache] = variable{"", "a repository for the build cache, such as registry.example.com/shop/cache; empty for none"}
	if f.CASecret != "" {
		vars[varCA] = variable{"", "certificate authorities for the module download, in PEM form"}
	}
	return vars
}

func groups(f File) map[string]group {
	all := map[string]group{}
	add := func(name, app string) { all[name] = group{append(all[name].Targets, app)} }
	for _, app := range f.Apps {
		add("default", app.Name)
		for _, name := range app.Groups {
			add(name, app.Name)
		}
	}
	return all
}

func commonTarget(f File) target {
	t := target{
		Context:    ".",
		Dockerfile: literal(f.Spec),
		Platforms:  `${compact(split(",", ` + varPlatforms + `))}`,
	}
	var secrets []string
	for _, id := range f.Secrets {
		secrets = append(secrets, quote("id="+id+",env="+SecretVariable(id)))
	}
	if f.CASecret != "" {
		secrets = append(secrets, unless(varCA, quote("id="+f.CASecret+",env="+varCA)))
	}
	if len(secrets) > 0 {
		t.Secret = list(secrets)
	}
	for _, id := range f.Agents {
		t.SSH = append(t.SSH, literal(id))
	}
	return t
}

func appTarget(f File, app App) target {
	t := target{
		Description: literal(app.Description),
		Inherits:    []string{common},
		Target:      app.Target,
		Tags:        []string{"${" + unless(varRegistry, `"${`+varRegistry+`}/"`) + "}" + app.Name + "${" + `TAG == "" ? "" : ":${TAG}"` + "}"},
		Args:        map[string]string{},
	}
	for _, arg := range app.Args {
		// An argument that is not passed is unknown to templates, an empty one is
		// empty.
		t.Args[arg.Name] = fmt.Sprintf(`${%[1]s == "" ? null : %[1]s}`, ArgVariable(arg.Name))
	}
	cache := func(name, more string) string {
		return unless(varCache, fmt.Sprintf(`"type=registry,ref=${%s}:%s%s"`, varCache, name, more))
	}
	from := []string{cache(app.Name, "")}
	if first := f.Apps[0].Name; first != app.Name {
		from = append(from, cache(first, ""))
	}
	t.CacheFrom = list(from)
	t.CacheTo = list([]string{cache(app.Name, ",mode=max")})
	return t
}

// ArgVariable is the variable that sets a build argument: of the same name for those
// that gokiln itself knows and those that every bake file has.
func ArgVariable(name string) string {
	switch name {
	case "VERSION", "REVISION", "SOURCE_DATE_EPOCH", varRegistry, varTag, varPlatforms, varCache:
		return name
	}
	return argPrefix + name
}

// SecretVariable is the environment variable that a secret comes from: its id in
// capitals behind the prefix, with "_" for what no variable's name holds.
func SecretVariable(id string) string {
	return secretPrefix + strings.Map(func(r rune) rune {
		if r == '-' || r == '.' {
			return '_'
		}
		return r
	}, strings.ToUpper(id))
}

// unless is an expression that is empty where a variable is.
func unless(variable, expression string) string {
	return fmt.Sprintf(`%s == "" ? "" : %s`, variable, expression)
}

// list is an expression for a list without its empty elements.
func list(expressions []string) string {
	return "${compact([" + strings.Join(expressions, ", ") + "])}"
}

// quote writes a string of an expression, literal a string that bake is to take as
// it stands.
func quote(s string) string { return `"` + strings.ReplaceAll(literal(s), `"`, `\"`) + `"` }

func literal(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s)
}

// Name makes a name for a target and an image of what a program may be called:
// "app" where nothing is left.
func Name(s string, valid func(string) bool) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !slices.Contains([]rune("abcdefghijklmnopqrstuvwxyz0123456789"), r)
	})
	if name := strings.Join(words, "-"); valid(name) {
		return name
	}
	return "app"
}
