package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestMail(t *testing.T) {
	answer := httptest.NewRecorder()
	handler().ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/mails/Ada", nil))
	if got := answer.Body.String(); got != "Dear Ada,\n" {
		t.Errorf("%d %q", answer.Code, got)
	}
}
