// Package note says what a note is and which texts may be one. It knows
// nothing of how notes are stored or served.
package note

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxLength is how many characters a note's text may have.
const MaxLength = 1000

var (
	// ErrInvalid is what every error of Clean wraps.
	ErrInvalid = errors.New("invalid note")
	// ErrNotFound means: no note has that number.
	ErrNotFound = errors.New("no such note")
)

// Note is one stored note.
type Note struct {
	// ID is positive, unique, and grows with every note.
	ID      int64     `json:"id"`
	Text    string    `json:"text"`
	Created time.Time `json:"created"`
}

// Clean returns text without surrounding white space, or an error that wraps
// ErrInvalid where it is empty, too long, not UTF-8, or holds a NUL byte, which
// PostgreSQL cannot store in a text column.
func Clean(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case !utf8.ValidString(text):
		return "", fmt.Errorf("%w: text is not UTF-8", ErrInvalid)
	case text == "":
		return "", fmt.Errorf("%w: text is empty", ErrInvalid)
	case strings.ContainsRune(text, 0):
		return "", fmt.Errorf("%w: text holds a NUL byte", ErrInvalid)
	case utf8.RuneCountInString(text) > MaxLength:
		return "", fmt.Errorf("%w: text has %d characters; at most %d are allowed",
			ErrInvalid, utf8.RuneCountInString(text), MaxLength)
	}
	return text, nil
}
