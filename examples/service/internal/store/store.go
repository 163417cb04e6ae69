// Package store keeps notes: in PostgreSQL, or in memory where no database is
// configured. It stores what it is given; which texts may be notes is for
// package note to say.
package store

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/gokiln/gokiln/examples/service/internal/note"
)

// Store keeps notes. Every method may be called concurrently.
type Store interface {
	// Add stores a note and returns it with its number and date.
	Add(ctx context.Context, text string) (note.Note, error)
	// Get returns one note, or note.ErrNotFound.
	Get(ctx context.Context, id int64) (note.Note, error)
	// List returns at most limit notes, the newest first.
	List(ctx context.Context, limit int) ([]note.Note, error)
	// Delete removes one note, or says note.ErrNotFound.
	Delete(ctx context.Context, id int64) error
	// Ping says whether the store can answer now.
	Ping(ctx context.Context) error
	// Close ends the store; nothing may be called after it.
	Close()
}

// Open returns the store that url names: PostgreSQL, or memory where url is
// empty. Queries are traced by tracer.
func Open(ctx context.Context, url string, tracer trace.Tracer) (Store, error) {
	if url == "" {
		return NewMemory(time.Now), nil
	}
	db, err := OpenPostgres(ctx, url, tracer)
	if err != nil {
		// A nil *Postgres in a Store would not compare equal to nil.
		return nil, err
	}
	return db, nil
}
