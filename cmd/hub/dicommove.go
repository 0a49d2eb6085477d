package main

import (
	"context"
	"fmt"
	"io"

	"github.com/yuanzhen/yuanzhen/dicom/dimse"
)

type dicomMove struct {
	dicomPeer
	dicomKeys
	To string `required:"" help:"AE title the node is to send to."`
}

// Run asks the node to send what the keys name.
func (c *dicomMove) Run(ctx context.Context, out io.Writer) error {
	return c.explained(c.run(ctx, out))
}

func (c *dicomMove) run(ctx context.Context, out io.Writer) error {
	id, err := c.identifier()
	if err != nil {
		return err
	}
	class := c.class(dimse.StudyRootMove, dimse.PatientRootMove)
	peer, err := c.dial(ctx, dimse.PresentationContext{AbstractSyntax: class, Syntaxes: queries})
	if err != nil {
		return err
	}
	defer peer.Abort()
	o, err := peer.Move(ctx, class, c.To, id, nil)
	if err != nil {
		return err
	}
	t := answerOf(o.Status)
	t.Counts, t.Failed = countsOf(o), o.FailedUIDs
	if err := c.say(out, t, fmt.Sprintf("%s: %d sent, %d with a warning, %d failed", t.Status, o.Completed, o.Warning, o.Failed)); err != nil {
		return err
	}
	if o.Code != dimse.Success {
		return &refusal{"C-MOVE", o.Status}
	}
	return peer.Release()
}
