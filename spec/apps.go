package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// App is one image of a spec that describes several.
type App struct {
	// Name is the app's key below apps: a target of the build, lower-case letters
	// and digits with "-" or "_" between them.
	Name string
	// Groups are the bake groups that the app is in, apart from the one of all.
	Groups []string
	// Spec is the top level with the app's own values over it, complete and
	// without Apps: what a file for this app alone would say. Its Name is the
	// app's unless the app has a name of its own, and At finds the place of an
	// inherited value at the top level.
	Spec *Spec
}

// App returns the app of a name.
func (s *Spec) App(name string) (App, bool) {
	i := slices.IndexFunc(s.Apps, func(a App) bool { return a.Name == name })
	if i < 0 {
		return App{}, false
	}
	return s.Apps[i], true
}

const (
	// maxApps bounds the apps of a spec, maxInherited their values with what each
	// inherits written out, and maxTemplates those among them that are templates:
	// for each app the others are looked at too. A fleet of 500 apps with 20 values
	// and 4 templates each takes a half, a tenth and a tenth.
	maxApps      = 1000
	maxInherited = 200_000
	maxTemplates = 20_000
	// maxAppName is the longest label of a domain name: what runs an app often
	// gives it one.
	maxAppName = 63
	wantApps   = "a map of names to apps, such as {api: {main: ./cmd/api}}"
	wantApp    = "a map of what differs from the top level, such as {main: ./cmd/api}"
)

// appNameRule is what is both a target of bake and a path element of an image's
// name.
var appNameRule = regexp.MustCompile(`^[a-z0-9]+((_{1,2}|-+)[a-z0-9]+)*$`)

// ReservedNames are targets and stages, which no app and no group is called.
func ReservedNames() []string {
	return []string{"image", "modules", "dependencies", "packages", "compile", "binaries", "bake", "all", "default"}
}

// IsAppName reports whether an app may have a name.
func IsAppName(s string) bool {
	_, err := checkAppName(s)
	return err == nil
}

func checkAppName(s string) (string, error) {
	switch {
	case slices.Contains(ReservedNames(), s):
		return "", fmt.Errorf("%q is a target or stage of every spec: take another name", show(s))
	case !appNameRule.MatchString(s) || len(s) > maxAppName:
		return "", fmt.Errorf("%q is not a name for a target and an image: up to %d lower-case letters and digits, with \"-\" or \"_\" between them", show(s), maxAppName)
	}
	return s, nil
}

// onlyAtTop are the keys that all apps share.
func onlyAtTop() map[string]string {
	return map[string]string{
		"apps":    "apps do not nest: write it beside the others",
		"modules": "all apps share one module step: write it at the top level",
		"cache":   "all apps share one cache: write it at the top level",
	}
}

// appMap reads the key apps: it keeps the map until the top level is read.
func appMap() reader {
	return reader{"a map of apps", func(d *decoder, path string, n *node) {
		switch {
		case n.kind != kindMap || n.action:
			d.wrongType(path, n, wantApps)
		case len(n.entries) > maxApps:
			// The first one's place: the lines of all would be shown.
			d.errorf(n.entries[0].keyAt, path, "%d apps in one spec: at most %d; split them into several specs", len(n.entries), maxApps)
		case len(n.entries) == 0:
			d.errorf(n.at, path, "the map is empty: name an app, such as {api: {main: ./cmd/api}}, or leave the key out")
		default:
			d.apps = n
		}
	}}
}

// appReader reads the apps of a spec. An app is decoded as a spec of its own, so
// that every rule holds for what it says with what it inherits.
type appReader struct {
	*decoder
	// inherited is what apps may set otherwise, shared what they may not.
	inherited, shared *node
	// told are the top level's errors, each reported once.
	told map[string]bool
	// rules are errors that the top level would have as a spec of its own. Where
	// an app has one too it is the top level's, not each app's.
	rules map[string]bool
	// size counts values and templates, with the inherited ones written out for each
	// app.
	size size
}

// readApps reads what document has found below apps.
func (d *decoder) readApps(root *node) {
	r := appReader{decoder: d, told: map[string]bool{}, rules: map[string]bool{}}
	known := func(key string) bool { _, ok := find(appFields(&Spec{}), key); return ok }
	r.inherited = pick(root, func(key string) bool { return key != "name" && key != "groups" && known(key) })
	r.shared = pick(root, func(key string) bool { return key == "modules" || key == "cache" })
	if d.written("name") {
		d.fail("name", "an app has its name below apps, or a `name` of its own: leave this one out")
	}
	for _, e := range d.list {
		r.told[e.Error()] = true
	}
	top := decoder{problems: &problems{src: d.src}, spec: d.spec, parsed: d.parsed}
	top.validate()
	for _, e := range top.list {
		r.rules[e.Error()] = true
	}
	for _, e := range d.apps.entries {
		if d.full() || r.size.tooLarge() != nil {
			return
		}
		r.read(e)
	}
	r.checkGroups()
}

// read reads one app.
func (r *appReader) read(e entry) {
	at := Key("apps", e.key)
	if _, err := checkAppName(e.key); err != nil {
		r.errorf(e.keyAt, Key("apps", show(e.key)), "%w", err)
		return
	}
	switch {
	case e.value.kind == kindNull:
		r.errorf(e.keyAt, at, "no value: write what differs from the top level, such as `%s: {main: ./cmd/%s}`", e.key, e.key)
		return
	case e.value.kind != kindMap || e.value.action:
		r.wrongType(at, e.value, wantApp)
		return
	}
	r.place(at, e.value.at)
	app := App{Name: e.key}
	own := r.ownKeys(at, e.value, &app)
	merged := overlay("", r.inherited, own)
	r.size.add(merged)
	r.size.add(r.shared)
	if err := r.size.tooLarge(); err != nil {
		r.errorf(e.keyAt, at, "%w", err)
		return
	}
	app.Spec = r.merged(e, merged)
	r.spec.Apps = append(r.spec.Apps, app)
}

// ownKeys reads the keys that only an app has, refuses those that none has, and
// returns the rest.
func (r *appReader) ownKeys(at string, n *node, app *App) *node {
	own := *n
	own.entries = nil
	for _, e := range n.entries {
		child := Key(at, e.key)
		hint, shared := onlyAtTop()[e.key]
		switch {
		case shared:
			r.errorf(e.keyAt, child, "%s", hint)
			r.hideCredentials(e)
		case e.key == "groups" && e.value.kind == kindNull:
			r.errorf(e.keyAt, child, "no value: write one, or leave the key out for its default")
		case e.key == "groups":
			r.place(child, e.value.at)
			groupList(&app.Groups).read(r.decoder, child, e.value)
		default:
			own.entries = append(own.entries, e)
		}
	}
	return &own
}

// hideCredentials hides what may be a secret in modules where none may stand.
func (r *appReader) hideCredentials(e entry) {
	if e.key != "modules" {
		return
	}
	aside := decoder{problems: &problems{src: r.src}, spec: defaults(r.src), parsed: r.parsed}
	aside.fields("modules", e.value, moduleFields(&Modules{}))
	r.secrets = append(r.secrets, aside.secrets...)
}

// merged decodes an app's values with those it inherits.
func (r *appReader) merged(e entry, n *node) *Spec {
	s := defaults(r.src)
	s.Name = e.key
	d := decoder{problems: &problems{src: r.src}, spec: s, parsed: r.parsed, app: Key("apps", e.key)}
	d.place("name", e.keyAt)
	d.fields("", r.shared, sharedFields(s))
	d.fields("", n, appFields(s))
	d.validate()
	r.secrets = append(r.secrets, d.secrets...)
	for _, err := range d.list {
		switch text := err.Error(); {
		case r.told[text]:
		case r.rules[text]:
			r.told[text] = true
			r.add(err.Range, err.Err)
		default:
			r.add(err.Range, fmt.Errorf("%s.%w", d.app, err.Err))
		}
	}
	return s
}

func (r *appReader) checkGroups() {
	for _, app := range r.spec.Apps {
		for i, group := range app.Groups {
			if _, ok := r.spec.App(group); ok {
				at := Index(Key(Key("apps", app.Name), "groups"), i)
				r.fail(at, "%q is an app: a group needs a name of its own", group)
			}
		}
	}
}

// size is how many values there are, and templates among them.
type size struct{ values, templates int }

// add counts a tree.
func (s *size) add(n *node) {
	s.values++
	if strings.Contains(n.text, "{{") {
		s.templates++
	}
	for _, item := range n.items {
		s.add(item)
	}
	for _, e := range n.entries {
		s.values++
		s.add(e.value)
	}
}

func (s *size) tooLarge() error {
	switch {
	case s.values > maxInherited:
		return fmt.Errorf("more than %d values with what each app inherits written out: split the apps into several specs", maxInherited)
	case s.templates > maxTemplates:
		return fmt.Errorf("more than %d templates with what each app inherits written out: split the apps into several specs", maxTemplates)
	}
	return nil
}

// pick returns a map with the keys that are wanted.
func pick(n *node, want func(key string) bool) *node {
	out := *n
	out.entries = slices.DeleteFunc(slices.Clone(n.entries), func(e entry) bool { return !want(e.key) })
	return &out
}

// overlay returns base with own over it: maps key by key, all else replaced. The
// result has own's place.
func overlay(path string, base, own *node) *node {
	if isPairs(path) {
		base, own = asMap(base), asMap(own)
	}
	if base.kind != kindMap || own.kind != kindMap || base.action || own.action || turnsOff(path, own) {
		return own
	}
	out := *own
	out.entries = slices.Clone(base.entries)
	places := make(map[string]int, len(out.entries))
	for i, e := range out.entries {
		places[e.key] = i
	}
	for _, e := range own.entries {
		i, ok := places[e.key]
		if !ok {
			out.entries = append(out.entries, e)
			continue
		}
		e.value = overlay(Key(path, e.key), out.entries[i].value, e.value)
		out.entries[i] = e
	}
	return &out
}

// isPairs reports whether a map of strings stands at a path, which may be written
// as a list.
func isPairs(path string) bool {
	return path == "build.env" || path == "image.env" || path == "image.labels"
}

// turnsOff finds a healthcheck that is none: what it would inherit has no meaning.
func turnsOff(path string, n *node) bool {
	if path != "image.healthcheck" || len(n.entries) != 1 || n.entries[0].key != "test" {
		return false
	}
	test := n.entries[0].value
	return len(test.items) == 1 && test.items[0].text == "NONE"
}

// asMap turns a list of KEY=VALUE strings into a map. One with a mistake in it is
// left for the decoder, which reports it.
func asMap(n *node) *node {
	if n.kind != kindList {
		return n
	}
	out := &node{kind: kindMap, at: n.at}
	seen := map[string]bool{}
	for _, item := range n.items {
		key, value, ok := strings.Cut(item.text, "=")
		if !ok || !item.isScalar() || seen[key] {
			return n
		}
		seen[key] = true
		out.entries = append(out.entries, entry{key: key, keyAt: item.at, value: &node{text: value, at: item.at}})
	}
	return out
}
