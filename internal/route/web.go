package route

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Bounds of one STOW-RS request.
const (
	requestMost  = 64 << 20 // bytes of data sets; one longer instance goes alone
	answerMost   = 4 << 20
	answerWithin = time.Minute
	slowest      = 64 << 10 // bytes a second of the line
)

// web is a destination by STOW-RS, PS3.18 section 10.5.
type web struct {
	open   func(context.Context, *hub.Instance) (io.ReadCloser, error)
	url    string
	token  string
	client *http.Client
}

func newWeb(open func(context.Context, *hub.Instance) (io.ReadCloser, error), root, token string) *web {
	client := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // the token is for this root
	return &web{open: open, url: strings.TrimRight(root, "/") + "/studies", token: token, client: client}
}

func (w *web) close() { w.client.CloseIdleConnections() }

func (w *web) send(ctx context.Context, list []*hub.Instance, refused *refusal) (int, error) {
	done := 0
	for done < len(list) {
		n, size := 1, list[done].Length
		for done+n < len(list) && size+list[done+n].Length <= requestMost {
			size += list[done+n].Length
			n++
		}
		err := w.post(ctx, list[done:done+n], refused)
		if bad, ok := errors.AsType[*damage](err); ok { // those before it go without it
			refused.add(1, "an object cannot be read here")
			if n, err = bad.at+1, nil; bad.at > 0 {
				err = w.post(ctx, list[done:done+bad.at], refused)
			}
		}
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// damage says that an instance of a request, counted from 0, cannot be read.
type damage struct {
	at    int
	cause error
}

func (d *damage) Error() string { return d.cause.Error() }
func (d *damage) Unwrap() error { return d.cause }

// post sends instances in one request of a length known beforehand, which
// every server takes.
func (w *web) post(ctx context.Context, list []*hub.Instance, refused *refusal) error {
	size := int64(0)
	for _, i := range list {
		size += i.Length
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin+time.Duration(size/slowest)*time.Second)
	defer cancel()
	boundary := rand.Text()
	body := &parts{ctx: ctx, open: w.open}
	for _, i := range list {
		var head bytes.Buffer
		fmt.Fprintf(&head, "\r\n--%s\r\nContent-Type: application/dicom\r\n\r\n", boundary)
		if _, err := dicom.WriteMeta(&head, dicom.FileMeta{SOPClassUID: i.Class, SOPInstanceUID: i.UID, Syntax: dicom.TransferSyntax(i.Syntax)}); err != nil {
			return err
		}
		body.add(head.Bytes(), i)
	}
	body.add([]byte("\r\n--"+boundary+"--\r\n"), nil)
	rq, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, body)
	if err != nil {
		return err
	}
	rq.ContentLength = body.size
	rq.Header.Set("Content-Type", `multipart/related; type="application/dicom"; boundary=`+boundary)
	rq.Header.Set("Accept", "application/dicom+json")
	if w.token != "" {
		rq.Header.Set("Authorization", "Bearer "+w.token)
	}
	rsp, err := w.client.Do(rq)
	if bad := body.damaged(); bad != nil {
		if err == nil {
			rsp.Body.Close()
		}
		return bad
	}
	if err != nil {
		return err
	}
	defer rsp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(rsp.Body, answerMost))
	if err != nil {
		return err
	}
	return judge(rsp.StatusCode, answer, len(list), refused)
}

// judge reads an answer, PS3.18 section 10.5.3: which instances were not
// stored, and whether it is worth trying again.
func judge(status int, answer []byte, sent int, refused *refusal) error {
	switch {
	case status >= 200 && status < 300, status == http.StatusConflict:
		failed := failures(answer)
		for _, reason := range failed {
			if passing(reason) {
				return fmt.Errorf("HTTP %d, failure reason %04X", status, reason)
			}
		}
		switch {
		case len(failed) > 0:
			refused.add(len(failed), fmt.Sprintf("HTTP %d, failure reason %04X", status, failed[0]))
		case status == http.StatusConflict:
			refused.add(sent, "HTTP 409")
		}
		return nil
	case status == http.StatusBadRequest, status == http.StatusNotAcceptable, status == http.StatusRequestEntityTooLarge, status == http.StatusUnsupportedMediaType:
		refused.add(sent, fmt.Sprintf("HTTP %d", status))
		return nil
	}
	return fmt.Errorf("HTTP %d", status) // the rest is a matter of time, or of who set it up
}

// failures are the reasons in the Failed SOP Sequence of an answer.
func failures(answer []byte) []uint16 {
	var d struct {
		Failed struct {
			Value []struct {
				Reason struct{ Value []uint16 } `json:"00081197"`
			}
		} `json:"00081198"`
	}
	if json.Unmarshal(answer, &d) != nil { // an answer in XML, or none: the status says enough
		return nil
	}
	var out []uint16
	for _, item := range d.Failed.Value {
		reason := uint16(0)
		if len(item.Reason.Value) > 0 {
			reason = item.Reason.Value[0]
		}
		out = append(out, reason)
	}
	return out
}

// parts reads heads and data sets one behind the other, opening each when its
// turn comes. The HTTP client closes it, perhaps while it is read.
type parts struct {
	ctx  context.Context
	open func(context.Context, *hub.Instance) (io.ReadCloser, error)
	size int64

	mu    sync.Mutex // guards the rest
	list  []part
	begun int // instances
	now   io.Reader
	body  io.Closer
	bad   *damage
}

type part struct {
	head []byte
	data *hub.Instance // nil after the last head
}

func (p *parts) add(head []byte, data *hub.Instance) {
	p.list = append(p.list, part{head, data})
	p.size += int64(len(head))
	if data != nil {
		p.size += data.Length
	}
}

// damaged is the instance because of which reading ended, nil if there is none.
func (p *parts) damaged() *damage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bad
}

// Read implements io.Reader.
func (p *parts) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := p.read(b)
	if err != nil && lasting(err) {
		p.bad = &damage{p.begun - 1, err}
	}
	return n, err
}

func (p *parts) read(b []byte) (int, error) {
	for {
		if p.now != nil {
			n, err := p.now.Read(b)
			if err == nil || err != io.EOF {
				return n, err
			}
			p.leave()
			if n > 0 {
				return n, nil
			}
		}
		if len(p.list) == 0 {
			return 0, io.EOF
		}
		next := p.list[0]
		p.list = p.list[1:]
		p.now = bytes.NewReader(next.head)
		if next.data != nil {
			p.begun++
			data, err := p.open(p.ctx, next.data)
			if err != nil {
				return 0, err
			}
			p.now, p.body = io.MultiReader(p.now, data), data
		}
	}
}

// Close ends the reading.
func (p *parts) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = nil
	return p.leave()
}

// leave gives up the data set being read.
func (p *parts) leave() error {
	p.now = nil
	if p.body == nil {
		return nil
	}
	body := p.body
	p.body = nil
	return body.Close()
}
