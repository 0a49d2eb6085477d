package dimse

import (
	"fmt"
	"io"
	"math"

	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// dataSet streams the data set of one message out of the receive buffer. An
// association that breaks ends it with io.ErrUnexpectedEOF in the chain.
type dataSet struct {
	conn      *ul.Conn
	contextID byte
	last      bool  // the fragment under way is the last
	n         int64 // bytes handed out
	err       error // sticky; io.EOF after the last byte
	cause     error // of an err that is not io.EOF
}

// fragment returns the next bytes, at most limit, valid until the next call.
func (d *dataSet) fragment(limit int) ([]byte, error) {
	for d.err == nil {
		b, err := d.conn.Fragment(limit)
		switch {
		case err == nil:
			d.n += int64(len(b))
			return b, nil
		case err != io.EOF:
			d.fail(err)
		case d.last:
			d.err = io.EOF
		default:
			d.nextFragment()
		}
	}
	return nil, d.err
}

func (d *dataSet) nextFragment() {
	v, err := d.conn.Next()
	switch {
	case err != nil:
		d.fail(err)
	case v.Command || v.ContextID != d.contextID:
		d.conn.Abort(ul.AbortUser, ul.ReasonNotSpecified)
		d.fail(fmt.Errorf("a fragment of another message (context %d) lies within a data set of context %d", v.ContextID, d.contextID))
	default:
		d.last = v.Last
	}
}

func (d *dataSet) fail(cause error) {
	d.cause = cause
	d.err = fmt.Errorf("data set cut off after %d bytes: %w: %w", d.n, io.ErrUnexpectedEOF, cause)
}

// Read implements io.Reader.
func (d *dataSet) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := d.fragment(len(p))
	return copy(p, b), err
}

// WriteTo implements io.WriterTo without a copy: w sees the receive buffer.
func (d *dataSet) WriteTo(w io.Writer) (n int64, err error) {
	for {
		b, err := d.fragment(math.MaxInt)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		m, err := w.Write(b)
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
}

// drain passes over what is left, at most limit bytes, and tells how much that
// was. It returns the cause when the association broke.
func (d *dataSet) drain(limit int64) (int64, error) {
	start := d.n
	for d.n-start <= limit {
		if _, err := d.fragment(math.MaxInt); err == io.EOF {
			return d.n - start, nil
		} else if err != nil {
			return d.n - start, d.cause
		}
	}
	d.conn.Abort(ul.AbortUser, ul.ReasonNotSpecified)
	return d.n - start, fmt.Errorf("more than %d bytes of a refused data set", limit)
}
