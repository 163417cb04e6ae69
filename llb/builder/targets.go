package builder

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
	"github.com/gokiln/gokiln/internal/nearest"
	"github.com/gokiln/gokiln/llb/plan"
	"github.com/gokiln/gokiln/spec"
)

// The targets that every spec has, besides its image or its apps.
const (
	targetBinaries = "binaries"
	targetBake     = "bake"
)

// goal is what the user asked for with --target.
type goal struct {
	// kind is plan.StageImage, targetBinaries or targetBake.
	kind string
	// apps are the apps to build: one for an image, one or all for binaries, all
	// for a bake file. A spec without apps is its own only one, without a name.
	apps []spec.App
	// siblings are all the apps of the spec.
	siblings []spec.App
}

// all are all the apps of the spec; a spec without apps is its own only one.
func (g goal) all() []spec.App {
	if len(g.siblings) == 0 {
		return g.apps
	}
	return g.siblings
}

// chooseGoal finds what a target stands for.
func chooseGoal(s *spec.Spec, target string) (goal, error) {
	g := goal{kind: plan.StageImage, apps: s.Apps, siblings: s.Apps}
	if len(s.Apps) == 0 {
		g.apps = []spec.App{{Spec: s}}
	}
	name, ofBinaries := strings.CutPrefix(target, targetBinaries+"/")
	app, isApp := s.App(name)
	switch {
	case target == targetBinaries || target == targetBake:
		g.kind = target
		return g, nil
	case isApp:
		g.apps = []spec.App{app}
		if ofBinaries {
			g.kind = targetBinaries
		}
		return g, nil
	case target == "" && len(g.apps) > 1:
		return goal{}, diag.Errorf(s.Source, appsLine(s),
			"apps: the spec has %d apps; choose one with --target NAME (%s), or write a bake file for all with --target %s",
			len(s.Apps), strings.Join(appNames(s.Apps), ", "), targetBake)
	case target == "" || target == plan.StageImage && len(s.Apps) == 0:
		return g, nil
	}
	return goal{}, unknownTarget(s, target)
}

// targetNames lists every target of a spec.
func targetNames(s *spec.Spec) []string {
	names := []string{plan.StageImage}
	if len(s.Apps) > 0 {
		names = appNames(s.Apps)
	}
	names = append(names, targetBinaries)
	for _, app := range s.Apps {
		names = append(names, targetBinaries+"/"+app.Name)
	}
	return append(names, targetBake)
}

func unknownTarget(s *spec.Spec, target string) error {
	list := []string{plan.StageImage, targetBinaries, targetBake}
	if len(s.Apps) > 0 {
		list = slices.Concat(appNames(s.Apps), []string{targetBinaries, targetBinaries + "/NAME", targetBake})
	}
	hint := ""
	if near := nearest.Of(target, targetNames(s)); near != "" {
		hint = fmt.Sprintf("did you mean %q? ", near)
	}
	return diag.Errorf(s.Source, appsLine(s), "target %q: there is no such target; %sthe spec has %s", target, hint, strings.Join(list, ", "))
}

// appsLine is where the apps begin: clients print all lines of a range, and there
// may be hundreds.
func appsLine(s *spec.Spec) diag.Range {
	at := s.At("apps")
	at.End = at.Start
	return at
}

func appNames(apps []spec.App) []string {
	names := make([]string, len(apps))
	for i, app := range apps {
		names[i] = app.Name
	}
	return names
}

// usedArgs lists the build arguments that the templates of apps name, sorted.
func usedArgs(apps []spec.App) []string {
	var args []string
	for _, app := range apps {
		args = append(args, plan.UsedArgs(app.Spec)...)
	}
	slices.Sort(args)
	return slices.Compact(args)
}

// uses lists the values that the templates of apps name, sorted.
func uses(apps []spec.App) []string {
	var names []string
	for _, app := range apps {
		names = append(names, plan.Uses(app.Spec)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// describe says what an app's image holds.
func describe(s *spec.Spec) string {
	if len(s.Main) > 0 {
		return diag.Plain("image of " + strings.Join(s.Main, ", "))
	}
	return "image of the module's main package"
}
