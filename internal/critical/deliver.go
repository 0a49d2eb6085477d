package critical

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
)

// Postman brings the stored messages to the webhooks. A message is tried
// again, ever more seldom, until it is answered with 2xx; a receiver that is
// down delays no other. It may come twice (its id stays the same).
type Postman struct {
	DB       *db.DB
	Webhooks []string
	Secret   string        // signs what is sent; "" sends it unsigned
	Retry    time.Duration // wait after the first failure, doubled after each; 0: 2 s
	Log      *slog.Logger
}

const (
	firstRetry  = 2 * time.Second
	retryMost   = 5 * time.Minute // longest wait between two tries
	postTimeout = 10 * time.Second
	postBatch   = 32
	lookEvery   = 500 * time.Millisecond // another node's messages come without a signal
	answerMost  = 4 << 10                // bytes read of an answer
)

// Headers of a call. The signature is "sha256=" and the hexadecimal
// HMAC-SHA-256, with the shared secret, of the timestamp, a full stop and the
// body.
const (
	headerSignature = "X-Yuanzhen-Signature"
	headerTimestamp = "X-Yuanzhen-Timestamp"
	headerMessage   = "X-Yuanzhen-Message"
)

// Run delivers until ctx ends, each webhook on its own.
func (p *Postman) Run(ctx context.Context, node string) {
	client := &http.Client{Timeout: postTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	var running sync.WaitGroup
	for _, target := range slices.Compact(slices.Sorted(slices.Values(p.Webhooks))) {
		running.Go(func() {
			sum := sha256.Sum256([]byte(target)) // a job's name is no place for an address with a key
			lead := leader{db: p.DB, job: "webhook/" + hex.EncodeToString(sum[:8]), node: node, log: p.Log}
			p.serve(ctx, client, target, &lead)
		})
	}
	running.Wait()
}

func (p *Postman) serve(ctx context.Context, client *http.Client, target string, lead *leader) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		woken := p.DB.Wait()
		if lead.leads(ctx) {
			if err := p.deliver(ctx, client, target); err != nil && ctx.Err() == nil {
				p.Log.Error("webhook: outbox", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-tick.C:
		}
	}
}

// deliver sends a webhook's due messages, oldest first. After a failure the
// rest wait for the next turn: the receiver is likely down for all.
func (p *Postman) deliver(ctx context.Context, client *http.Client, target string) error {
	due, err := p.DB.Read(ctx).OutgoingTo(target, postBatch)
	if err != nil {
		return err
	}
	for _, o := range due {
		fault := p.post(ctx, client, o)
		if ctx.Err() != nil {
			return nil
		}
		o.Tries++
		err := p.DB.Tx(ctx, func(tx *db.Tx) error {
			if fault == nil {
				o.DoneAt, o.Error = tx.Now(), ""
			} else {
				o.NextAt, o.Error = tx.Now().Add(p.wait(o.Tries)), fault.Error()
			}
			return tx.UpdateOutgoing(o)
		})
		if err != nil {
			return err
		}
		if fault != nil {
			p.Log.Warn("webhook: not delivered", "message", o.ID, "host", host(target), "tries", o.Tries, "error", fault)
			return nil
		}
	}
	return nil
}

// wait is how long after the n-th failure the next try comes.
func (p *Postman) wait(tries int) time.Duration {
	d := p.Retry
	if d == 0 {
		d = firstRetry
	}
	for range tries - 1 {
		if d >= retryMost {
			return retryMost
		}
		d *= 2
	}
	return min(d, retryMost)
}

// post makes one call. Its error names no address: a webhook's may hold a key.
func (p *Postman) post(ctx context.Context, client *http.Client, o *db.Outgoing) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.Target, strings.NewReader(o.Body))
	if err != nil {
		return fmt.Errorf("not an address")
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "yuanzhen-hub")
	req.Header.Set(headerMessage, o.ID)
	req.Header.Set(headerTimestamp, stamp)
	if p.Secret != "" {
		req.Header.Set(headerSignature, Signature(p.Secret, stamp, o.Body))
	}
	res, err := client.Do(req)
	if err != nil {
		if e, ok := err.(*url.Error); ok {
			err = e.Err // without the address
		}
		return fmt.Errorf("no answer: %w", err)
	}
	defer res.Body.Close()
	io.Copy(io.Discard, io.LimitReader(res.Body, answerMost)) // so that the connection is kept
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("answered %d", res.StatusCode)
	}
	return nil
}

// Signature is the value of the X-Yuanzhen-Signature header of a call.
func Signature(secret, timestamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, timestamp+"."+body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func host(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return u.Host
}
