package arrive

import (
	"bytes"
	"context"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/transcode"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// maxTranscoded is the longest data set that is given in another syntax: it
// is in memory twice meanwhile.
const maxTranscoded = 256 << 20

// Received returns an instance's data set as stored. Its end comes only if length
// and checksum are those of the row.
func (n *Node) Received(ctx context.Context, i *hub.Instance) (io.ReadCloser, error) {
	body, err := n.Objects.Get(ctx, storage.Key(i.Object), i.Offset, i.Length)
	if err != nil {
		return nil, fmt.Errorf("instance %s: %w", i.ID, err)
	}
	return &checked{body: body, left: i.Length, sum: crc32.New(castagnoli), want: uint32(i.CRC), id: i.ID}, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checked is a data set on its way out.
type checked struct {
	body io.ReadCloser
	left int64
	sum  hash.Hash32
	want uint32
	id   hub.InstanceID
}

// Read implements io.Reader.
func (c *checked) Read(p []byte) (int, error) {
	k, err := c.body.Read(p)
	c.sum.Write(p[:k])
	c.left -= int64(k)
	if err == io.EOF && (c.left != 0 || c.sum.Sum32() != c.want) {
		return 0, fmt.Errorf("instance %s: %w", c.id, storage.ErrCorrupt)
	}
	return k, err
}

// Close implements io.Closer.
func (c *checked) Close() error { return c.body.Close() }

// in returns an instance in a transfer syntax: as stored, or decoded.
func (n *Node) in(ctx context.Context, i *hub.Instance, ts dicom.TransferSyntax) (io.ReadCloser, error) {
	r, err := n.Received(ctx, i)
	if err != nil || string(ts) == i.Syntax {
		return r, err
	}
	defer r.Close()
	if i.Length > maxTranscoded {
		return nil, fmt.Errorf("instance %s: %w", i.ID, transcode.ErrTooLarge)
	}
	select {
	case n.decoding <- struct{}{}:
		defer func() { <-n.decoding }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	data, err = transcode.Native(data, dicom.TransferSyntax(i.Syntax), ts)
	if err != nil {
		return nil, fmt.Errorf("instance %s: %w", i.ID, err)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}
