package template

import "fmt"

// Word is one word of flags: its text without quotes, and where it begins.
type Word struct {
	Text   string
	Offset int
}

// Split cuts text into words as the go command cuts -ldflags, -gcflags and
// -asmflags: at white space, except in a word that begins with ' or " and runs
// to the next quote of that kind. There are no escapes, and a quote further
// inside a word is an ordinary character. A quoted word that does not end is an
// error; its Offset says where it begins.
func Split(s string) ([]Word, error) {
	var words []Word
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case isSpace(c):
			i++
		case c == '\'' || c == '"':
			end := i + 1
			for end < len(s) && s[end] != c {
				end++
			}
			if end == len(s) {
				return nil, &QuoteError{Quote: c, Offset: i}
			}
			words = append(words, Word{s[i+1 : end], i})
			i = end + 1
		default:
			start := i
			for i < len(s) && !isSpace(s[i]) {
				i++
			}
			words = append(words, Word{s[start:i], start})
		}
	}
	return words, nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// QuoteError is a quoted word without an end.
type QuoteError struct {
	Quote byte
	// Offset is the place of the opening quote, in bytes.
	Offset int
}

// Error names the quote.
func (e *QuoteError) Error() string {
	return fmt.Sprintf("the %c that begins a word has no end: quote the whole word, as in 'main.text=two words'", e.Quote)
}
