package db

import (
	"context"
	"database/sql"
	"sync"
)

// preparedMost bounds the statements kept; searches have many forms.
const preparedMost = 256

// prepared is SQLite's reading pool with its statements kept: parsing one
// costs as much as running it. (PostgreSQL's driver keeps them by itself.)
type prepared struct {
	pool *sql.DB

	mu    sync.RWMutex // guards stmts
	stmts map[string]*sql.Stmt
}

func newPrepared(pool *sql.DB) *prepared { return &prepared{pool: pool, stmts: map[string]*sql.Stmt{}} }

// stmt returns the kept statement of a query, nil if it is run as it is.
func (p *prepared) stmt(ctx context.Context, query string) *sql.Stmt {
	p.mu.RLock()
	s, full := p.stmts[query], len(p.stmts) >= preparedMost
	p.mu.RUnlock()
	if s != nil || full {
		return s
	}
	s, err := p.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil // running it reports the same fault
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := p.stmts[query]; other != nil {
		s.Close()
		return other
	}
	p.stmts[query] = s
	return s
}

func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.pool.ExecContext(ctx, query, args...)
}

func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := p.stmt(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return p.pool.QueryContext(ctx, query, args...)
}

func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := p.stmt(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return p.pool.QueryRowContext(ctx, query, args...)
}

func (p *prepared) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.stmts {
		s.Close()
	}
	p.stmts = nil
}
