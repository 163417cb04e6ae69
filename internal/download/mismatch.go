package download

import (
	"fmt"
	"strings"

	"github.com/gokiln/gokiln/internal/symptom"
)

// mismatched ends the build where the go command refused content that is not
// go.sum's.
func (r *run) mismatched(failures []Failure) error {
	for _, f := range failures {
		if f.Code == symptom.Mismatch {
			return r.mismatch(f)
		}
	}
	return nil
}

// mismatch completes a failure with the line of go.sum.
func (r *run) mismatch(f Failure) error {
	sums, err := readSums(r.sumFiles())
	if err != nil {
		return err
	}
	m, key := f.Module, zipKey(f.Module)
	if strings.Contains(f.Text, m.Version+"/go.mod") {
		key = modKey(m)
	}
	if got := field(f.Text, "downloaded:"); got != "" && len(sums[key]) > 0 {
		l := sums[key][0]
		f.Text = fmt.Sprintf("checksum mismatch: the server's answer has the hash %s, but %s says %s", got, l.at(r.config.Root), l.hash)
	}
	f.URL, f.Status, f.Cure = "", "", cureMismatch
	return f
}

// field is the word after a label.
func field(text, label string) string {
	if _, rest, ok := strings.Cut(text, label); ok {
		if f := strings.Fields(rest); len(f) > 0 {
			return f[0]
		}
	}
	return ""
}
