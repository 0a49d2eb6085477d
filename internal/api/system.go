package api

import (
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/web"
)

func (s *Server) systemRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/healthz", Public: true, Do: func(*Call) (any, error) { return map[string]any{"status": "ok", "version": s.Version}, nil }},
		{Method: "GET", Path: "/readyz", Public: true, Do: s.ready},
		{Method: "GET", Path: "/metrics", Public: true, Raw: func(c *Call) error { s.Metrics.Handler().ServeHTTP(c.W, c.Request); return nil }},
		{Method: "GET", Path: "/api/openapi.json", Public: true, Raw: openAPI},
	}
}

func (s *Server) ready(c *Call) (any, error) {
	if !s.isReady.Load() {
		return nil, hub.E(hub.Busy, "api.ready", "starting")
	}
	if err := s.DB.Ping(c.Context()); err != nil {
		return nil, hub.Wrap(hub.Busy, "api.ready", "store.unavailable", err)
	}
	return map[string]any{"status": "ready"}, nil
}

// policy lets pages run their own scripts and WebAssembly codecs, nothing else.
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self' ws: wss:; frame-ancestors 'self'"

// codeMethod is the code of a request to a known path by another method.
const codeMethod = "request.method"

// methods are those a route may have.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// elsewhere answers what no route is for: a known path under another method,
// an unknown path of the interfaces, or a page.
func (s *Server) elsewhere(routes *http.ServeMux, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(err error) {
			c := &Call{Request: r, W: w, S: s}
			c.identify()
			s.problem(c, err)
		}
		var allowed []string
		for _, m := range methods {
			if _, pattern := routes.Handler(&http.Request{Method: m, URL: r.URL, Host: r.Host}); pattern != "/" && pattern != "" {
				allowed = append(allowed, m)
			}
		}
		if slices.Equal(allowed, []string{http.MethodOptions}) { // a root's answer to any preflight
			allowed = nil
		}
		isInterface := strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/dicom-web")
		if allowed == nil && !isInterface {
			allowed = []string{http.MethodGet, http.MethodHead}
		}
		switch {
		case allowed == nil:
			refuse(hub.E(hub.NotFound, "api.elsewhere", "not_found"))
		case !isInterface && slices.Contains(allowed, r.Method):
			pages.ServeHTTP(w, r)
		default:
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			refuse(hub.E(hub.Invalid, "api.elsewhere", codeMethod).With("allow", allowed))
		}
	})
}

// pages serves the built viewer; any path that is no file is a page of the
// application.
func (s *Server) pages() http.Handler {
	files := web.Files()
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		w.Header().Set("Content-Security-Policy", policy)
		if st, err := fs.Stat(files, name); name == "" || err != nil || st.IsDir() {
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, files, "index.html")
			return
		}
		if strings.HasPrefix(name, "assets/") {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			if serveGzip(w, r, files, name) {
				return
			}
		}
		server.ServeHTTP(w, r)
	})
}
