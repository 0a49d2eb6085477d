package api

import (
	"io/fs"
	"net/http"
	"path"
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

// pages serves the built viewer; any path that is no file is a page of the
// application.
func (s *Server) pages() http.Handler {
	files := web.Files()
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/dicom-web") {
			s.problem(&Call{Request: r, W: w, S: s}, hub.E(hub.NotFound, "api.pages", "not_found"))
			return
		}
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
