package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

type dicomEcho struct {
	dicomPeer
	Repeat int `default:"1" help:"How often, on one association."`
}

// Run asks whether the node is there.
func (c *dicomEcho) Run(ctx context.Context, out io.Writer) error {
	return c.explained(c.run(ctx, out))
}

func (c *dicomEcho) run(ctx context.Context, out io.Writer) error {
	peer, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer peer.Abort()
	for range max(1, c.Repeat) {
		began := time.Now()
		status, err := peer.Echo(ctx)
		if err != nil {
			return err
		}
		t := answerOf(status)
		t.Took = time.Since(began).Round(time.Microsecond).String()
		if err := c.say(out, t, fmt.Sprintf("%s answers %s after %s", c.Called, t.Status, t.Took)); err != nil {
			return err
		}
		if !status.OK() {
			return &refusal{"C-ECHO", status}
		}
	}
	return peer.Release()
}
