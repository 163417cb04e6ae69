package build

import (
	"runtime"
	"testing"
)

func TestLine(t *testing.T) {
	want := "worker version=dev platform=" + runtime.GOOS + "/" + runtime.GOARCH + " go=" + runtime.Version()
	if got := Line("worker"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
