package workspace

import (
	"testing"

	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

// TestFixtures holds that no archive has lost its case.
func TestFixtures(t *testing.T) {
	var closure []string
	for _, tc := range closureCases {
		closure = append(closure, tc.name)
	}
	worktest.CheckUsed(t, "closure", closure)
	var absence []string
	for _, tc := range absentCases {
		absence = append(absence, tc.name)
	}
	worktest.CheckUsed(t, "absence", absence)
	var imports []string
	for _, tc := range importCases {
		imports = append(imports, tc.name)
	}
	worktest.CheckUsed(t, "imports", imports)
	var hashed []string
	for _, tc := range hashedCases {
		hashed = append(hashed, tc.name)
	}
	worktest.CheckUsed(t, "hashed", hashed)
}
