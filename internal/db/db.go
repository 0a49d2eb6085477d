// Package db keeps the hub's rows: one SQL text for SQLite and PostgreSQL, one
// file a noun. A change of state is one transaction that writes row, event and
// audit record together (Tx.Emit, Tx.Audit); the sealer numbers events and
// links audit records afterwards. It knows the nouns and SQL, and no rules.
package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // database/sql driver "sqlite"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is the hub's database. It is safe for concurrent use.
type DB struct {
	url      string
	postgres bool
	read     *sql.DB
	write    *sql.DB     // PostgreSQL: the same pool as read
	lite     *liteWriter // SQLite: its one writing connection
	reads    querier     // read, on SQLite with its statements kept
	wake     *wake
}

// Open opens or creates the database at url, "sqlite:PATH" or
// "postgres://…", and brings its tables up to date.
func Open(ctx context.Context, url string) (*DB, error) {
	d := &DB{url: url, wake: newWake()}
	path, lite := strings.CutPrefix(url, "sqlite:")
	var err error
	if lite {
		err = d.openSQLite(ctx, path)
	} else if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		err = d.openPostgres(ctx, url)
	} else {
		err = fmt.Errorf("database %q: want sqlite:PATH or postgres://…", redact(url))
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// redact leaves out the password of a database address.
func redact(url string) string {
	if i := strings.LastIndex(url, "@"); i >= 0 {
		if j := strings.Index(url, "://"); j >= 0 && j < i {
			return url[:j+3] + "…" + url[i:]
		}
	}
	return url
}

// SQLite's memory is bounded by its page caches: one a connection. Files are
// not mapped: each connection's mapping would count as memory of its own.
const (
	liteReaders = 8
	liteCache   = 8 << 10 // KiB a connection
	// litePage is small because a commit writes whole pages, and few bytes of
	// each of its ten or so are new: half of SQLite's own 4 KiB writes 40 % less
	// at intake. Reading lists would suffer from less.
	litePage = 2 << 10
	// liteLog is the length in pages at which the write-ahead log is brought
	// into the database.
	liteLog = 16 << 20 / litePage
)

func (d *DB) openSQLite(ctx context.Context, path string) error {
	// synchronous=FULL: the WAL is synced before a commit returns, so an
	// acknowledgement that waits for the commit survives a power cut.
	// _journal_mode is applied after the page size, which it makes final.
	dsn := fmt.Sprintf("file:%s?_pragma=busy_timeout(10000)&_pragma=page_size(%d)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)"+
		"&_pragma=cache_size(-%d)&_pragma=temp_store(MEMORY)&_pragma=mmap_size(0)&_pragma=wal_autocheckpoint(%d)&_journal_mode=WAL", path, litePage, liteCache, liteLog)
	var err error
	if d.write, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	d.write.SetMaxOpenConns(1)
	if d.read, err = sql.Open("sqlite", dsn+"&_pragma=query_only(ON)"); err != nil {
		return err
	}
	d.reads = newPrepared(d.read)
	d.read.SetMaxOpenConns(liteReaders)
	d.read.SetMaxIdleConns(liteReaders)
	if err := migrate(ctx, d.write, goose.DialectSQLite3); err != nil {
		return fmt.Errorf("database %s: %w", path, err)
	}
	d.lite, err = newLiteWriter(ctx, d.write)
	return err
}

func (d *DB) openPostgres(ctx context.Context, url string) error {
	pool, err := sql.Open("pgx", url)
	if err != nil {
		return fmt.Errorf("database %s: %w", redact(url), err)
	}
	pool.SetMaxOpenConns(24)
	pool.SetMaxIdleConns(8)
	d.read, d.write, d.reads, d.postgres = pool, pool, pool, true
	if err := migrate(ctx, pool, goose.DialectPostgres); err != nil {
		return fmt.Errorf("database %s: %w", redact(url), err)
	}
	return nil
}

func migrate(ctx context.Context, pool *sql.DB, dialect goose.Dialect) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, pool, files)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// Close waits for running transactions and closes the database.
func (d *DB) Close() error {
	var errs []error
	if d.lite != nil {
		errs = append(errs, d.lite.close())
	}
	if p, ok := d.reads.(*prepared); ok {
		p.close()
	}
	if d.read != nil {
		errs = append(errs, d.read.Close())
	}
	if d.write != nil && d.write != d.read {
		errs = append(errs, d.write.Close())
	}
	return errors.Join(errs...)
}

// Postgres reports whether the rows are in PostgreSQL.
func (d *DB) Postgres() bool { return d.postgres }

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.read.PingContext(ctx) }

// Read returns a Tx that reads committed rows one statement at a time; its
// writing methods fail on SQLite.
func (d *DB) Read(ctx context.Context) *Tx { return &Tx{ctx: ctx, q: d.reads, db: d} }

// Tx runs fn in one transaction and commits when fn returns nil. On SQLite
// writers take turns; on PostgreSQL rows are locked by the statements, and
// a transaction that lost a deadlock or serialization race runs again.
func (d *DB) Tx(ctx context.Context, fn func(*Tx) error) error {
	if d.lite != nil {
		emitted, err := d.lite.run(ctx, d, fn)
		if err == nil && emitted {
			d.wake.signal()
		}
		return err
	}
	for try := 0; ; try++ {
		emitted, err := d.runPostgres(ctx, fn)
		if err == nil {
			if emitted {
				d.wake.signal()
			}
			return nil
		}
		if try == 5 || !lostRace(err) {
			return err
		}
	}
}

// lostRace reports PostgreSQL's serialization_failure and deadlock_detected.
func lostRace(err error) bool {
	var state interface{ SQLState() string }
	return errors.As(err, &state) && (state.SQLState() == "40001" || state.SQLState() == "40P01")
}

func (d *DB) runPostgres(ctx context.Context, fn func(*Tx) error) (bool, error) {
	sqlTx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer sqlTx.Rollback()
	tx := &Tx{ctx: ctx, q: sqlTx, db: d, writing: true}
	if err := fn(tx); err != nil {
		return false, err
	}
	return tx.emitted, sqlTx.Commit()
}

// querier is what a Tx needs of a pool, a transaction or the SQLite writer.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx reads and writes rows. Inside DB.Tx all its statements commit together.
type Tx struct {
	ctx     context.Context // of the transaction: a Tx never outlives it
	q       querier
	db      *DB
	writing bool
	emitted bool
	now     time.Time
}

// Context is the transaction's context.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Now is the database's clock, read once a transaction: leases and deadlines
// of all nodes use the same one.
func (tx *Tx) Now() time.Time {
	if !tx.now.IsZero() {
		return tx.now
	}
	tx.now = time.Now().UTC().Truncate(time.Millisecond)
	if tx.db.postgres {
		var ms int64
		if err := tx.q.QueryRowContext(tx.ctx, "SELECT (extract(epoch FROM clock_timestamp())*1000)::bigint").Scan(&ms); err == nil {
			tx.now = time.UnixMilli(ms).UTC()
		}
	}
	return tx.now
}

// lock is the clause that keeps a read row from others until the commit.
// SQLite's one writer needs none.
func (tx *Tx) lock() string {
	if tx.db.postgres && tx.writing {
		return " FOR UPDATE"
	}
	return ""
}

func (tx *Tx) exec(query string, args ...any) (int64, error) {
	res, err := tx.q.ExecContext(tx.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// liteWriter is SQLite's one writing connection with its prepared statements.
type liteWriter struct {
	mu    chan struct{} // held by the running transaction
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func newLiteWriter(ctx context.Context, pool *sql.DB) (*liteWriter, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &liteWriter{mu: make(chan struct{}, 1), conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

func (w *liteWriter) run(ctx context.Context, d *DB, fn func(*Tx) error) (emitted bool, err error) {
	select {
	case w.mu <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-w.mu }()
	// The statements run without the caller's cancellation: a statement
	// interrupted half way would leave the connection in an unknown state.
	ctx = context.WithoutCancel(ctx)
	if _, err := w.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return false, err
	}
	committed := false
	defer func() {
		if !committed {
			w.ExecContext(ctx, "ROLLBACK")
		}
	}()
	tx := &Tx{ctx: ctx, q: w, db: d, writing: true}
	if err := fn(tx); err != nil {
		return false, err
	}
	if _, err := w.ExecContext(ctx, "COMMIT"); err != nil {
		return false, err
	}
	committed = true
	return tx.emitted, nil
}

func (w *liteWriter) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := w.stmts[query]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err == nil {
		w.stmts[query] = s
	}
	return s, err
}

func (w *liteWriter) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (w *liteWriter) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (w *liteWriter) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return w.conn.QueryRowContext(ctx, query, args...) // reports the same fault
	}
	return s.QueryRowContext(ctx, args...)
}

func (w *liteWriter) close() error {
	w.mu <- struct{}{}
	defer func() { <-w.mu }() // who comes later gets an error instead of waiting for ever
	for _, s := range w.stmts {
		s.Close()
	}
	return w.conn.Close()
}

// wake tells everyone who waits that there may be something new.
type wake struct {
	mu sync.Mutex
	ch chan struct{}
}

func newWake() *wake { return &wake{ch: make(chan struct{})} }

func (w *wake) signal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.ch)
	w.ch = make(chan struct{})
}

func (w *wake) wait() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ch
}

// notFound turns sql.ErrNoRows into the hub's NotFound.
func notFound(op string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return hub.E(hub.NotFound, op, "not_found")
	}
	return err
}
