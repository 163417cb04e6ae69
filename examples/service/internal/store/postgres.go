package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"

	"github.com/gokiln/gokiln/examples/service/internal/note"
)

//go:embed schema.sql
var schema string

// schemaLock is the advisory lock under which the schema is created: "create
// table if not exists" alone fails when two replicas start at the same moment.
const schemaLock = 0x6b696c6e

// Postgres keeps notes in a PostgreSQL database.
type Postgres struct{ pool *pgxpool.Pool }

// OpenPostgres connects to the database at url and creates the table where it
// is missing. Its errors never show the password in url.
func OpenPostgres(ctx context.Context, url string, tracer trace.Tracer) (*Postgres, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	cfg.ConnConfig.Tracer = queryTracer{tracer}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	if err := pgx.BeginFunc(ctx, pool, createSchema(ctx)); err != nil {
		pool.Close()
		return nil, fmt.Errorf("prepare the database: %w", err)
	}
	return &Postgres{pool}, nil
}

func createSchema(ctx context.Context) func(pgx.Tx) error {
	return func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", schemaLock); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, schema)
		return err
	}
}

// Add implements Store.
func (p *Postgres) Add(ctx context.Context, text string) (note.Note, error) {
	return p.one(ctx, "add note", "insert into notes (text) values ($1) returning id, text, created", text)
}

// Get implements Store.
func (p *Postgres) Get(ctx context.Context, id int64) (note.Note, error) {
	return p.one(ctx, "get note", "select id, text, created from notes where id = $1", id)
}

// List implements Store.
func (p *Postgres) List(ctx context.Context, limit int) ([]note.Note, error) {
	rows, err := p.pool.Query(ctx, "select id, text, created from notes order by id desc limit $1", limit)
	if err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	listed, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	return listed, nil
}

// Delete implements Store.
func (p *Postgres) Delete(ctx context.Context, id int64) error {
	tag, err := p.pool.Exec(ctx, "delete from notes where id = $1", id)
	if err != nil {
		return fmt.Errorf("delete note: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return note.ErrNotFound
	}
	return nil
}

// Ping implements Store.
func (p *Postgres) Ping(ctx context.Context) error { return p.pool.Ping(ctx) }

// Close implements Store.
func (p *Postgres) Close() { p.pool.Close() }

func (p *Postgres) one(ctx context.Context, what, sql string, arg any) (note.Note, error) {
	rows, err := p.pool.Query(ctx, sql, arg)
	if err != nil {
		return note.Note{}, fmt.Errorf("%s: %w", what, err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return note.Note{}, note.ErrNotFound
	}
	if err != nil {
		return note.Note{}, fmt.Errorf("%s: %w", what, err)
	}
	return found, nil
}

func scan(row pgx.CollectableRow) (note.Note, error) {
	var n note.Note
	err := row.Scan(&n.ID, &n.Text, &n.Created)
	n.Created = n.Created.UTC()
	return n, err
}
