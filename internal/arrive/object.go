package arrive

import (
	"context"
	"fmt"
	"io"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Received returns an instance's data set as stored. Its end comes only if length
// and checksum are those of the row.
func (n *Node) Received(ctx context.Context, i *hub.Instance) (io.ReadCloser, error) {
	r, err := storage.Checked(ctx, n.Objects, storage.Ref{Key: storage.Key(i.Object), Offset: i.Offset, Length: i.Length}, uint32(i.CRC))
	if err != nil {
		return nil, fmt.Errorf("instance %s: %w", i.ID, err)
	}
	return r, nil
}

// As returns an instance in a transfer syntax: as stored, or decoded frame by
// frame while it is read. Of several frames all are tried beforehand, because
// half a data set costs the association on which it is sent.
func (n *Node) As(ctx context.Context, i *hub.Instance, ts dicom.TransferSyntax) (io.ReadCloser, error) {
	if string(ts) == i.Syntax {
		return n.Received(ctx, i)
	}
	c, err := n.Settled.Convert(ctx, i, ts)
	if err == nil && i.Frames > 1 { // the first one was tried
		if err = c.Write(io.Discard); err == nil {
			c, err = n.Settled.Convert(ctx, i, ts)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("instance %s: %w", i.ID, err)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(c.Write(w)) }() // ends with the reader at the latest
	return r, nil
}
