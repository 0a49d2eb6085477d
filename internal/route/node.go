package route

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// node is a destination by C-STORE: an association, and another one when the
// instances that follow need contexts it has not.
type node struct {
	router *Router
	route  *hub.Route
	peer   *dimse.Client
	has    map[dimse.Kind]bool // proposed on peer
}

func (d *node) close() {
	if d.peer != nil {
		d.peer.Release() // what was sent is answered already
		d.peer = nil
	}
}

func (d *node) send(ctx context.Context, list []*hub.Instance, refused *refusal) (int, error) {
	for n, i := range list {
		kind := kindOf(i)
		if d.peer == nil || !d.has[kind] {
			if err := d.dial(ctx, list[n:]); err != nil {
				return n, err
			}
		}
		ts, ok := kind.Best(d.peer.Accepts)
		if !ok {
			refused.add(1, fmt.Sprintf("takes no %s in %s or a native syntax", dimse.StorageName(kind.SOPClassUID), kind.Syntax.Name()))
			continue
		}
		status, err := d.store(ctx, i, ts)
		switch {
		case err != nil && lasting(err):
			refused.add(1, "an object cannot be read or decoded here")
		case err != nil:
			return n, err
		case status.OK():
		case passing(status.Code):
			return n, errors.New(status.String())
		default:
			refused.add(1, status.String())
		}
	}
	return len(list), nil
}

// lasting tells whether an instance could not be sent for what it is: its bytes
// are damaged or gone, or do not decode. The others of its study go on.
func lasting(err error) bool {
	return errors.Is(err, storage.ErrCorrupt) || errors.Is(err, storage.ErrNotFound) || errors.Is(err, errNotDecoded)
}

// errNotDecoded says that an instance cannot be given in a syntax that the
// destination takes.
var errNotDecoded = errors.New("not to be decoded")

// passing tells whether a failure may be over by the next attempt: the other
// side lacks room, failed by itself, or does not know us yet.
func passing(status uint16) bool {
	return status>>8 == 0xA7 || status == dimse.ProcessingFailure || status == dimse.ResourceLimitation || status == dimse.NotAuthorized
}

func kindOf(i *hub.Instance) dimse.Kind {
	return dimse.Kind{SOPClassUID: i.Class, Syntax: dicom.TransferSyntax(i.Syntax)}
}

// store sends an instance; after an error of the line there is none any more.
func (d *node) store(ctx context.Context, i *hub.Instance, ts dicom.TransferSyntax) (dimse.Status, error) {
	data, err := d.open(ctx, i, ts)
	if err != nil {
		return dimse.Status{}, err
	}
	defer data.Close()
	status, err := d.peer.Store(ctx, i.Class, i.UID, ts, data)
	if err != nil {
		d.peer.Abort()
		d.peer = nil
	}
	return status, err
}

// open reads an instance as it was received, or decoded.
func (d *node) open(ctx context.Context, i *hub.Instance, ts dicom.TransferSyntax) (io.ReadCloser, error) {
	if string(ts) == i.Syntax {
		return d.router.Open(ctx, i)
	}
	data, err := d.router.As(ctx, i, ts)
	if err != nil && ctx.Err() == nil && hub.KindOf(err) != hub.Busy && !errors.Is(err, storage.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", errNotDecoded, err)
	}
	return data, err
}

// dial opens an association for as many kinds of the instances as it can have.
func (d *node) dial(ctx context.Context, list []*hub.Instance) (err error) {
	d.close()
	o := dimse.DialOptions{CallingAE: d.router.AET, CalledAE: d.route.CalledAE}
	o.Contexts, d.has = dimse.Offer(func(yield func(dimse.Kind) bool) {
		for _, i := range list {
			if !yield(kindOf(i)) {
				return
			}
		}
	})
	if d.route.TLS {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: d.route.Address}
		if own := d.router.TLS; own != nil {
			o.TLS.Certificates, o.TLS.RootCAs = own.Certificates, own.ClientCAs
		}
	}
	d.peer, err = dimse.Dial(ctx, net.JoinHostPort(d.route.Address, strconv.Itoa(d.route.Port)), o)
	return err
}
