// Package template expands the stamps in a spec: `-X main.version={{.Version}}`.
//
// The syntax is text/template's, read by its own parser, and the names are those
// that users of goreleaser and ko know. Range, define, template, block, methods and
// floating-point numbers are refused: a stamp is a value, not a program.
//
// The evaluator is this package's own. A missing value is an error that names its
// cure, and yet default, or, if and with can handle it; nothing is called by
// reflection, so no input reaches a method or panics; and output is bounded. Running
// templates with text/template was tried, and compared with this evaluator by
// fuzzing. It can be made to do the same only by rewriting what the parser returns:
// every action needs a function around it that refuses a missing value, a piped
// value needs other functions, because ours take it first and text/template hands it
// over last, and numbers need their kind fixed. That is no less code than evaluating
// the few nodes that the checker lets through, and it refuses what is accepted today:
// an assignment to a variable that no := has declared.
//
// Expanding sees no clock, environment or file. The same Values give the same
// text.
package template

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"
	"time"
)

// MaxSize is the longest template text and the longest text any step of an
// expansion may make, in bytes.
const MaxSize = 64 << 10

// Values are what a template can name. The zero value of Version, Revision and
// Date means that it is not known: a template that prints it fails.
type Values struct {
	// Name is the application's name.
	Name string
	// Version is the release, usually --build-arg VERSION.
	Version string
	// Revision is the full commit, as buildx sends it: with "-dirty" after it
	// where the work tree had changes and BUILDX_GIT_CHECK_DIRTY=1 is set.
	Revision string
	// ShortRevision is the abbreviated commit. Empty means: the first seven
	// characters of Revision, and its "-dirty".
	ShortRevision string
	// Date is the build's date (SOURCE_DATE_EPOCH), printed in UTC.
	Date time.Time
	// Platform is the target platform, such as linux/arm/v7, and OS, Arch and
	// Variant are its parts. Variant is empty for most platforms.
	Platform, OS, Arch, Variant string
	// Args are the build arguments. One that is there and empty is a value.
	Args map[string]string
}

// Template is a parsed template. It is never changed after Parse and may be
// used concurrently.
type Template struct {
	root *parse.ListNode
	uses []string
}

// Parse reads a template and checks every name and function in it, so that a
// template which parses can fail only by a missing value, a value of the wrong
// kind or size. The error says what is wrong with the text and has no place:
// the caller knows where the text stands.
func Parse(text string) (*Template, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("template of %d bytes is too long: at most %d", len(text), MaxSize)
	}
	tree := parse.New("template")
	tree.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	tree, err := tree.Parse(text, "", "", trees)
	if err != nil {
		return nil, syntaxError(err)
	}
	for name := range trees {
		if name != "template" {
			return nil, fmt.Errorf("template: define and block are not supported")
		}
	}
	c := checker{uses: map[string]bool{}}
	if err := c.list(tree.Root, dotRoot); err != nil {
		return nil, err
	}
	uses := make([]string, 0, len(c.uses))
	for name := range c.uses {
		uses = append(uses, name)
	}
	slices.Sort(uses)
	return &Template{root: tree.Root, uses: uses}, nil
}

// Uses returns the values that the template names, sorted, each by its
// canonical name: "Version" and "Args.FOO", whatever alias was written.
func (t *Template) Uses() []string { return slices.Clone(t.uses) }

// Literal returns the template's text with placeholder in place of every
// action. It reports false where the text depends on if or with.
func (t *Template) Literal(placeholder string) (string, bool) {
	var b strings.Builder
	if t.root == nil {
		return "", true
	}
	for _, node := range t.root.Nodes {
		switch node := node.(type) {
		case *parse.TextNode:
			b.Write(node.Text)
		case *parse.ActionNode:
			if len(node.Pipe.Decl) == 0 {
				b.WriteString(placeholder)
			}
		case *parse.CommentNode:
		default:
			return "", false
		}
	}
	return b.String(), true
}

// Expand fills in the values. A value that is not known fails the expansion
// with an error that says how to pass it, unless default, or, if or with deals
// with it.
func (t *Template) Expand(v Values) (string, error) {
	e := evaluator{values: v}
	if err := e.list(t.root, value{}); err != nil {
		return "", err
	}
	return e.out.String(), nil
}

var (
	noise    = regexp.MustCompile(`^template: template:\d+:(\d+:)? `)
	location = regexp.MustCompile(` (started )?at template:\d+(:\d+)?`)
)

// syntaxError takes the parser's own name and line out of its message: the
// caller gives the place in the spec.
func syntaxError(err error) error {
	message := noise.ReplaceAllString(err.Error(), "")
	message = location.ReplaceAllString(message, "")
	if len(message) > 200 {
		message = strings.ToValidUTF8(message[:200], "") + "..."
	}
	return fmt.Errorf("template: %s", message)
}
