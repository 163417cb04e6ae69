package testca

import (
	"crypto/x509"
	"testing"
)

func TestServerConfig(t *testing.T) {
	ca := New(t)
	leaf, err := x509.ParseCertificate(ca.ServerConfig(t, "127.77.0.1", "git.example.com").Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		pem  []byte
		host string
		ok   bool
	}{
		{"name", ca.PEM(), "git.example.com", true},
		{"address", ca.PEM(), "127.77.0.1", true},
		{"other name", ca.PEM(), "other.example.com", false},
		{"other address", ca.PEM(), "127.0.0.1", false},
		{"other authority", New(t).PEM(), "git.example.com", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			roots := x509.NewCertPool()
			if !roots.AppendCertsFromPEM(tc.pem) {
				t.Fatal("no certificate in the PEM")
			}
			if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: tc.host}); (err == nil) != tc.ok {
				t.Errorf("verify: %v", err)
			}
		})
	}
}
