// Package api is the hub's HTTP side: JSON under /api/v1, DICOMweb, the
// websocket and the pages. Every route stands in one table with the roles
// that may use it; who a caller is and what lies in their scope is decided in
// one place (auth.go, scope.go). Handlers translate, the steps do the work.
package api

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/critical"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/internal/metric"
	"github.com/yuanzhen/yuanzhen/internal/order"
	"github.com/yuanzhen/yuanzhen/internal/reassign"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
	"github.com/yuanzhen/yuanzhen/internal/report"
	"github.com/yuanzhen/yuanzhen/internal/route"
	"github.com/yuanzhen/yuanzhen/internal/settle"
	"github.com/yuanzhen/yuanzhen/internal/upload"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Server serves the hub over HTTP.
type Server struct {
	DB          *db.DB
	Objects     storage.Objects
	Keys        *keys.Ring
	Accounts    *account.Service
	Work        *worklist.Service
	Intake      *intake.Intake
	Orders      *order.Service
	Reports     *report.Service
	Uploads     *upload.Service
	Reassign    *reassign.Service
	Critical    *critical.Service
	Recognition *recognition.Service
	Settled     *settle.Store
	Forwards    *route.Rules
	Metrics     *metric.Metrics
	Log         *slog.Logger
	Version     string
	Secure      bool     // cookies for TLS only
	Aliases     []Alias  // other roots of the DICOMweb services
	Origins     []string // whose pages may use the DICOMweb services; "*" any, without cookies

	live    hall
	isReady atomic.Bool
}

// SetReady lets /readyz answer 200: everything is started.
func (s *Server) SetReady() { s.isReady.Store(true) }

// Route is one line of the API.
type Route struct {
	Method string
	Path   string                   // of http.ServeMux, below the root
	Roles  []hub.Role               // who may; nil: everybody who is logged in
	Public bool                     // no login at all
	Do     func(*Call) (any, error) // answers a JSON value
	Raw    func(*Call) error        // writes the answer itself
	Body   int64                    // most bytes of the request body, 0: maxJSON
}

// Call is one request with who makes it.
type Call struct {
	*http.Request
	W     http.ResponseWriter
	S     *Server
	Actor hub.Actor
	Cred  *db.Credential // nil for public routes
}

// Status makes a Do handler answer another status than 200.
type Status struct {
	Code  int
	Value any
}

// maxJSON bounds a JSON request.
const maxJSON = 1 << 20

// Routes is the whole table.
func (s *Server) Routes() []Route {
	return slices.Concat(s.systemRoutes(), s.sessionRoutes(), s.taskRoutes(), s.recordingRoutes(), s.traceMarksRoutes(), s.longRoutes(), s.driftRoutes(), s.liveRoutes(),
		s.reportRoutes(), s.criticalRoutes(), s.orderRoutes(), s.recognitionRoutes(), s.uploadRoutes(), s.inboxRoutes(), s.adminRoutes(), s.routeRoutes(), s.dicomwebRoutes(), s.upsRoutes())
}

// Handler serves the table.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.Routes() {
		mux.Handle(r.Method+" "+r.Path, s.serve(r))
	}
	mux.Handle("/", s.elsewhere(mux, s.pages()))
	return s.outer(s.roots(mux))
}

// outer is what every answer passes: security headers, request id, counting.
func (s *Server) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Referrer-Policy", "same-origin")
		began := time.Now()
		counted := &countingWriter{ResponseWriter: w}
		next.ServeHTTP(counted, r)
		s.Metrics.HTTPRequest(r.Pattern, counted.status(), time.Since(began))
	})
}

// serve wraps one route: who calls, may they, then the handler, and its error
// as problem JSON.
func (s *Server) serve(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &Call{Request: r, W: w, S: s}
		err := s.admit(c, route)
		if err == nil {
			limit := route.Body
			if limit == 0 {
				limit = maxJSON
			}
			if route.Raw == nil || route.Body > 0 {
				r.Body = http.MaxBytesReader(w, r.Body, limit)
			}
			err = c.run(route)
		}
		if err != nil {
			s.problem(c, err)
		}
	})
}

func (c *Call) run(route Route) error {
	if route.Raw != nil {
		return route.Raw(c)
	}
	value, err := route.Do(c)
	if err != nil {
		return err
	}
	code := http.StatusOK
	if st, ok := value.(Status); ok {
		code, value = st.Code, st.Value
	}
	if value == nil {
		c.W.WriteHeader(http.StatusNoContent)
		return nil
	}
	c.W.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.W.Header().Set("Cache-Control", "no-store")
	c.W.WriteHeader(code)
	return json.NewEncoder(c.W).Encode(value)
}

// admit finds out who calls and whether their role may use the route.
func (s *Server) admit(c *Call, route Route) error {
	c.identify()
	if route.Public {
		return nil
	}
	secret, cookie := secretOf(c.Request)
	var actor hub.Actor
	var err error
	cred := &db.Credential{}
	if secret == "" {
		actor, err = c.guest()
	} else {
		actor, cred, err = s.Accounts.Authenticate(c.Context(), secret)
	}
	if err != nil {
		return err
	}
	actor.IP, actor.Client, actor.RequestID = c.Actor.IP, c.Actor.Client, c.Actor.RequestID
	c.Actor, c.Cred = actor, cred
	c.W.Header().Add("Vary", "Authorization, Cookie") // the next account at this browser gets nothing of this one's cache
	if cookie && !safe(c.Method) && c.Header.Get("X-CSRF") != cred.CSRF {
		return hub.E(hub.Forbidden, "api", "session.csrf")
	}
	if err := c.enter(); err != nil {
		return err
	}
	if route.Roles != nil && !slices.Contains(route.Roles, actor.Role) {
		return hub.E(hub.Forbidden, "api", "role.not_allowed").With("role", actor.Role)
	}
	return nil
}

// identify notes where a request comes from and numbers it.
func (c *Call) identify() {
	c.Actor.IP, c.Actor.Client, c.Actor.RequestID = clientIP(c.Request), clip(c.UserAgent(), 200), requestID()
	c.W.Header().Set("X-Request-Id", c.Actor.RequestID)
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// cookieName is the browser session's cookie.
const cookieName = "yuanzhen"

// secretOf returns the bearer token or the session cookie of a request.
func secretOf(r *http.Request) (secret string, cookie bool) {
	if auth, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return strings.TrimSpace(auth), false
	}
	if c, err := r.Cookie(cookieName); err == nil {
		return c.Value, true
	}
	return "", false
}

func clientIP(r *http.Request) string {
	host := r.RemoteAddr
	if i := strings.LastIndex(host, ":"); i >= 0 {
		host = host[:i]
	}
	return strings.Trim(host, "[]")
}

func requestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// JSON reads the request's body into v. A field of the wrong type is an Invalid
// error that names it; unknown fields are passed over, so that a client may be
// newer than its hub.
func (c *Call) JSON(v any) error {
	dec := json.NewDecoder(c.Body)
	if err := dec.Decode(v); err != nil {
		return badJSON(err)
	}
	return nil
}

// Read is a reader of committed rows for this request.
func (c *Call) Read() *db.Tx { return c.S.DB.Read(c.Context()) }

// Context is the request's context.
func (c *Call) Context() context.Context { return c.Request.Context() }

// countingWriter remembers the status of an answer. Unwrap keeps flushing,
// deadlines and hijacking of the writer below reachable.
type countingWriter struct {
	http.ResponseWriter
	code int
}

func (w *countingWriter) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack hands the connection to the websocket.
func (w *countingWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.code = http.StatusSwitchingProtocols
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (w *countingWriter) status() int {
	if w.code == 0 {
		return http.StatusOK
	}
	return w.code
}
