package lower

import (
	"testing"

	"github.com/moby/patternmatcher"
)

// Every name that can be embedded stands for itself as an include pattern.
func FuzzLiteral(f *testing.F) {
	for _, name := range []string{
		"a.txt", "a+b[1].txt", "page(1)[id].tsx", "{x}", "x{2}[1]", "^a[1]", "!x.txt", "!", "!a[1]", " x.txt", "x.txt ", " !x ", "a b.txt", "ünï[1].txt", "#x",
		`a\b`, "*?", "$x[", "[a-z]]", "a|b[1]", "~x", "a,b=c@d-e_[f]",
	} {
		f.Add(name)
	}
	const special = "!#$%&()+,-.=@[]^_{}~ *?|\\"
	f.Fuzz(func(t *testing.T, text string) {
		name := "" // what is neither a letter nor special stands for one that is
		for _, b := range []byte(text) {
			if b < 'a' || b > 'z' {
				b = special[int(b)%len(special)]
			}
			name += string(b)
		}
		for _, name := range []string{text, name} {
			if text == "" || name == text && !plain(text) || name == "." || name == ".." {
				continue
			}
			matcher, err := patternmatcher.New(literals([]string{name}))
			if err != nil {
				t.Fatalf("%q as %q: %v", name, literal(name), err)
			}
			for _, other := range []string{name, name + "x", "x" + name} {
				ok, _, err := matcher.MatchesUsingParentResults(other, patternmatcher.MatchInfo{})
				if err != nil || ok != (other == name) {
					t.Errorf("%q as %q: matches %q: %v, %v", name, literal(name), other, ok, err)
				}
			}
		}
	})
}

// plain reports whether a text is a name in a folder as Go has it.
func plain(text string) bool {
	for _, r := range text {
		if r < ' ' || r == '/' || r == 0xfffd || r == 0x85 || r == 0xa0 || r >= 0x1680 && r <= 0x3000 {
			return false
		}
	}
	return true
}
