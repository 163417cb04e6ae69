package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/gokiln/gokiln/examples/service/internal/note"
)

func tracer() noop.Tracer { return noop.Tracer{} }

func TestMemory(t *testing.T) {
	contract(t, NewMemory(time.Now))
}

func TestPostgres(t *testing.T) {
	url := os.Getenv("TEST_DATABASE_URL")
	if url == "" {
		t.Skip("TEST_DATABASE_URL is not set: PostgreSQL is not tested; the table notes of that database is emptied")
	}
	db, err := OpenPostgres(t.Context(), url, tracer())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := db.pool.Exec(t.Context(), "truncate notes restart identity"); err != nil {
		t.Fatal(err)
	}
	contract(t, db)
	if again, err := OpenPostgres(t.Context(), url, tracer()); err != nil {
		t.Errorf("second start on the same database: %v", err)
	} else {
		again.Close()
	}
}

// contract is what both stores promise.
func contract(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	if err := s.Ping(ctx); err != nil {
		t.Fatalf("ping: %v", err)
	}
	if got, err := s.List(ctx, 10); err != nil || len(got) != 0 {
		t.Fatalf("a new store lists %v, %v", got, err)
	}
	var added []note.Note
	for i := range 3 {
		n, err := s.Add(ctx, fmt.Sprint("note ", i))
		if err != nil {
			t.Fatal(err)
		}
		if n.Text != fmt.Sprint("note ", i) || n.Created.IsZero() || n.Created.Location() != time.UTC {
			t.Errorf("added %+v", n)
		}
		added = append(added, n)
	}
	got, err := s.List(ctx, 2)
	if diff := cmp.Diff([]note.Note{added[2], added[1]}, got); err != nil || diff != "" {
		t.Errorf("list of two (-want +got): %v\n%s", err, diff)
	}
	one, err := s.Get(ctx, added[0].ID)
	if diff := cmp.Diff(added[0], one); err != nil || diff != "" {
		t.Errorf("get (-want +got): %v\n%s", err, diff)
	}
	if err := s.Delete(ctx, added[1].ID); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := s.Delete(ctx, added[1].ID); !errors.Is(err, note.ErrNotFound) {
		t.Errorf("delete again: %v", err)
	}
	if _, err := s.Get(ctx, added[1].ID); !errors.Is(err, note.ErrNotFound) {
		t.Errorf("get what is deleted: %v", err)
	}
	if n, err := s.Add(ctx, "after"); err != nil || n.ID <= added[2].ID {
		t.Errorf("a number was used again: %+v, %v", n, err)
	}
	concurrent(ctx, t, s)
}

func concurrent(ctx context.Context, t *testing.T, s Store) {
	t.Helper()
	before, err := s.List(ctx, 100)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := s.Add(ctx, "at once"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if after, err := s.List(ctx, 100); err != nil || len(after) != len(before)+8 {
		t.Errorf("8 notes added at once: %d became %d, %v", len(before), len(after), err)
	}
}

func TestOpenPostgresErrorsHideThePassword(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"postgres://kiln:s3cret@" + closed + "/notes?sslmode=disable",
		"postgres://kiln:s3cret@" + closed + "/notes?sslmode=sometimes",
	} {
		_, err := Open(t.Context(), url, tracer())
		if err == nil {
			t.Fatalf("%s: no error", url)
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("error shows the password: %v", err)
		}
	}
}

func TestOpenWithoutURLIsMemory(t *testing.T) {
	s, err := Open(t.Context(), "", tracer())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.(*Memory); !ok {
		t.Errorf("got %T, want *Memory", s)
	}
}
