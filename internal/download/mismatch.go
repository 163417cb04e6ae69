package download

import (
	"context"
	"fmt"
	"strings"

	"github.com/gokiln/gokiln/internal/symptom"
)

// mismatched ends the build where the go command refused content that is not
// go.sum's.
func (r *run) mismatched(ctx context.Context, failures []Failure, out output) error {
	for _, f := range failures {
		if f.Code == symptom.Mismatch {
			return r.mismatch(ctx, f, out)
		}
	}
	return nil
}

// mismatch completes a failure with the server's name and the line of go.sum.
func (r *run) mismatch(ctx context.Context, f Failure, out output) error {
	sums, err := readSums(r.sumFiles())
	if err != nil {
		return err
	}
	m, ext := f.Module, extZip
	if strings.Contains(f.Text, m.Version+"/go.mod") {
		ext = extMod
	}
	url, from := out.trace.answered(m, ext), "the server's answer"
	if url != "" {
		from = "what " + url + " answered"
	}
	if ext == extMod && url != "" && r.sendsPage(ctx, m) {
		return pageForMod(m, url)
	}
	if got, lines := field(f.Text, "downloaded:"), sums[keyOf(m, ext)]; got != "" && len(lines) > 0 {
		f.Text = fmt.Sprintf("checksum mismatch: %s has the hash %s, but %s says %s", from, got, lines[0].at(r.config.Root), lines[0].hash)
	}
	f.URL, f.Status, f.Cure = "", "", symptom.Mismatch.Cure()
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
