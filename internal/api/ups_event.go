package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Event types, PS3.4 Table CC.2.4-1.
const (
	stateReport  = 1
	cancelReport = 2
	assignReport = 5
)

// maxReported bounds the workitems whose last reported state a connection
// remembers; of more, a state may be reported twice.
const maxReported = 20_000

// maxSubscriptions bounds those of one application, each of which every event is
// held against.
const maxSubscriptions = 1_000

// subscriber reads the path of a subscription: whose, and to which task ("" all
// of them).
func (s *Server) subscriber(c *Call) (aet string, id hub.TaskID, err error) {
	aet = strings.TrimSpace(c.PathValue("aet"))
	if aet == "" || len(aet) > 16 || strings.ContainsAny(aet, "\\\x00\r\n") {
		return "", "", parameter("aetitle")
	}
	if uid := c.PathValue("workitem"); uid == upsGlobal || uid == upsFiltered {
		return aet, "", nil
	}
	t, err := s.item(c)
	if err != nil {
		return "", "", err
	}
	return aet, t.ID, nil
}

// subscribe is PS3.18 section 11.10: from now on the application hears of a
// workitem, of all, or of those a filter finds. Content-Location says where.
func (s *Server) subscribe(c *Call) error {
	aet, id, err := s.subscriber(c)
	if err != nil {
		return err
	}
	sub := &db.Subscription{Account: c.Actor.Account, AET: aet, Task: id}
	if c.PathValue("workitem") == upsFiltered {
		filter := c.URL.Query()
		filter.Del("deletionlock")
		q, err := web.ParseQuery(flatFilter(filter))
		if err != nil {
			return hub.Wrap(hub.Invalid, "api.ups", "dicomweb.query", err).With("reason", err.Error())
		}
		if len(q.Keys) == 0 {
			return parameter("filter")
		}
		sub.Query = filter.Encode()
	}
	if lock := c.URL.Query().Get("deletionlock"); lock != "" && lock != "true" && lock != "false" {
		return parameter("deletionlock")
	}
	err = s.DB.Tx(c.Context(), func(tx *db.Tx) error {
		have, err := tx.Subscriptions(sub.Account, aet)
		if err != nil {
			return err
		}
		if len(have) >= maxSubscriptions {
			return hub.E(hub.Conflict, "api.ups", "ups.subscriptions").With("most", maxSubscriptions)
		}
		if sub.Since, err = tx.LastSeq(); err != nil {
			return err
		}
		return tx.Subscribe(sub)
	})
	if err != nil {
		return err
	}
	at := base(c) + "/subscribers/" + url.PathEscape(aet)
	if rest, ok := strings.CutPrefix(at, "http"); ok {
		at = "ws" + rest
	}
	if c.URL.Query().Get("deletionlock") == "true" { // it is not needed: workitems stay
		c.warn("Deletion Lock not granted.")
	}
	c.W.Header().Set("Content-Location", at)
	c.W.WriteHeader(http.StatusCreated)
	return nil
}

// flatFilter takes "filter=PatientID=P1,Modality=CT" apart, as well as plain
// parameters.
func flatFilter(values url.Values) url.Values {
	out := url.Values{}
	for name, list := range values {
		if name != "filter" {
			out[name] = list
			continue
		}
		for _, text := range list {
			for pair := range strings.SplitSeq(text, ",") {
				name, value, _ := strings.Cut(pair, "=")
				out.Add(name, value)
			}
		}
	}
	return out
}

// unsubscribe ends a subscription, PS3.18 section 11.11; that to all workitems
// with those to single ones (PS3.4 Table CC.2.3-2).
func (s *Server) unsubscribe(c *Call) error {
	aet, id, err := s.subscriber(c)
	if err != nil {
		return err
	}
	return s.onSubscription(c, aet, func(tx *db.Tx) (bool, error) {
		if c.PathValue("workitem") == upsGlobal {
			return tx.UnsubscribeAll(c.Actor.Account, aet)
		}
		return tx.Unsubscribe(c.Actor.Account, aet, id)
	})
}

// suspend lets a global subscription take up no more workitems, PS3.18 section
// 11.12.
func (s *Server) suspend(c *Call) error {
	aet, id, err := s.subscriber(c)
	if err != nil {
		return err
	}
	if id != "" {
		return upsRefuse("ups.not_appropriate")
	}
	return s.onSubscription(c, aet, func(tx *db.Tx) (bool, error) { return tx.SuspendSubscription(c.Actor.Account, aet) })
}

// onSubscription changes a subscription of an application that has some.
func (s *Server) onSubscription(c *Call, aet string, change func(*db.Tx) (there bool, err error)) error {
	err := s.DB.Tx(c.Context(), func(tx *db.Tx) error {
		all, err := tx.Subscriptions(c.Actor.Account, aet)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return upsRefuse("ups.unknown_subscriber")
		}
		there, err := change(tx)
		if err == nil && !there {
			err = upsRefuse("ups.no_such")
		}
		return err
	})
	if err == nil {
		c.W.WriteHeader(http.StatusOK)
	}
	return err
}

// listen opens the event channel of an application, PS3.18 section 11.13. What
// it has not heard since it last listened comes first.
func (s *Server) listen(c *Call) error {
	aet := c.PathValue("aet")
	subs, err := c.Read().Subscriptions(c.Actor.Account, aet)
	if err != nil {
		return err
	}
	heard, err := c.Read().Heard(c.Actor.Account, aet)
	if err != nil {
		return err
	}
	if len(subs) == 0 && heard == 0 {
		return upsRefuse("ups.unknown_subscriber")
	}
	if !websocket.IsWebSocketUpgrade(c.Request) {
		return hub.E(hub.Invalid, "api.ups", "ws.no_upgrade")
	}
	if heard == 0 { // it listens for the first time
		heard = subs[0].Since
		for _, sub := range subs {
			heard = min(heard, sub.Since)
		}
	}
	conn, err := upgrader.Upgrade(c.W, c.Request, nil)
	if err != nil {
		return nil // the upgrader has answered
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	l := &listener{s: s, conn: conn, actor: c.Actor, secret: first(secretOf(c.Request)), aet: aet, root: base(c), reported: map[hub.TaskID]string{}, acked: make(chan int64, 1)}
	go func() {
		defer cancel()
		l.read()
	}()
	if err := l.greet(ctx, subs, heard); err == nil {
		l.write(ctx, heard)
	}
	return nil
}

// listener is one connected application. Only write writes to it.
type listener struct {
	s        *Server
	conn     *websocket.Conn
	actor    hub.Actor
	secret   string
	aet      string
	root     string
	reported map[hub.TaskID]string
	acked    chan int64 // the last event the other side surely has
}

// read waits for pongs, which carry the number of the last event sent before
// their ping: that far the application has heard.
func (l *listener) read() {
	l.conn.SetReadLimit(readMost)
	alive := func() { l.conn.SetReadDeadline(time.Now().Add(3 * pingEvery)) }
	alive()
	l.conn.SetPongHandler(func(text string) error {
		alive()
		if seq, err := strconv.ParseInt(text, 10, 64); err == nil {
			select {
			case <-l.acked:
			default:
			}
			l.acked <- seq
		}
		return nil
	})
	for {
		if _, _, err := l.conn.NextReader(); err != nil {
			return
		}
	}
}

// greet reports how the workitems stand that were subscribed to one by one since
// the application last listened (PS3.4 section CC.2.4.3).
func (l *listener) greet(ctx context.Context, subs []*db.Subscription, heard int64) error {
	tx := l.s.DB.Read(ctx)
	for _, sub := range subs {
		if sub.Task == "" || sub.Since < heard {
			continue
		}
		t, err := task(tx, l.actor, sub.Task)
		if hub.KindOf(err) == hub.NotFound && err != nil {
			continue
		}
		if err != nil {
			return err
		}
		if err := l.tell(&hub.Event{Seq: sub.Since, Task: t.ID}, t.State); err != nil {
			return err
		}
	}
	return nil
}

// tell reports a workitem's state unless it was the last thing reported.
func (l *listener) tell(e *hub.Event, s hub.State) error {
	now := itemState(s) + "/" + readiness(s)
	if l.reported[e.Task] == now {
		return nil
	}
	if len(l.reported) >= maxReported {
		clear(l.reported)
	}
	l.reported[e.Task] = now
	return l.send(e, stateReport, func(d *dicom.Dataset) {
		d.SetText(dicom.InputReadinessState, readiness(s))
		d.SetText(dicom.ProcedureStepState, itemState(s))
	})
}

func (l *listener) write(ctx context.Context, cursor int64) {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		next, more, err := l.catchUp(ctx, cursor)
		if err != nil {
			return
		}
		if next != cursor {
			cursor = next
			if l.ping(cursor) != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-more:
		case seq := <-l.acked:
			if err := l.s.DB.Tx(ctx, func(tx *db.Tx) error { return tx.SetHeard(l.actor.Account, l.aet, seq) }); err != nil {
				return
			}
		case <-ping.C:
			if l.secret != "" {
				if _, _, err := l.s.Accounts.Authenticate(ctx, l.secret); err != nil {
					l.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.ClosePolicyViolation, "session ended"), time.Now().Add(writeWait))
					return
				}
			}
			if l.ping(cursor) != nil {
				return
			}
		}
	}
}

func (l *listener) ping(seq int64) error {
	return l.conn.WriteControl(websocket.PingMessage, strconv.AppendInt(nil, seq, 10), time.Now().Add(writeWait))
}

// catchUp sends the reports of what happened after cursor.
func (l *listener) catchUp(ctx context.Context, cursor int64) (int64, <-chan struct{}, error) {
	for {
		events, ok, more := l.s.live.after(cursor)
		tx := l.s.DB.Read(ctx)
		if ok && len(events) == 0 {
			return cursor, more, nil
		}
		if !ok {
			var err error
			if events, err = tx.Events(cursor, 500); err != nil {
				return cursor, more, err
			}
			if len(events) == 0 {
				return max(cursor, l.s.live.seq()), more, nil
			}
		}
		subs, err := tx.Subscriptions(l.actor.Account, l.aet)
		if err != nil {
			return cursor, more, err
		}
		for i := range events {
			cursor = events[i].Seq
			if err := l.report(&events[i], subs); err != nil {
				return cursor, more, err
			}
		}
	}
}

// report sends what an event means for a workitem the application subscribed to.
func (l *listener) report(e *hub.Event, subs []*db.Subscription) error {
	if e.Task == "" || !seesEvent(l.actor, e) {
		return nil
	}
	var body cancelRequest // of other events the task alone
	if err := json.Unmarshal(e.Body, &body); err != nil || body.Task == nil {
		return nil // an event about something else of the task
	}
	if !l.subscribed(e, body.Task, subs) {
		return nil
	}
	if e.Name == cancelAsked {
		return l.send(e, cancelReport, body.describe)
	}
	began := itemState(body.Task.State) == upsInProgress && !strings.HasPrefix(l.reported[e.Task], upsInProgress)
	if err := l.tell(e, body.Task.State); err != nil || !began || body.Task.Holder == "" {
		return err
	}
	return l.send(e, assignReport, func(d *dicom.Dataset) {
		who := performer(body.Task)
		d.SetItems(humanCode, who.Items(humanCode)...)
		d.SetText(humanOrganization, body.Task.Centre)
	})
}

// describe sets the attributes of a cancel requested report.
func (r *cancelRequest) describe(d *dicom.Dataset) {
	d.SetText(requestingAE, clip(r.Login, 16))
	for tag, text := range map[dicom.Tag]string{dicom.ReasonForCancellation: r.Reason, contactURI: r.URI, contactName: firstNonEmpty(r.Contact, r.By)} {
		if text != "" {
			d.SetText(tag, text)
		}
	}
}

// subscribed tells whether an application hears of a workitem's event. A
// suspended subscription still covers the workitems there were before.
func (l *listener) subscribed(e *hub.Event, v *worklist.View, subs []*db.Subscription) bool {
	for _, sub := range subs {
		switch {
		case e.Seq <= sub.Since:
		case sub.Task == e.Task:
			return true
		case sub.Task != "" || !sub.Suspended.IsZero() && v.CreatedAt != nil && v.CreatedAt.After(sub.Suspended):
		case sub.Query == "":
			return true
		default:
			values, err := url.ParseQuery(sub.Query)
			if err != nil {
				continue
			}
			if q, err := web.ParseQuery(flatFilter(values)); err == nil && matchesAll(q.Keys, itemOf(v, l.root)) {
				return true
			}
		}
	}
	return false
}

// send writes one event report: the fields of N-EVENT-REPORT in DICOM JSON. The
// class is that of the workitem (PS3.4 section CC.2.4.3).
func (l *listener) send(e *hub.Event, kind int64, fill func(*dicom.Dataset)) error {
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
	fill(d)
	data, err := d.MarshalJSON()
	if err != nil {
		return err
	}
	head := `{"00000002":{"vr":"UI","Value":["` + upsPush + `"]},"00000110":{"vr":"US","Value":[` + strconv.FormatInt(e.Seq&0xFFFF, 10) +
		`]},"00001000":{"vr":"UI","Value":["` + itemUID(e.Task) + `"]},"00001002":{"vr":"US","Value":[` + strconv.FormatInt(kind, 10) + `]},`
	l.conn.SetWriteDeadline(time.Now().Add(writeWait))
	return l.conn.WriteMessage(websocket.TextMessage, append([]byte(head), data[1:]...))
}
