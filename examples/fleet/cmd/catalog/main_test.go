package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestItems(t *testing.T) {
	answer := httptest.NewRecorder()
	handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/items", nil))
	if got := answer.Body.String(); !strings.Contains(got, `{"id":"brick","cents":120}`) {
		t.Errorf("%d %s", answer.Code, got)
	}
}
