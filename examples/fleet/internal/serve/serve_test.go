package serve

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	if err := Check(WithHealth(http.NotFoundHandler())); err != nil {
		t.Error(err)
	}
	if err := Check(http.NotFoundHandler()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a handler without health: %v", err)
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-version"}, {"-check"}} {
		if err := run("cart", http.NotFoundHandler(), args); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := run("cart", http.NotFoundHandler(), []string{"-v"}); err == nil || !strings.Contains(err.Error(), `"-v"`) {
		t.Errorf("an unknown argument: %v", err)
	}
	if got := Line("cart"); got != "cart dev" {
		t.Errorf("Line is %q", got)
	}
}

func TestStops(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := listen(ctx, "127.0.0.1:0", http.NotFoundHandler()); err != nil {
		t.Error(err)
	}
}
