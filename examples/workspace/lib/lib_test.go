package lib

import "testing"

func TestGreeting(t *testing.T) {
	for hour, want := range map[int]string{
		0: "hello, a: good night", 4: "hello, a: good night", 5: "hello, a: good morning",
		12: "hello, a: good day", 21: "hello, a: good day", 22: "hello, a: good night",
	} {
		if got := Greeting(hour, "a"); got != want {
			t.Errorf("at %d: %q, want %q", hour, got, want)
		}
	}
}
