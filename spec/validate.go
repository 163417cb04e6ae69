package spec

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// validate checks what no key can tell alone. Where a value was refused the Spec
// holds its default, so nothing is reported twice.
func (d *decoder) validate() {
	d.checkTogether(schema(d.spec))
	for _, l := range d.spec.Build.flagLists() {
		if !d.spec.At(l.path).IsZero() {
			d.validateFlags(l)
		}
	}
}

// checkTogether calls the checks that the table has for values of several keys.
func (d *decoder) checkTogether(fields []field) {
	for _, f := range fields {
		if f.after != nil {
			f.after(d)
		}
		d.checkTogether(f.fields)
	}
}

// checkMains refuses two programs of one name. Where a package is the
// module's root its name is go.mod's to tell.
func checkMains(d *decoder) {
	firsts := map[string]string{}
	for i, main := range d.spec.Main {
		at := Index("main", i)
		program := programName(main)
		first, ok := firsts[program]
		switch {
		case !ok:
			firsts[program] = main
		case first == main:
			d.fail(at, "%q is listed twice", show(main))
		case isImportPath(first) && isImportPath(main):
			d.fail(at, "%q and %q both make a program named %q: build them into two images, each an app below apps", show(first), show(main), show(program))
		default:
			d.fail(at, "%q and %q both make a program named %q: rename one's folder", show(first), show(main), show(program))
		}
	}
	if d.written("main") && len(d.spec.Main) == 0 && len(d.list) == 0 {
		d.fail("main", "the list is empty: write a main package, or leave the key out")
	}
}

var majorVersion = regexp.MustCompile(`^v([2-9]|[1-9][0-9]+)$`)

// programName is go build's rule: the last element of the path, or the one
// before a major version.
func programName(main string) string {
	base := path.Base(main)
	if dir := path.Base(path.Dir(main)); majorVersion.MatchString(base) && dir != "." {
		return dir
	}
	return base
}

func (d *decoder) written(path string) bool {
	_, ok := d.spec.ranges[path]
	return ok
}

// checkRace: on Linux the race detector's runtime is linked through cgo.
func checkRace(d *decoder) {
	if b := d.spec.Build; b.Race && !b.Cgo {
		d.fail("build.race", "the race detector needs cgo on linux: add `cgo: true`")
	}
}

func checkHealth(d *decoder) {
	h := d.spec.Image.Healthcheck
	switch {
	case h == nil:
		return
	case len(h.Test) == 0:
		d.fail("image.healthcheck", "test is missing: write `test: [CMD, /program, argument]`")
		return
	case h.Test[0] != "NONE":
		return
	}
	for _, key := range []string{"interval", "timeout", "start_period", "start_interval", "retries"} {
		if at := Key("image.healthcheck", key); d.written(at) {
			d.fail(at, "there is no healthcheck to apply this to: test is NONE")
		}
	}
}

// notShell refuses a command written as one string, which a Dockerfile would
// hand to a shell.
func notShell(s string) error {
	words := strings.Fields(s)
	if len(words) > 8 {
		words = append(words[:8], "...")
	}
	for i, w := range words {
		words[i] = fmt.Sprintf("%q", show(w))
	}
	return fmt.Errorf("%q is one string, and no shell takes it apart: write a list, [%s]", show(s), strings.Join(words, ", "))
}

// healthTest reads a test: a list as Docker has it, or a string for a shell.
func healthTest(target *[]string) reader {
	const want = "a string or a list that begins with CMD, CMD-SHELL or NONE"
	return reader{want, func(d *decoder, path string, n *node) {
		if n.isScalar() {
			s, ok := d.scalarOf(path, n, false, want)
			if ok && strings.TrimSpace(s) == "" {
				d.errorf(n.at, path, "the command is empty: write `[CMD, /program, argument]`")
			}
			*target = []string{"CMD-SHELL", s}
			return
		}
		if n.kind != kindList {
			d.wrongType(path, n, want)
			return
		}
		before := len(d.list)
		var words []string
		list(&words, want, listOptions{literal: true, rule: one(anyText)}).read(d, path, n)
		*target = words
		if len(d.list) > before {
			return
		}
		if err := checkTest(words); err != nil {
			d.errorf(n.at, path, "%w", err)
		}
	}}
}

func checkTest(words []string) error {
	if len(words) == 0 {
		return errors.New("the list is empty: write [CMD, /program, argument], or [NONE] for no healthcheck")
	}
	switch {
	case words[0] == "CMD" && len(words) < 2:
		return errors.New("CMD has no program: write [CMD, /program, argument]")
	case words[0] == "CMD-SHELL" && len(words) != 2:
		return fmt.Errorf("CMD-SHELL takes one string, found %d", len(words)-1)
	case words[0] == "NONE" && len(words) > 1:
		return errors.New("NONE takes nothing after it")
	case words[0] != "CMD" && words[0] != "CMD-SHELL" && words[0] != "NONE":
		return fmt.Errorf(`the list begins with %q: write ["CMD", %q, ...]`, show(words[0]), show(words[0]))
	}
	return nil
}
