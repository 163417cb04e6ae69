package download

import (
	"fmt"
	"strings"

	"golang.org/x/mod/module"

	"github.com/gokiln/gokiln/internal/symptom"
)

// Failure is why modules could not be downloaded.
type Failure struct {
	Code symptom.Code
	// Module is the version it is about, where known.
	Module module.Version
	// URL and Status are the request that failed and its answer ("503 Service
	// Unavailable"), where there was one.
	URL, Status string
	// Tries is how often it was tried; 0 where trying again would not help.
	Tries int
	// Text is what the go command said, Cure what the user can do.
	Text, Cure string
}

// Error says what happened, to which module, at which server, how often it was
// tried, and what to do.
func (f Failure) Error() string {
	var b strings.Builder
	if f.Module.Path != "" {
		fmt.Fprintf(&b, "module %s: ", strings.TrimSpace(f.Module.Path+" "+f.Module.Version))
	}
	switch {
	case f.URL != "" && f.Status != "":
		fmt.Fprintf(&b, "%s answered %s", f.URL, f.Status)
	case f.URL != "":
		fmt.Fprintf(&b, "%s: %s", f.URL, f.cause())
	default:
		b.WriteString(strings.TrimPrefix(f.Text, f.Module.String()+": "))
	}
	if f.Tries > 0 {
		fmt.Fprintf(&b, " (tried %s)", times(f.Tries))
	}
	if f.Cure != "" {
		separator := "; "
		if strings.Contains(b.String(), "\n") {
			separator = "\n"
		}
		b.WriteString(separator + f.Cure)
	}
	b.WriteString(" " + f.Code.Tag())
	return b.String()
}

// cause is the text without the module and the URL, which stand before it.
func (f Failure) cause() string {
	text := strings.TrimPrefix(f.Text, f.Module.String()+": ")
	return strings.TrimPrefix(text, fmt.Sprintf("Get %q: ", f.URL))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// transient reports whether trying again may help.
func (f Failure) transient() bool {
	return f.Code == symptom.Timeout || f.Code == symptom.ServerError
}

// key is what tries are counted by.
func (f Failure) key() string {
	if f.URL != "" {
		return f.URL
	}
	return f.Module.String() + f.Text
}
