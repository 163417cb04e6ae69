package template

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/template/parse"
)

type kind int

const (
	kindText kind = iota
	kindBool
	kindInt
	// kindMissing is a value that is not known; its text is the name.
	kindMissing
)

// value is what an expression evaluates to.
type value struct {
	kind   kind
	text   string
	truth  bool
	number int64
}

func text(s string) value     { return value{kind: kindText, text: s} }
func boolean(b bool) value    { return value{kind: kindBool, truth: b} }
func (k kind) String() string { return [...]string{"a string", "a bool", "a number", "nothing"}[k] }

// isTrue is what if, and, or and not ask. A missing value is false.
func (v value) isTrue() bool {
	switch v.kind {
	case kindText:
		return v.text != ""
	case kindBool:
		return v.truth
	case kindInt:
		return v.number != 0
	}
	return false
}

// print returns the value as it stands in the output.
func (v value) print() (string, error) {
	switch v.kind {
	case kindText:
		return v.text, nil
	case kindBool:
		return strconv.FormatBool(v.truth), nil
	case kindInt:
		return strconv.FormatInt(v.number, 10), nil
	}
	return "", &MissingError{Name: v.text}
}

// MissingError is an expansion that needs a value which is not known. Its
// message says how to pass it.
type MissingError struct {
	// Name is the value's canonical name, such as "Version" or "Args.FOO".
	Name string
}

// Error names the value and the cure.
func (e *MissingError) Error() string { return cure(e.Name) }

var errTooLong = fmt.Errorf("the text is longer than %d bytes", MaxSize)

type variable struct {
	name  string
	value value
}

type evaluator struct {
	values Values
	vars   []variable
	out    strings.Builder
}

func (e *evaluator) list(list *parse.ListNode, dot value) error {
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		if err := e.node(node, dot); err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluator) node(node parse.Node, dot value) error {
	switch node := node.(type) {
	case *parse.TextNode:
		return e.write(string(node.Text))
	case *parse.ActionNode:
		v, err := e.pipe(node.Pipe, dot)
		if err != nil || len(node.Pipe.Decl) > 0 {
			return err
		}
		s, err := v.print()
		if err != nil {
			return err
		}
		return e.write(s)
	case *parse.IfNode:
		return e.branch(&node.BranchNode, dot, false)
	case *parse.WithNode:
		return e.branch(&node.BranchNode, dot, true)
	}
	return nil
}

func (e *evaluator) branch(b *parse.BranchNode, dot value, with bool) error {
	scope := len(e.vars)
	defer func() { e.vars = e.vars[:scope] }()
	v, err := e.pipe(b.Pipe, dot)
	if err != nil {
		return err
	}
	if !v.isTrue() {
		return e.list(b.ElseList, dot)
	}
	if with {
		dot = v
	}
	return e.list(b.List, dot)
}

func (e *evaluator) write(s string) error {
	if e.out.Len()+len(s) > MaxSize {
		return fmt.Errorf("template: %w", errTooLong)
	}
	e.out.WriteString(s)
	return nil
}

func (e *evaluator) pipe(pipe *parse.PipeNode, dot value) (value, error) {
	var last *value
	for _, cmd := range pipe.Cmds {
		v, err := e.command(cmd, last, dot)
		if err != nil {
			return value{}, err
		}
		last = &v
	}
	if last == nil {
		return value{}, errors.New("template: an empty action")
	}
	if len(pipe.Decl) > 0 {
		e.assign(pipe.Decl[0].Ident[0], *last, pipe.IsAssign)
	}
	return *last, nil
}

func (e *evaluator) assign(name string, v value, existing bool) {
	for i := len(e.vars) - 1; existing && i >= 0; i-- {
		if e.vars[i].name == name {
			e.vars[i].value = v
			return
		}
	}
	e.vars = append(e.vars, variable{name, v})
}

func (e *evaluator) command(cmd *parse.CommandNode, piped *value, dot value) (value, error) {
	ident, ok := cmd.Args[0].(*parse.IdentifierNode)
	if !ok {
		return e.operand(cmd.Args[0], dot)
	}
	return e.call(ident.Ident, cmd.Args[1:], piped, dot)
}

// call evaluates a function's arguments and then the function; and and or stop
// at the first argument that decides, as in text/template.
func (e *evaluator) call(name string, nodes []parse.Node, piped *value, dot value) (value, error) {
	f, ok := functions()[name]
	if !ok {
		return value{}, fmt.Errorf("template: unknown function %q", clip(name))
	}
	var args []value
	for _, node := range nodes {
		v, err := e.operand(node, dot)
		if err != nil {
			return value{}, err
		}
		if f.decides != nil && f.decides(v) {
			return v, nil
		}
		args = append(args, v)
	}
	if piped != nil && f.subject {
		args = append([]value{*piped}, args...)
	} else if piped != nil {
		args = append(args, *piped)
	}
	if !f.missing {
		for _, v := range args {
			if v.kind == kindMissing {
				return value{}, &MissingError{Name: v.text}
			}
		}
	}
	v, err := f.call(args)
	if err != nil {
		return value{}, fmt.Errorf("template: %s: %w", name, err)
	}
	if len(v.text) > MaxSize {
		return value{}, fmt.Errorf("template: %s: %w", name, errTooLong)
	}
	return v, nil
}

func (e *evaluator) operand(node parse.Node, dot value) (value, error) {
	switch node := node.(type) {
	case *parse.StringNode:
		return text(node.Text), nil
	case *parse.BoolNode:
		return boolean(node.True), nil
	case *parse.NumberNode:
		return value{kind: kindInt, number: node.Int64}, nil
	case *parse.IdentifierNode:
		return e.call(node.Ident, nil, nil, dot)
	case *parse.PipeNode:
		return e.pipe(node, dot)
	case *parse.FieldNode:
		return e.name(node.Ident)
	case *parse.DotNode:
		return dot, nil
	case *parse.VariableNode:
		if node.Ident[0] == "$" {
			return e.name(node.Ident[1:])
		}
		for i := len(e.vars) - 1; i >= 0; i-- {
			if e.vars[i].name == node.Ident[0] {
				return e.vars[i].value, nil
			}
		}
	}
	return value{}, fmt.Errorf("template: %s is not a value", clip(node.String()))
}

func (e *evaluator) name(written []string) (value, error) {
	name, ok := canonical(written)
	if !ok {
		return value{}, unknownName(strings.Join(written, "."))
	}
	return e.values.lookup(name), nil
}
