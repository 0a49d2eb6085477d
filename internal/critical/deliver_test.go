package critical

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
)

// messages reads what waits for a webhook.
func messages(t *testing.T, d *db.DB, target string) []Message {
	t.Helper()
	rows, err := d.Read(t.Context()).OutgoingTo(target, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []Message
	for _, o := range rows {
		var m Message
		if err := json.Unmarshal([]byte(o.Body), &m); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// exchange is a webhook's receiver that can be down for a while.
type exchange struct {
	*httptest.Server
	down  atomic.Bool
	calls chan call
}

type call struct {
	http.Header
	body   string
	status int
}

func newExchange(t *testing.T) *exchange {
	x := &exchange{calls: make(chan call, 64)}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		status := http.StatusNoContent
		if x.down.Load() {
			status = http.StatusBadGateway
		}
		w.WriteHeader(status)
		x.calls <- call{r.Header, string(body), status}
	}))
	t.Cleanup(x.Close)
	return x
}

// run starts a loop that ends with the test.
func run(t *testing.T, loop func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { loop(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
}

func TestWebhookIsCalledAtOnceAndAgainAfterAnOutage(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x := newExchange(t)
	x.down.Store(true)
	p.Webhooks = []string{x.URL + "/hook?key=secret"}
	log := slog.New(slog.DiscardHandler)
	run(t, func(ctx context.Context) {
		(&Postman{DB: p.DB, Webhooks: p.Webhooks, Secret: "shared", Retry: 5 * time.Millisecond, Log: log}).Run(ctx, "node")
	})
	id := p.raise(t).ID
	first, again := <-x.calls, <-x.calls
	if got := first.Get(headerSignature); got != Signature("shared", first.Get(headerTimestamp), first.body) {
		t.Errorf("signature %q", got)
	}
	if first.Get(headerMessage) == "" || again.Get(headerMessage) != first.Get(headerMessage) || again.body != first.body {
		t.Error("a repeated message must keep its id and body")
	}
	var m Message
	if err := json.Unmarshal([]byte(first.body), &m); err != nil {
		t.Fatal(err)
	}
	if m.Event != "critical.notified" || m.Critical != id || m.MsgType != "markdown" || m.Patient != "欧**明" {
		t.Errorf("%+v", m)
	}
	x.down.Store(false)
	for c := range x.calls {
		if c.status < 300 {
			break
		}
	}
	if _, err := p.Withdraw(t.Context(), p.reviewer, id, "误报"); err != nil {
		t.Fatal(err)
	}
	if next := <-x.calls; next.Get(headerMessage) == first.Get(headerMessage) {
		t.Error("a message that was answered came again")
	}
}

func TestOneReceiverDownDelaysNoOther(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	good := newExchange(t)
	hung := make(chan struct{})
	bad := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hung }))
	t.Cleanup(func() { close(hung); bad.Close() })
	p.Webhooks = []string{bad.URL, good.URL}
	run(t, func(ctx context.Context) {
		(&Postman{DB: p.DB, Webhooks: p.Webhooks, Log: slog.New(slog.DiscardHandler)}).Run(ctx, "node")
	})
	p.raise(t)
	select {
	case c := <-good.calls:
		if c.Get(headerSignature) != "" {
			t.Error("signed without a secret")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the good receiver was not called")
	}
}

func TestEscalationRunsByItselfAndReachesTheDutyDesk(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x := newExchange(t)
	p.Webhooks = []string{x.URL}
	p.Rules.CriticalRepeat, p.Rules.CriticalHead, p.Rules.CriticalDispatcher, p.Rules.CriticalDutyDesk = 10*time.Millisecond, 20*time.Millisecond, 30*time.Millisecond, 40*time.Millisecond
	log := slog.New(slog.DiscardHandler)
	run(t, func(ctx context.Context) { p.Run(ctx, "node", log) })
	run(t, func(ctx context.Context) { (&Postman{DB: p.DB, Webhooks: p.Webhooks, Log: log}).Run(ctx, "node") })
	p.raise(t)
	var to []string
	for range 5 {
		var m Message
		if err := json.Unmarshal([]byte((<-x.calls).body), &m); err != nil {
			t.Fatal(err)
		}
		to = append(to, m.To)
	}
	if got := strings.Join(to, " "); got != "clinic clinic clinic_head dispatcher duty_desk" {
		t.Errorf("told in the order %s", got)
	}
}

func TestMessagesNameNoPatient(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.Webhooks = []string{"http://127.0.0.1:1/"}
	v, err := p.Raise(t.Context(), p.reader, p.task, Finding{Items: []string{"E03"}, Text: "欧阳小明 11010519491231002X 室颤"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Withdraw(t.Context(), p.reviewer, v.ID, "欧阳小明的导联脱落"); err != nil {
		t.Fatal(err)
	}
	rows, err := p.DB.Read(t.Context()).OutgoingTo(p.Webhooks[0], 10)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %d messages", err, len(rows))
	}
	for _, o := range rows {
		if strings.Contains(o.Body, patientName) || strings.Contains(o.Body, "11010519491231002") {
			t.Errorf("a message names the patient: %s", o.Body)
		}
	}
	list := messages(t, p.DB, p.Webhooks[0])
	for channel, want := range map[string]string{"sms": "【远诊危急值】青山镇卫生院 欧**明 男", "voice": "重复一遍", "wecom": "> 发现：室扑 / 室颤；欧**明 *** 室颤"} {
		if !strings.Contains(list[0].Messages[channel], want) {
			t.Errorf("%s: %s", channel, list[0].Messages[channel])
		}
		if !strings.Contains(list[1].Messages[channel], "撤销") {
			t.Errorf("%s of the withdrawal: %s", channel, list[1].Messages[channel])
		}
	}
}
