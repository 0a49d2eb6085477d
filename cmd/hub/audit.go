package main

import (
	"context"
	"fmt"
	"io"

	"github.com/yuanzhen/yuanzhen/internal/audit"
)

type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Recompute the audit chain; exit 1 and name the first broken record if it does not hold."`
}

type auditVerify struct{ Settings }

// Run checks the chain of table audit against itself and every signed head.
func (c *auditVerify) Run(ctx context.Context, out io.Writer) error {
	sys, err := existing(ctx, &c.Settings)
	if err != nil {
		return err
	}
	defer sys.close()
	report, err := audit.Verify(ctx, sys.db, sys.keys, sys.objects)
	if err != nil {
		return err
	}
	if b := report.Broken; b != nil {
		return fmt.Errorf("audit chain is broken at record %d (table audit, id %s): %s", b.Seq, b.ID, b.Reason)
	}
	fmt.Fprintf(out, "audit chain holds: %d records, %d signed heads\n", report.Records, report.Signed)
	return nil
}
