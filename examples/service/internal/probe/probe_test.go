package probe

import "testing"

func TestDialable(t *testing.T) {
	tests := map[string]string{
		":8080":             "127.0.0.1:8080",
		"0.0.0.0:8080":      "127.0.0.1:8080",
		"[::]:8080":         "[::1]:8080",
		"10.1.2.3:8080":     "10.1.2.3:8080",
		"localhost:8080":    "localhost:8080",
		"[2001:db8::1]:443": "[2001:db8::1]:443",
	}
	for addr, want := range tests {
		got, err := dialable(addr)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", addr, got, err, want)
		}
	}
	if _, err := dialable("8080"); err == nil {
		t.Error("an address without a port gave no error")
	}
}
