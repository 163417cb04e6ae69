package spec

import (
	"bytes"
	"errors"
	"strings"

	"github.com/gokiln/gokiln/internal/diag"
)

// secretError is wrong with a value that may be a secret. Its message does not
// repeat the value, and no error of the file shows it.
type secretError struct{ error }

// refuse reports what is wrong with a value.
func (d *decoder) refuse(path string, n *node, err error) {
	if secret := (secretError{}); errors.As(err, &secret) {
		d.hide(n)
	}
	d.errorf(n.at, path, "%w", err)
}

// hide takes a value, and all that is in it, out of what errors show of the file:
// every error, because each can be shown with the lines around it.
func (d *decoder) hide(n *node) { d.hideWhere(n, func(string) bool { return true }) }

// hideUnlessHost hides what stands where nothing is expected, unless it reads as
// a server's name does: to hide that hides what the error is about.
func (d *decoder) hideUnlessHost(n *node) {
	d.hideWhere(n, func(s string) bool {
		_, err := checkAuthHost(s)
		return err != nil || !strings.Contains(s, ".")
	})
}

func (d *decoder) hideWhere(n *node, secret func(string) bool) {
	if n.isScalar() && secret(n.text) {
		d.secrets = append(d.secrets, n)
	}
	for _, item := range n.items {
		d.hideWhere(item, secret)
	}
	for _, e := range n.entries {
		d.hideWhere(e.value, secret)
	}
}

// secretID reads the name of something secret. What is refused may be the secret,
// whatever is wrong with it.
func secretID(target *string, want string, rule check) reader {
	return reader{want, func(d *decoder, path string, n *node) {
		before := len(d.list)
		scalar(target, want, false, rule).read(d, path, n)
		if len(d.list) > before {
			d.hide(n)
		}
	}}
}

// leastSecret is the length from which a value is looked for in the whole file:
// an anchor or a comment may hold it too.
const leastSecret = 8

// mostSecrets bounds the searches. A file with more is no spec, and all of it is
// hidden.
const mostSecrets = 100

// censor puts stars over the hidden values, and over whatever is a token by its
// looks, in the sources of all errors. Nothing moves: the places stay right.
func censor(errs *problems, t *text, secrets []*node) {
	if len(errs.list) == 0 {
		return
	}
	data := bytes.Clone(errs.src.Data)
	if len(secrets) > mostSecrets {
		secrets = nil
		cover(data)
	}
	for _, n := range secrets {
		start, end := offsetOf(t, n.at.Start), offsetOf(t, n.at.End)
		cover(data[start:max(start, end)])
		if len(n.text) >= leastSecret {
			data = bytes.ReplaceAll(data, []byte(n.text), covered(n.text))
		}
	}
	for _, at := range tokensIn(data) {
		cover(data[at[0]:at[1]])
	}
	for i, old := range errs.list {
		// A value, not the shared one: an error is not changed once it is made.
		e := *old
		e.Source.Data = data
		if message := e.Err.Error(); len(tokensIn([]byte(message))) > 0 {
			e.Err = errors.New(tokenRule.ReplaceAllString(message, "***"))
		}
		errs.list[i] = &e
	}
}

func covered(s string) []byte {
	b := []byte(s)
	cover(b)
	return b
}

// cover leaves line ends, which positions count.
func cover(b []byte) {
	for i, c := range b {
		if c != '\n' && c != '\r' {
			b[i] = '*'
		}
	}
}

// offsetOf is the byte of the file that a position stands for.
func offsetOf(t *text, p diag.Position) int {
	start := 0
	if p.Line > 1 {
		start = t.skipped + t.newlines[p.Line-1]
	}
	return start + p.Column - 1
}
