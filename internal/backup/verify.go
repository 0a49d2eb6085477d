package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/report"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Check is what was found of one kind of thing.
type Check struct {
	Name   string
	Count  int64
	Bytes  int64
	Faults int64
}

// Findings are the result of Verify.
type Findings struct {
	Checks []*Check
	Faults []string // the first maxFaults, each naming row and object

	mu sync.Mutex // guards all above while checks run
}

// maxFaults bounds how many faults are named one by one.
const maxFaults = 100

// OK reports whether nothing was wrong.
func (f *Findings) OK() bool {
	for _, c := range f.Checks {
		if c.Faults > 0 {
			return false
		}
	}
	return true
}

// page is how many rows are read at a time.
const page = 1000

// Verify reads every byte that a row speaks of and compares it with the row,
// checks the signature of every report, counts the instances of every series
// and recomputes the audit chain. It changes nothing and may run beside the
// hub. Faults are in the Findings; an error means that it could not be
// finished.
func Verify(ctx context.Context, d *db.DB, objects storage.Objects, ring audit.Verifier) (*Findings, error) {
	f := &Findings{}
	for _, table := range db.StoredTables {
		if err := f.stored(ctx, d, objects, table); err != nil {
			return nil, fmt.Errorf("table %s: %w", table, err)
		}
	}
	if err := f.reports(ctx, d, objects, ring); err != nil {
		return nil, fmt.Errorf("table report: %w", err)
	}
	if err := f.counts(ctx, d); err != nil {
		return nil, fmt.Errorf("table series: %w", err)
	}
	return f, f.chain(ctx, d, objects, ring)
}

// stored reads the bytes of every row of a table.
func (f *Findings) stored(ctx context.Context, d *db.DB, objects storage.Objects, table string) error {
	c := f.begin(table)
	for after := ""; ; {
		rows, err := d.Read(ctx).StoredIn(table, after, page)
		if err != nil {
			return err
		}
		err = each(ctx, slices.Values(rows), func(ctx context.Context, s db.Stored) error {
			n, err := readBack(ctx, objects, s)
			return f.add(ctx, c, n, table+" "+s.ID, err)
		})
		if err != nil {
			return err
		}
		if len(rows) < page {
			return nil
		}
		after = rows[len(rows)-1].ID
	}
}

// readBack reads what a row speaks of to its end. Without a hash it is a whole
// PDF.
func readBack(ctx context.Context, objects storage.Objects, s db.Stored) (int64, error) {
	if s.Length < 0 {
		return readPDF(ctx, objects, s.Object)
	}
	if len(s.Digest) != len(storage.Digest{}) {
		return 0, fmt.Errorf("its digest has %d bytes: %w", len(s.Digest), storage.ErrCorrupt)
	}
	ref := storage.Ref{Key: storage.Key(s.Object), Offset: s.Offset, Length: s.Length}
	r, err := storage.Verified(ctx, objects, ref, storage.Digest(s.Digest))
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return io.Copy(io.Discard, r)
}

func readPDF(ctx context.Context, objects storage.Objects, key string) (int64, error) {
	r, err := objects.Get(ctx, storage.Key(key), 0, -1)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err == nil && (!bytes.HasPrefix(text, []byte("%PDF-")) || !bytes.Contains(text[max(0, len(text)-1024):], []byte("%%EOF"))) {
		err = fmt.Errorf("%s: not a whole PDF: %w", key, storage.ErrCorrupt)
	}
	return int64(len(text)), err
}

// reports checks signature and PDF of every signed version.
func (f *Findings) reports(ctx context.Context, d *db.DB, objects storage.Objects, ring report.Verifier) error {
	c := f.begin("report")
	for last := (&hub.Report{}); ; {
		list, err := d.Read(ctx).SignedReports(last.ID, last.Version, page)
		if err != nil {
			return err
		}
		err = each(ctx, slices.Values(list), func(ctx context.Context, r *hub.Report) error {
			err := report.Verify(ring, r)
			var n int64
			if r.PDF != "" {
				var unread error
				n, unread = readPDF(ctx, objects, r.PDF)
				err = errors.Join(err, unread)
			}
			return f.add(ctx, c, n, fmt.Sprintf("report %s version %d", r.ID, r.Version), err)
		})
		if err != nil {
			return err
		}
		if len(list) < page {
			return nil
		}
		last = list[len(list)-1]
	}
}

func (f *Findings) counts(ctx context.Context, d *db.DB) error {
	c := f.begin("series")
	series, err := d.Read(ctx).CountSeries()
	if err != nil {
		return err
	}
	c.Count = series
	wrong, err := d.Read(ctx).Miscounted(maxFaults)
	for _, id := range wrong {
		f.fault(c, "series "+id+": its count of instances is not that of its rows")
	}
	return err
}

func (f *Findings) chain(ctx context.Context, d *db.DB, objects storage.Objects, ring audit.Verifier) error {
	c := f.begin("audit")
	r, err := audit.Verify(ctx, d, ring, objects)
	if err != nil {
		return err
	}
	c.Count = r.Records
	if b := r.Broken; b != nil {
		f.fault(c, fmt.Sprintf("audit record %d: %s", b.Seq, b.Reason))
	}
	return nil
}

// begin starts a line of the table.
func (f *Findings) begin(name string) *Check {
	c := &Check{Name: name}
	f.Checks = append(f.Checks, c)
	return c
}

// add counts one thing that was checked. A store that cannot answer ends the
// check; whatever else is wrong is a fault.
func (f *Findings) add(ctx context.Context, c *Check, n int64, name string, err error) error {
	if err != nil && (ctx.Err() != nil || errors.Is(err, storage.ErrUnavailable)) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c.Count++
	c.Bytes += n
	if err != nil {
		f.fault(c, name+": "+strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

func (f *Findings) fault(c *Check, text string) {
	c.Faults++
	if len(f.Faults) < maxFaults {
		f.Faults = append(f.Faults, text)
	}
}

// Print writes the table and the faults.
func (f *Findings) Print(w io.Writer) {
	fmt.Fprintf(w, "%-12s %12s %16s %8s\n", "", "checked", "bytes", "faults")
	for _, c := range f.Checks {
		fmt.Fprintf(w, "%-12s %12d %16d %8d\n", c.Name, c.Count, c.Bytes, c.Faults)
	}
	for _, text := range f.Faults {
		fmt.Fprintln(w, "fault:", text)
	}
}
