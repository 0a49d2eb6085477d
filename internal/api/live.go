package api

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Limits of the websocket.
const (
	ringSize   = 4096             // events kept in memory for screens that are nearly up to date
	behindMost = 20000            // a screen further behind reloads its lists instead
	pingEvery  = 20 * time.Second // also how often a session's login is checked again
	writeWait  = 10 * time.Second
	readMost   = 4 << 10 // bytes of a client's message
	tailEvery  = 250 * time.Millisecond
)

// hall reads sealed events once for all screens of this node and keeps the
// last ones in memory. The event table is the truth: a screen that is further
// behind reads from there.
type hall struct {
	mu    sync.Mutex
	ring  []hub.Event // in order of seq, without gaps
	last  int64
	fresh chan struct{} // closed when events were added
}

// Tail follows the event table until ctx ends.
func (s *Server) Tail(ctx context.Context) {
	h := &s.live
	if last, err := s.DB.Read(ctx).LastSeq(); err == nil {
		h.start(last)
	}
	tick := time.NewTicker(tailEvery) // another node's events come without a signal
	defer tick.Stop()
	for {
		woken := s.DB.Wait()
		events, err := s.DB.Read(ctx).Events(h.seq(), 500)
		if err != nil && ctx.Err() == nil {
			s.Log.Error("live: events", "error", err)
		}
		if len(events) > 0 {
			h.add(events)
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-tick.C:
		}
	}
}

func (h *hall) start(last int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = last
}

// signal returns the channel that the next add closes.
func (h *hall) signal() chan struct{} {
	if h.fresh == nil {
		h.fresh = make(chan struct{})
	}
	return h.fresh
}

func (h *hall) add(events []hub.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring = append(h.ring, events...)
	if over := len(h.ring) - ringSize; over > 0 {
		h.ring = append([]hub.Event(nil), h.ring[over:]...)
	}
	h.last = events[len(events)-1].Seq
	close(h.signal())
	h.fresh = nil
}

// after returns the events after seq that are in memory; ok is false when
// some of them are not. more is closed when there are newer ones.
func (h *hall) after(seq int64) (events []hub.Event, ok bool, more <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if seq >= h.last {
		return nil, true, h.signal()
	}
	if len(h.ring) == 0 || h.ring[0].Seq > seq+1 {
		return nil, false, h.signal()
	}
	i := int(seq + 1 - h.ring[0].Seq)
	return h.ring[i:], true, h.signal()
}

func (h *hall) seq() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

func (s *Server) liveRoutes() []Route {
	return []Route{{Method: "GET", Path: "/ws", Raw: s.websocket}}
}

var upgrader = websocket.Upgrader{Subprotocols: []string{"yuanzhen.v1"}, ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10}

// websocket serves one screen: hello, then after its subscribe every visible
// event with a greater number.
func (s *Server) websocket(c *Call) error {
	if !websocket.IsWebSocketUpgrade(c.Request) {
		return hub.E(hub.Invalid, "api.websocket", "ws.no_upgrade")
	}
	conn, err := upgrader.Upgrade(c.W, c.Request, nil)
	if err != nil {
		return nil // the upgrader has answered
	}
	s.Metrics.Screens(1)
	defer s.Metrics.Screens(-1)
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	sc := &screen{s: s, conn: conn, actor: c.Actor, secret: first(secretOf(c.Request)), subscribed: make(chan int64, 1)}
	go func() {
		defer cancel()
		sc.read()
	}()
	sc.write(ctx)
	conn.Close()
	return nil
}

func first(secret string, _ bool) string { return secret }

// screen is one connected websocket. Only write writes to it.
type screen struct {
	s          *Server
	conn       *websocket.Conn
	actor      hub.Actor
	secret     string
	subscribed chan int64
}

// read takes the client's messages until the connection ends.
func (sc *screen) read() {
	sc.conn.SetReadLimit(readMost)
	alive := func() { sc.conn.SetReadDeadline(time.Now().Add(3 * pingEvery)) }
	alive()
	sc.conn.SetPongHandler(func(string) error { alive(); return nil })
	for {
		var m struct {
			Type  string `json:"type"`
			Since *int64 `json:"since"`
		}
		_, data, err := sc.conn.ReadMessage()
		if err != nil {
			return
		}
		alive()
		if json.Unmarshal(data, &m) != nil || m.Type != "subscribe" {
			continue
		}
		since := sc.s.live.seq()
		if m.Since != nil {
			since = *m.Since
		}
		select {
		case <-sc.subscribed: // a later subscribe replaces one not yet seen
		default:
		}
		sc.subscribed <- since
	}
}

func (sc *screen) write(ctx context.Context) {
	tx := sc.s.DB.Read(ctx)
	seq, err := tx.LastSeq()
	if err != nil || sc.send([]byte(`{"type":"hello","seq":`+strconv.FormatInt(seq, 10)+`}`)) != nil {
		return
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	cursor := int64(-1)
	var more <-chan struct{}
	for {
		select {
		case <-ctx.Done():
			return
		case cursor = <-sc.subscribed:
			if cursor, err = sc.begin(tx, cursor); err != nil {
				return
			}
		case <-more:
		case <-ping.C:
			if _, _, err := sc.s.Accounts.Authenticate(ctx, sc.secret); err != nil {
				sc.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4401, "session ended"), time.Now().Add(writeWait))
				return
			}
			if sc.send([]byte(`{"type":"ping"}`)) != nil || sc.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)) != nil {
				return
			}
			continue
		}
		if cursor, more, err = sc.catchUp(ctx, cursor); err != nil {
			return
		}
	}
}

// begin takes a screen's subscribe. A number that the hub has not reached is of
// another time, before a restore: the screen's lists are not this hub's.
func (sc *screen) begin(tx *db.Tx, since int64) (int64, error) {
	if since <= sc.s.live.seq() {
		return since, nil
	}
	last, err := tx.LastSeq() // the hall may be a moment behind the table
	if err != nil || since <= last {
		return since, err
	}
	return last, sc.resync(last)
}

// resync tells a screen to load its lists again; events go on after seq.
func (sc *screen) resync(seq int64) error {
	sc.s.Metrics.Resync()
	return sc.send([]byte(`{"type":"resync","seq":` + strconv.FormatInt(seq, 10) + `}`))
}

// catchUp sends what is visible after cursor and returns the new cursor and a
// channel that is closed when there is more.
func (sc *screen) catchUp(ctx context.Context, cursor int64) (int64, <-chan struct{}, error) {
	for {
		events, ok, more := sc.s.live.after(cursor)
		if ok && len(events) == 0 {
			return cursor, more, nil
		}
		if !ok {
			if sc.s.live.seq()-cursor > behindMost {
				cursor = sc.s.live.seq()
				return cursor, more, sc.resync(cursor)
			}
			var err error
			if events, err = sc.s.DB.Read(ctx).Events(cursor, 500); err != nil {
				return cursor, more, err
			}
			if len(events) == 0 {
				return sc.s.live.seq(), more, nil
			}
		}
		for i := range events {
			cursor = events[i].Seq
			if !seesEvent(sc.actor, &events[i]) {
				continue
			}
			if err := sc.send(message(&events[i])); err != nil {
				return cursor, more, err
			}
		}
	}
}

// message is an event as screens get it: its head, then the fields of its body.
func message(e *hub.Event) []byte {
	b := []byte(`{"type":"event","seq":` + strconv.FormatInt(e.Seq, 10) + `,"at":"` + e.At.Format(time.RFC3339Nano) + `","event":"` + e.Name + `"`)
	if body := []byte(e.Body); len(body) > 2 && body[0] == '{' {
		b = append(b, ',')
		return append(b, body[1:]...)
	}
	return append(b, '}')
}

func (sc *screen) send(data []byte) error {
	sc.conn.SetWriteDeadline(time.Now().Add(writeWait))
	err := sc.conn.WriteMessage(websocket.TextMessage, data)
	if err == nil {
		sc.s.Metrics.Sent()
	}
	return err
}
