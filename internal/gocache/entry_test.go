package gocache

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// sample is an entry as the go command writes it.
func sample() string {
	return "v1 " + strings.Repeat("0a", 32) + " " + strings.Repeat("ff", 32) + "                 1234  1700000000000000000\n"
}

func TestParseEntry(t *testing.T) {
	t.Parallel()
	e, err := ParseEntry([]byte(sample()))
	if err != nil {
		t.Fatal(err)
	}
	if e.Action[0] != 0x0a || e.Output[31] != 0xff || e.Size != 1234 {
		t.Errorf("got %+v", e)
	}
	again, err := ParseEntry(e.Bytes())
	if err != nil || again != e {
		t.Errorf("written and read again: %+v, %v", again, err)
	}
}

func TestParseEntryRefuses(t *testing.T) {
	t.Parallel()
	good := sample()
	for name, text := range map[string]string{
		"empty":           "",
		"another format":  "v2" + good[2:],
		"short":           good[:len(good)-2],
		"long":            good + "\n",
		"no newline":      good[:len(good)-1] + " ",
		"no space":        good[:67] + "a" + good[68:],
		"no hexadecimals": "v1 zz" + good[5:],
		"negative size":   strings.Replace(good, "                 1234", "                -1234", 1),
		"signed size":     strings.Replace(good, "                 1234", "                +1234", 1),
		"no size":         strings.Replace(good, "                 1234", "                     ", 1),
		"huge size":       strings.Replace(good, "                 1234", " 99999999999999999999", 1),
		"negative time":   strings.Replace(good, " 1700", "-1700", 1),
		"zeros":           strings.Repeat("\x00", len(good)),
	} {
		if e, err := ParseEntry([]byte(text)); !errors.Is(err, errFormat) {
			t.Errorf("%s: got %+v, %v", name, e, err)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add([]byte(sample()))
	f.Add([]byte("v1 "))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParseEntry(data)
		if err != nil {
			return
		}
		if e.Size < 0 {
			t.Errorf("size %d", e.Size)
		}
		again, err := ParseEntry(e.Bytes())
		if err != nil || again != e {
			t.Errorf("written and read again: %+v, %v", again, err)
		}
		if !bytes.EqualFold(e.Bytes()[:3+2*hexSize], data[:3+2*hexSize]) {
			t.Errorf("%q became %q", data, e.Bytes())
		}
	})
}
