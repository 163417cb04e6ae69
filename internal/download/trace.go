package download

import (
	"maps"
	"path"
	"strings"
	"sync"

	"golang.org/x/mod/module"
)

// trace is what a go command with -x has asked servers for. One goroutine writes it
// while others look.
type trace struct {
	mu sync.Mutex
	// answers is the state of each URL: "" while there was no answer.
	answers map[string]string
	// last is the URL of the last line, events how many lines there were.
	last   string
	events int
}

const tracePrefix = "# get "

// add takes in a line that "go -x" writes for a request or its answer, and
// reports whether it was one.
func (t *trace) add(text string) bool {
	rest, ok := strings.CutPrefix(text, tracePrefix)
	if !ok {
		return false
	}
	url, answer, _ := strings.Cut(rest, ": ")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers[url], t.last = answer, url
	t.events++
	return true
}

// event notes that the command went on to something that is no request.
func (t *trace) event() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = ""
	t.events++
}

func (t *trace) state() (answers map[string]string, last string, events int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.answers), t.last, t.events
}

// answered is the URL of a version's file that was answered with 200, "" for none.
func (t *trace) answered(m module.Version, ext string) string {
	suffix, ok := fileOf("/", m, ext)
	answers, _, _ := t.state()
	for url, answer := range answers {
		if ok && strings.HasSuffix(strings.ReplaceAll(url, "%21", "!"), suffix) && strings.HasPrefix(answer, "200") {
			return url
		}
	}
	return ""
}

// open are the URLs that may still be on their way: those without an answer, those
// whose file is not there yet, and the last one where it is for no file.
func (r *run) open(t *trace) []string {
	var urls []string
	answers, last, _ := t.state()
	for url, answer := range answers {
		if answer == "" || r.unfinished(url, answer) || url == last && !ofVersion(url) && strings.HasPrefix(answer, "200") {
			urls = append(urls, url)
		}
	}
	return urls
}

func ofVersion(url string) bool { return versionOfURL(url).Path != "" && path.Ext(url) != "" }
