package gomod

import (
	"testing"

	"github.com/gokiln/gokiln/internal/workspace/worktest"
)

// TestFixtures holds that no archive has lost its case.
func TestFixtures(t *testing.T) {
	var recipe []string
	for _, tc := range recipeCases {
		recipe = append(recipe, tc.name)
	}
	worktest.CheckUsed(t, "recipe", recipe)
	var load []string
	for _, tc := range loadErrors {
		load = append(load, tc.name)
	}
	worktest.CheckUsed(t, "load", load)
}
