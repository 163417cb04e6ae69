package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestCounts(t *testing.T) {
	h := handler()
	for _, step := range []struct{ cart, want string }{{"a", "1\n"}, {"a", "2\n"}, {"b", "1\n"}} {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/carts/"+step.cart, nil))
		if got := answer.Body.String(); got != step.want {
			t.Errorf("cart %s: %q, want %q", step.cart, got, step.want)
		}
	}
}
