package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gokiln/gokiln/examples/service/internal/note"
)

// Memory keeps notes until the process ends. It is safe for concurrent use.
type Memory struct {
	now func() time.Time

	mu    sync.RWMutex
	last  int64
	notes []note.Note
}

// NewMemory returns an empty Memory that dates its notes by now.
func NewMemory(now func() time.Time) *Memory { return &Memory{now: now} }

// Add implements Store.
func (m *Memory) Add(_ context.Context, text string) (note.Note, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last++
	// PostgreSQL keeps microseconds: the two stores answer alike.
	added := note.Note{ID: m.last, Text: text, Created: m.now().UTC().Truncate(time.Microsecond)}
	m.notes = append(m.notes, added)
	return added, nil
}

// Get implements Store.
func (m *Memory) Get(_ context.Context, id int64) (note.Note, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	i := m.index(id)
	if i < 0 {
		return note.Note{}, note.ErrNotFound
	}
	return m.notes[i], nil
}

// List implements Store.
func (m *Memory) List(_ context.Context, limit int) ([]note.Note, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	listed := slices.Clone(m.notes[max(0, len(m.notes)-limit):])
	slices.Reverse(listed)
	return listed, nil
}

// Delete implements Store.
func (m *Memory) Delete(_ context.Context, id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.index(id)
	if i < 0 {
		return note.ErrNotFound
	}
	m.notes = slices.Delete(m.notes, i, i+1)
	return nil
}

// Ping implements Store; memory is always there.
func (m *Memory) Ping(context.Context) error { return nil }

// Close implements Store.
func (m *Memory) Close() {}

func (m *Memory) index(id int64) int {
	i, found := slices.BinarySearchFunc(m.notes, id, func(n note.Note, id int64) int {
		switch {
		case n.ID < id:
			return -1
		case n.ID > id:
			return 1
		}
		return 0
	})
	if !found {
		return -1
	}
	return i
}
