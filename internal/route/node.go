package route

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
	"github.com/yuanzhen/yuanzhen/internal/hub"
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
		if !d.peer.Accepts(kind.SOPClassUID, kind.Syntax) {
			refused.add(1, fmt.Sprintf("takes no %s in %s", dimse.StorageName(kind.SOPClassUID), kind.Syntax.Name()))
			continue
		}
		status, err := d.store(ctx, i)
		if err != nil {
			d.peer.Abort()
			d.peer = nil
			return n, err
		}
		switch {
		case status.OK():
		case passing(status.Code):
			return n, errors.New(status.String())
		default:
			refused.add(1, status.String())
		}
	}
	return len(list), nil
}

// passing tells whether a failure may be over by the next attempt: the other
// side lacks room, failed by itself, or does not know us yet.
func passing(status uint16) bool {
	return status>>8 == 0xA7 || status == dimse.ProcessingFailure || status == dimse.ResourceLimitation || status == dimse.NotAuthorized
}

func kindOf(i *hub.Instance) dimse.Kind {
	return dimse.Kind{SOPClassUID: i.Class, Syntax: dicom.TransferSyntax(i.Syntax)}
}

func (d *node) store(ctx context.Context, i *hub.Instance) (dimse.Status, error) {
	data, err := d.router.Open(ctx, i)
	if err != nil {
		return dimse.Status{}, err
	}
	defer data.Close()
	return d.peer.Store(ctx, i.Class, i.UID, dicom.TransferSyntax(i.Syntax), data)
}

// dial opens an association for as many kinds of the instances as it can have.
func (d *node) dial(ctx context.Context, list []*hub.Instance) error {
	d.close()
	var kinds []dimse.Kind
	d.has = map[dimse.Kind]bool{}
	for _, i := range list {
		if kind := kindOf(i); !d.has[kind] && len(kinds) < ul.MaxContexts {
			d.has[kind] = true
			kinds = append(kinds, kind)
		}
	}
	contexts, err := dimse.ContextsFor(kinds...)
	if err != nil {
		return err
	}
	o := dimse.DialOptions{CallingAE: d.router.AET, CalledAE: d.route.CalledAE, Contexts: contexts}
	if d.route.TLS {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: d.route.Address}
		if own := d.router.TLS; own != nil {
			o.TLS.Certificates, o.TLS.RootCAs = own.Certificates, own.ClientCAs
		}
	}
	d.peer, err = dimse.Dial(ctx, net.JoinHostPort(d.route.Address, strconv.Itoa(d.route.Port)), o)
	return err
}
