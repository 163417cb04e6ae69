package download

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/gokiln/gokiln/internal/symptom"
)

// downloadErrors reads `go mod download -json`.
func downloadErrors(stdout []byte) (texts []string, local bool) {
	decode(stdout, func(v struct{ Path, Version, Error string }) {
		if v.Error == "" {
			return
		}
		text := v.Error
		if !strings.Contains(text, v.Path+"@") {
			text = v.Path + "@" + v.Version + ": " + text
		}
		texts = append(texts, text)
	})
	return texts, false
}

// listErrors reads `go list -e -json`.
func (r *run) listErrors(stdout []byte) (texts []string, local bool) {
	decode(stdout, func(v struct {
		ImportPath, Dir string
		Error           *struct{ Err string }
	}) {
		switch {
		case r.isLocal(v.ImportPath):
			local = true
		case v.Error == nil || v.Dir != "" && forCompiler(v.Error.Err) && diagnose(v.Error.Err).Code == symptom.Other:
		case strings.Contains(v.Error.Err, v.ImportPath):
			texts = append(texts, v.Error.Err)
		default:
			texts = append(texts, "package "+v.ImportPath+": "+v.Error.Err)
		}
	})
	return texts, local
}

// isLocal reports whether a package is of a module in the build context. One that
// was asked for by name is not news.
func (r *run) isLocal(importPath string) bool {
	if slices.Contains(r.config.Packages, importPath) {
		return false
	}
	return slices.ContainsFunc(r.config.Local, func(m string) bool {
		return importPath == m || strings.HasPrefix(importPath, m+"/")
	})
}

// decode reads JSON values one after the other, as far as they go.
func decode[T any](data []byte, each func(T)) {
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		var v T
		if err := d.Decode(&v); err != nil {
			return
		}
		each(v)
	}
}

// forCompiler reports whether what `go list` says of a package whose files are
// there is for the compile step to say: it names the file and line. Everything
// else fails this step, so that no layer is made that lacks a module.
func forCompiler(text string) bool { return compilerRule.MatchString(text) }

var compilerRule = regexp.MustCompile(`no Go files in|build constraints exclude all Go files|use of internal package|import cycle not allowed|` +
	`not an importable package|found packages |source files not allowed|no matching files found|cannot embed|:[0-9]+:[0-9]+: `)
