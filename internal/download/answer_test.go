package download_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gokiln/gokiln/internal/modstep"
	"github.com/gokiln/gokiln/internal/symptom"
)

// A server that answers 200 with a login page is named, with the file that it was
// asked for, whatever that file is.
func TestPageInPlaceOfAFile(t *testing.T) {
	page := []byte("\n<!DOCTYPE html>\n<html><body>Please log in</body></html>\n")
	for _, c := range []struct {
		ext    string
		listed bool
		work   bool
	}{
		{".info", false, false}, {".mod", false, false}, {".mod", true, false}, {".mod", true, true}, {".zip", false, false}, {".zip", true, false},
	} {
		t.Run(strings.TrimPrefix(c.ext, "."), func(t *testing.T) {
			p := startProxy(t, lib(), other())
			p.fault = func(path string, _ int) *fault {
				if strings.HasSuffix(path, "/example.com/lib/@v/v1.0.0"+c.ext) {
					return &fault{body: page}
				}
				return nil
			}
			files := app(t)
			if c.work {
				files["go.work"], files["go.sum"] = "go 1.24\n\nuse .\n", ""
			}
			f := newFixture(t, files)
			f.config.Proxy = p.URL
			if c.work {
				f.config.GoWork = filepath.Join(f.dir, "go.work")
			}
			if c.listed {
				f.config.All, f.config.Packages, f.config.Targets = false, []string{"example.com/lib", "example.com/lib/emb"}, []modstep.Target{{}}
			}
			f.wantFailure(f.run(), symptom.Answer, "module example.com/lib v1.0.0", p.URL+"/example.com/lib/@v/v1.0.0"+c.ext, "page", "modules.auth")
		})
	}
}

// An answer without an end ends the build, not the builder.
func TestAnswerWithoutAnEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes memory, or time")
	}
	for _, c := range []struct {
		name, ext string
		fault     fault
		stall     time.Duration
	}{
		{"as fast as it can", ".info", fault{body: bytes.Repeat([]byte(" "), 1<<20), every: -1}, 30 * time.Second},
		{"as fast as it can", ".mod", fault{body: bytes.Repeat([]byte("\n"), 1<<20), every: -1}, 30 * time.Second},
		{"drop by drop", ".zip", fault{body: []byte("PK"), every: 50 * time.Millisecond}, 600 * time.Millisecond},
		{"drop by drop", ".info", fault{body: []byte(" "), every: 50 * time.Millisecond}, 600 * time.Millisecond},
	} {
		t.Run(c.ext+" "+c.name, func(t *testing.T) {
			p := startProxy(t, lib(), other())
			p.fault = func(path string, _ int) *fault {
				if strings.HasSuffix(path, "/example.com/lib/@v/v1.0.0"+c.ext) {
					return &c.fault
				}
				return nil
			}
			f := newFixture(t, app(t))
			f.config.Proxy, f.config.Stall = p.URL, c.stall
			f.wantFailure(f.run(), symptom.Answer, "module example.com/lib v1.0.0", p.URL+"/example.com/lib/@v/v1.0.0"+c.ext, "no end")
		})
	}
}
