package crash

import (
	"errors"
	"strings"
	"testing"
)

func TestDo(t *testing.T) {
	var missing map[string]int
	for name, c := range map[string]struct {
		do   func() error
		want string
	}{
		"panic":       {func() error { panic("odd") }, "odd in crash.TestDo.func"},
		"nil map":     {func() error { missing["x"] = 1; return nil }, "assignment to entry in nil map in crash.TestDo.func"},
		"nil pointer": {func() error { var e *Error; return errors.New(e.Place) }, "nil pointer dereference in crash.TestDo.func"},
		"deep":        {func() error { return errors.New(deeper(nil)) }, "index out of range [3] with length 0 in crash.deeper (crash_test.go:"},
	} {
		err := Do(c.do)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), Issues) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	if err := Do(func() error { return nil }); err != nil {
		t.Error(err)
	}
	plain := errors.New("plain")
	if err := Do(func() error { return plain }); !errors.Is(err, plain) {
		t.Error(err)
	}
}

//go:noinline
func deeper(s []string) string { return s[3] }
