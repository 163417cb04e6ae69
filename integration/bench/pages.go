package bench

import (
	"errors"
	"path/filepath"

	"github.com/gokiln/gokiln/integration/internal/state"
)

// Pages are the files that figures are kept in.
type Pages struct {
	// Dir is their folder.
	Dir string
}

// Read gives what is kept.
func (p Pages) Read() (Document, error) {
	return ReadDocument(filepath.Join(p.Dir, "performance.json"))
}

// Add puts one row in and writes all files anew.
func (p Pages) Add(run Run, row []Figure) error {
	doc, err := p.Read()
	if err != nil {
		return err
	}
	return p.write(doc.With(run, row))
}

// write writes all files anew.
func (p Pages) write(doc Document) error {
	data, err := doc.JSON()
	if err != nil {
		return err
	}
	return errors.Join(
		state.WriteFile(filepath.Join(p.Dir, "performance.json"), data, 0o644),
		state.WriteFile(filepath.Join(p.Dir, "performance.svg"), []byte(doc.Chart()), 0o644),
		state.WriteFile(filepath.Join(p.Dir, "performance.md"), []byte(doc.Page()), 0o644),
	)
}
