package api

import (
	"context"
	"io"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/settle"
)

func (d *dicomweb) open(ctx context.Context, i *hub.Instance, head []byte) *settle.Reader {
	return d.Settled.Open(ctx, i, head)
}

func (d *dicomweb) header(ctx context.Context, i *hub.Instance, keep int64) (*dicom.Dataset, error) {
	return d.Settled.Header(ctx, i, keep)
}

func (d *dicomweb) at(ctx context.Context, i *hub.Instance, off, n int64) (io.ReadCloser, error) {
	return d.Settled.At(ctx, i, off, n)
}

func (d *dicomweb) bytesAt(ctx context.Context, i *hub.Instance, off, n int64) ([]byte, error) {
	return d.Settled.BytesAt(ctx, i, off, n)
}
