package download

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/symptom"
)

// What the go command says of an answer with status 200 that it can't read.
const (
	noZip     = "not a valid zip file"
	badInfo   = "invalid response from proxy"
	otherInfo = "proxy returned info for version"
	tooLarge  = "downloaded zip file too large"
)

// blame finds the request whose answer the go command could not read: it names no
// URL, and in a list of packages no module either.
func (r *run) blame(failures []Failure, out output) {
	for i, f := range failures {
		if url := out.trace.answered(f.Module, extMod); f.Code == symptom.Other && url != "" && isPage(r.paths.ModCache, f.Module) {
			failures[i] = pageForMod(f.Module, url)
			continue
		}
		if f.Code != symptom.Answer {
			continue
		}
		ext, text := extZip, "the server answered 200 with something that is not a zip file; is it a web page?"
		switch {
		case strings.Contains(f.Text, badInfo), strings.Contains(f.Text, otherInfo):
			ext, text = extInfo, "the server answered 200 with something that is not a description of this version"
			if strings.Contains(f.Text, "'<'") {
				text = "the server answered 200 with a web page in place of a description of this version"
			}
		case strings.Contains(f.Text, tooLarge):
			text = "the server sent more than the 500 MB that a module's zip may have"
		case !strings.Contains(f.Text, noZip):
			continue
		}
		url := out.trace.answered(f.Module, ext)
		if url == "" {
			url = r.unreadable(f.Text, ext, out.trace)
		}
		if url != "" {
			failures[i] = Failure{Code: f.Code, Module: versionOfURL(url), URL: url, Text: text, Cure: f.Cure}
		}
	}
}

// unreadable is the URL of a file that was answered and is not there, of the module
// that could have the package which a text is about.
func (r *run) unreadable(text, ext string, t *trace) string {
	best := ""
	for _, url := range r.open(t) {
		m := versionOfURL(url)
		named := slices.ContainsFunc(strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ':' }),
			func(word string) bool { return within(word, m.Path) })
		if named && strings.HasSuffix(url, ext) && len(m.Path) > len(versionOfURL(best).Path) {
			best = url
		}
	}
	return best
}

// pageForMod is the failure of a page in place of a go.mod file.
func pageForMod(m module.Version, url string) Failure {
	return Failure{
		Code: symptom.Answer, Module: m, URL: url, Cure: symptom.Answer.Cure(),
		Text: "the server answered 200 with a web page in place of a go.mod file",
	}
}

// sendsPage reports whether a server sends a web page as a version's go.mod file.
// The go command tells the hash of what it refuses and keeps nothing of it, so it is
// had to ask again: outside of any module it compares with no go.sum.
func (r *run) sendsPage(ctx context.Context, m module.Version) bool {
	dir := filepath.Join(r.paths.Scratch, "asked")
	defer func() { _ = removeAll(dir) }() // it is in memory
	env := append(slices.Clone(r.env), "GOMODCACHE="+dir, "GOWORK=off", "GOFLAGS=-mod=mod", "GOSUMDB=off")
	asked := r.commandIn(ctx, r.paths.Scratch, env, "go", "mod", "download", "-json", "--", m.String())
	if bytes.Contains(asked.stdout, []byte(badInfo)) && bytes.Contains(asked.stdout, []byte("'<'")) {
		return true
	}
	return isPage(dir, m)
}

// isPage reports whether a module cache has a web page as a version's go.mod file.
func isPage(modCache string, m module.Version) bool {
	name, ok := fileOf(downloads(modCache), m, extMod)
	if !ok {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	begin, err := io.ReadAll(io.LimitReader(f, 512))
	return err == nil && bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(begin, []byte("\ufeff"))), []byte("<"))
}
