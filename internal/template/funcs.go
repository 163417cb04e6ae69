package template

import (
	"slices"
	"strings"
)

// function is one function that templates can call.
type function struct {
	usage, doc string
	// min and max bound the number of arguments; max -1 is no bound.
	min, max int
	call     func([]value) (value, error)
	// missing functions take a value that is not known; the others fail.
	missing bool
	// subject functions work on their first argument: a piped value becomes
	// the first argument there, and else the last, as in text/template.
	subject bool
	// decides ends the evaluation of arguments early.
	decides func(value) bool
}

// Function is how a template function is written and what it returns.
type Function struct{ Name, Usage, Doc string }

// Functions returns every function sorted by name.
func Functions() []Function {
	var list []Function
	for name, f := range functions() {
		list = append(list, Function{name, f.usage, f.doc})
	}
	slices.SortFunc(list, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func functions() map[string]function {
	isFalse := func(v value) bool { return !v.isTrue() }
	all := map[string]function{
		"default": {usage: "default FALLBACK VALUE", doc: "VALUE, or FALLBACK where VALUE is missing or empty.",
			min: 2, max: 2, call: fallback, missing: true},
		"or": {usage: "or A B...", doc: "The first argument that is neither missing nor empty, else the last.",
			min: 1, max: -1, call: last, missing: true, decides: value.isTrue},
		"and": {usage: "and A B...", doc: "The first argument that is missing or empty, else the last.",
			min: 1, max: -1, call: last, missing: true, decides: isFalse},
		"not": {usage: "not A", doc: "True where A is missing, empty, zero or false.",
			min: 1, max: 1, call: not, missing: true},
		"eq":     {usage: "eq A B...", doc: "True where A equals one of the others.", min: 2, max: -1, call: equal},
		"ne":     {usage: "ne A B", doc: "True where A and B differ.", min: 2, max: 2, call: differ},
		"quote":  {usage: "quote A...", doc: "The arguments joined to one word and quoted as `go build` reads flags.", min: 1, max: -1, call: quoted},
		"printf": {usage: "printf FORMAT A...", doc: "Formatted text: the verbs %s %q %v %d %x %t, width and precision up to 999.", min: 1, max: -1, call: printf},
		"date":   {usage: "date LAYOUT A", doc: "The date A in another layout, as in Go's `time.Format`, in UTC.", min: 2, max: 2, call: reformat},

		"lower":      textual("lower A", "A in lower case.", 1, lower),
		"upper":      textual("upper A", "A in upper case.", 1, upper),
		"trim":       textual("trim A", "A without the white space around it.", 1, trim),
		"trimPrefix": textual("trimPrefix A PREFIX", "A without PREFIX.", 2, trimPrefix),
		"trimSuffix": textual("trimSuffix A SUFFIX", "A without SUFFIX.", 2, trimSuffix),
		"replace":    textual("replace A OLD NEW", "A with NEW in place of every OLD.", 3, replace),
		"contains":   textual("contains A PART", "True where PART occurs in A.", 2, contains),
		"hasPrefix":  textual("hasPrefix A PREFIX", "True where A begins with PREFIX.", 2, hasPrefix),
		"hasSuffix":  textual("hasSuffix A SUFFIX", "True where A ends with SUFFIX.", 2, hasSuffix),
	}
	for alias, name := range map[string]string{
		"tolower": "lower", "toupper": "upper", "trimprefix": "trimPrefix", "trimsuffix": "trimSuffix",
	} {
		f := all[name]
		f.doc = "The same as `" + name + "`."
		f.usage = alias + strings.TrimPrefix(f.usage, name)
		all[alias] = f
	}
	return all
}

// textual makes a function of n strings whose first argument is its subject.
func textual(usage, doc string, n int, f func([]string) (value, error)) function {
	call := func(args []value) (value, error) {
		list, err := texts(args)
		if err != nil {
			return value{}, err
		}
		return f(list)
	}
	return function{usage: usage, doc: doc, min: n, max: n, call: call, subject: true}
}
