package download

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/symptom"
)

// damagedRule is what the go command says of a zip or an .info file that it can't
// read.
var damagedRule = regexp.MustCompile(`not a valid zip file|: zip: |invalid response from proxy|proxy returned info for version`)

// mend deals with content that the go command refused: what came out of the store
// goes, what is damaged there is downloaded again, and any other content than
// go.sum's ends the build. It reports whether to run the go command again at once.
func (r *run) mend(failures []Failure, out output) (again bool, err error) {
	for _, f := range failures {
		damaged := damagedRule.MatchString(f.Text)
		if f.Code != symptom.Mismatch && !damaged {
			continue
		}
		m := f.Module
		stored := r.fromStore(f, out)
		if stored {
			if evictErr := r.throwOut(m); evictErr != nil {
				return false, evictErr
			}
		}
		switch {
		case f.Code == symptom.Mismatch && err == nil:
			err = r.mismatch(f, stored)
		case damaged && stored && !r.evicted[m]:
			r.evicted[m] = true
			r.say("what the store had of %s is damaged and was taken out", m)
			again = true
		}
	}
	return again && err == nil, err
}

// throwOut removes a version from the store and from the module cache.
func (r *run) throwOut(m module.Version) error {
	if err := r.store.evict(m); err != nil {
		return err
	}
	return r.forget(m)
}

// fromStore reports whether the file that a failure is about came out of the
// store: it is there, and no server was asked for it.
func (r *run) fromStore(f Failure, out output) bool {
	ext := extZip
	switch {
	case strings.Contains(f.Text, f.Module.Version+"/go.mod"):
		ext = extMod
	case strings.Contains(f.Text, "from proxy"), strings.Contains(f.Text, "info for version"):
		ext = extInfo
	}
	return r.store.holds(f.Module, ext) && !out.trace.answered(f.Module, ext)
}

// mismatch completes a failure with the line of go.sum.
func (r *run) mismatch(f Failure, stored bool) error {
	sums, err := readSums(r.sumFiles())
	if err != nil {
		return err
	}
	m, key := f.Module, zipKey(f.Module)
	if strings.Contains(f.Text, m.Version+"/go.mod") {
		key = modKey(m)
	}
	from := "the server's answer"
	if stored {
		from = "what the persistent store had, and has no longer,"
	}
	got := field(f.Text, "downloaded:")
	for _, l := range sums[key] {
		f.Text = fmt.Sprintf("checksum mismatch: %s has the hash %s, but %s says %s", from, got, l.at(r.config.Root), l.hash)
		break
	}
	f.URL, f.Status, f.Cure = "", "", cureMismatch
	if stored {
		f.Cure = "build again, which downloads it; if that fails in the same way go.sum is wrong, and if it does not then another project's go.sum has the other hash (a tag that was moved), or somebody wrote to the builder's cache"
	}
	return f
}

// field is the word after a label.
func field(text, label string) string {
	if _, rest, ok := strings.Cut(text, label); ok {
		if f := strings.Fields(rest); len(f) > 0 {
			return f[0]
		}
	}
	return "that could not be computed"
}
