package gocache

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
)

// ID is the hash of an action or of an output, as the go command has it.
type ID [32]byte

// Entry says which output an action has.
type Entry struct {
	// Action is what the go command looks for: a hash over all that goes into a
	// compile.
	Action ID
	// Output is the SHA-256 of the output's content.
	Output ID
	// Size is the output's, in bytes.
	Size int64
}

const (
	hexSize = 2 * len(ID{})
	// entrySize is that of "v1 ACTION OUTPUT SIZE TIME\n" with both numbers padded
	// to 20.
	entrySize = len("v1 ") + hexSize + 1 + hexSize + 1 + 20 + 1 + 20 + 1
)

// errFormat is what ParseEntry's errors wrap.
var errFormat = errors.New("no entry in the format of Go 1.21 to 1.26")

// ParseEntry reads the content of the file of an action. It takes what the go
// command takes and nothing else, so that an entry of another format is never
// guessed at.
func ParseEntry(data []byte) (Entry, error) {
	if len(data) != entrySize || !bytes.HasPrefix(data, []byte("v1 ")) || data[entrySize-1] != '\n' {
		return Entry{}, errFormat
	}
	for _, at := range []int{3 + hexSize, 4 + 2*hexSize, 25 + 2*hexSize} {
		if data[at] != ' ' {
			return Entry{}, errFormat
		}
	}
	var e Entry
	if _, err := hex.Decode(e.Action[:], data[3:3+hexSize]); err != nil {
		return Entry{}, fmt.Errorf("%w: action: %w", errFormat, err)
	}
	if _, err := hex.Decode(e.Output[:], data[4+hexSize:4+2*hexSize]); err != nil {
		return Entry{}, fmt.Errorf("%w: output: %w", errFormat, err)
	}
	numbers := data[5+2*hexSize : entrySize-1]
	size, err := number(numbers[:20])
	if err != nil {
		return Entry{}, fmt.Errorf("%w: size: %w", errFormat, err)
	}
	if _, err := number(numbers[21:]); err != nil {
		return Entry{}, fmt.Errorf("%w: time: %w", errFormat, err)
	}
	e.Size = size
	return e, nil
}

// number reads digits with spaces before them.
func number(field []byte) (int64, error) {
	digits := bytes.TrimLeft(field, " ")
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' {
		return 0, fmt.Errorf("%q is not a number", field)
	}
	return strconv.ParseInt(string(digits), 10, 64)
}

// Bytes is the content of the action's file. The time in it is 0: only the go
// command's test results have a use for it, and with one time for all, equal
// compiles make equal layers.
func (e Entry) Bytes() []byte {
	return fmt.Appendf(nil, "v1 %x %x %20d %20d\n", e.Action, e.Output, e.Size, 0)
}

// The endings of file names.
const (
	extAction = "-a"
	extOutput = "-d"
)

// actionFile is the action's path below a GOCACHE.
func (e Entry) actionFile() string { return idFile(e.Action, extAction) }

// outputFile is the output's path below a GOCACHE.
func (e Entry) outputFile() string { return idFile(e.Output, extOutput) }

func idFile(id ID, ext string) string {
	return filepath.Join(hex.EncodeToString(id[:1]), hex.EncodeToString(id[:])+ext)
}

// readEntry reads the action's file at a path below a GOCACHE. The name has to be
// the one that the content asks for.
func readEntry(dir, name string) (Entry, error) {
	f, err := openRegular(filepath.Join(dir, name))
	if err != nil {
		return Entry{}, err
	}
	defer f.Close()
	data := make([]byte, entrySize+1)
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return Entry{}, err
	}
	e, err := ParseEntry(data[:n])
	if err != nil {
		return Entry{}, err
	}
	if e.actionFile() != name {
		return Entry{}, fmt.Errorf("%w: it is of another action", errFormat)
	}
	return e, nil
}
