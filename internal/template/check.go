package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/gokiln/gokiln/internal/nearest"
)

// dot says what "." is at a place of the template.
type dot int

const (
	dotRoot  dot = iota // the values
	dotValue            // one value, inside with
)

// checker walks a parsed template, refuses what stamps have no use for and
// gathers the names it uses.
type checker struct{ uses map[string]bool }

func (c *checker) list(list *parse.ListNode, d dot) error {
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		if err := c.node(node, d); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) node(node parse.Node, d dot) error {
	switch node := node.(type) {
	case *parse.TextNode, *parse.CommentNode:
		return nil
	case *parse.ActionNode:
		return c.pipe(node.Pipe, d)
	case *parse.IfNode:
		return c.branch(&node.BranchNode, d, d)
	case *parse.WithNode:
		return c.branch(&node.BranchNode, d, dotValue)
	case *parse.RangeNode, *parse.BreakNode, *parse.ContinueNode:
		return errors.New("template: range is not supported")
	case *parse.TemplateNode:
		return errors.New("template: calling other templates is not supported")
	}
	return fmt.Errorf("template: %s is not supported", clip(node.String()))
}

func (c *checker) branch(b *parse.BranchNode, outer, inner dot) error {
	if err := c.pipe(b.Pipe, outer); err != nil {
		return err
	}
	if err := c.list(b.List, inner); err != nil {
		return err
	}
	return c.list(b.ElseList, outer)
}

func (c *checker) pipe(pipe *parse.PipeNode, d dot) error {
	if len(pipe.Decl) > 1 {
		return errors.New("template: one variable at a time")
	}
	for i, cmd := range pipe.Cmds {
		if err := c.command(cmd, i > 0, d); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) command(cmd *parse.CommandNode, piped bool, d dot) error {
	args := cmd.Args
	ident, isCall := args[0].(*parse.IdentifierNode)
	switch {
	case isCall:
		n := len(args) - 1
		if piped {
			n++
		}
		if err := checkCall(ident.Ident, n); err != nil {
			return err
		}
		args = args[1:]
		if err := checkOrder(ident.Ident, args, piped); err != nil {
			return err
		}
	case len(args) > 1:
		return fmt.Errorf("template: %s takes no arguments: it is not a function", clip(args[0].String()))
	case piped:
		return fmt.Errorf("template: %s cannot take a piped value: it is not a function", clip(args[0].String()))
	}
	for _, arg := range args {
		if err := c.operand(arg, d); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) operand(node parse.Node, d dot) error {
	switch node := node.(type) {
	case *parse.StringNode, *parse.BoolNode:
		return nil
	case *parse.NumberNode:
		if !node.IsInt {
			return fmt.Errorf("template: %s: only whole numbers are supported", clip(node.Text))
		}
		return nil
	case *parse.IdentifierNode:
		return checkCall(node.Ident, 0)
	case *parse.PipeNode:
		return c.pipe(node, d)
	case *parse.FieldNode:
		if d == dotValue {
			return fmt.Errorf("template: inside with, the dot is the value itself: write $%s", clip(node.String()))
		}
		return c.name(node.Ident)
	case *parse.VariableNode:
		if node.Ident[0] == "$" && len(node.Ident) > 1 {
			return c.name(node.Ident[1:])
		}
		if node.Ident[0] != "$" && len(node.Ident) == 1 {
			return nil
		}
	case *parse.DotNode:
		if d == dotValue {
			return nil
		}
	}
	return fmt.Errorf("template: %s is not a value: write a name such as .Version", clip(node.String()))
}

func (c *checker) name(written []string) error {
	name, ok := canonical(written)
	if !ok {
		return unknownName(strings.Join(written, "."))
	}
	c.uses[name] = true
	return nil
}

func unknownName(written string) error {
	if hint, ok := foreign()[written]; ok {
		return fmt.Errorf("template: unknown name .%s: %s", written, hint)
	}
	var all, shown []string
	for _, n := range Names() {
		shown = append(shown, "."+n.Name)
		all = append(all, n.Name)
		all = append(all, n.Aliases...)
	}
	if near := nearest.Of(written, all); near != "" {
		return fmt.Errorf("template: unknown name .%s; did you mean .%s?", clip(written), near)
	}
	return fmt.Errorf("template: unknown name .%s: there are %s", clip(written), strings.Join(shown, ", "))
}

func checkCall(name string, args int) error {
	f, ok := functions()[name]
	if !ok {
		names := functionNames()
		if near := nearest.Of(name, names); near != "" {
			return fmt.Errorf("template: unknown function %q; did you mean %q?", clip(name), near)
		}
		return fmt.Errorf("template: unknown function %q: there are %s", clip(name), strings.Join(names, ", "))
	}
	if args < f.min || (f.max >= 0 && args > f.max) {
		return fmt.Errorf("template: %s: wrong number of arguments (%d): write %s", name, args, f.usage)
	}
	return nil
}

// checkOrder refuses the order of arguments that Helm's functions of the same
// names have: taken as ours it would give a wrong text without a word.
func checkOrder(name string, args []parse.Node, piped bool) error {
	f := functions()[name]
	if !f.subject || piped || len(args) < 2 {
		return nil
	}
	_, first := args[0].(*parse.StringNode)
	_, second := args[1].(*parse.StringNode)
	if first && !second {
		return fmt.Errorf("template: %s takes the text to work on first: write %s", name, f.usage)
	}
	return nil
}

func functionNames() []string {
	var names []string
	for name := range functions() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// clip keeps a quoted piece of the user's text short.
func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:57], "") + "..."
}
