package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Alias is another root of the DICOMweb services, for clients that know only
// their old archive's address. It is bound to one member: accounts of others
// are not admitted there.
type Alias struct {
	// Path is where the services are, such as /dcm4chee-arc/aets/DCM4CHEE/rs.
	Path string `yaml:"path"`
	// Member is the member's code.
	Member string `yaml:"member"`
	// Account is the login that requests without credentials act as; if it is
	// empty, the alias needs a token like any other root.
	Account string `yaml:"account"`
}

// reserved are the roots an alias may not stand in.
var reserved = []string{"/api", "/dicom-web", "/ws", "/healthz", "/readyz", "/metrics", "/assets"}

// Validate says what is wrong with an alias.
func (a Alias) Validate() error {
	switch {
	case len(a.Path) < 2 || a.Path[0] != '/' || strings.HasSuffix(a.Path, "/") || strings.ContainsAny(a.Path, "{}?#% \"<>\\") || strings.Contains(a.Path, "//"):
		return fmt.Errorf("alias %q: want a path such as /archive/rs", a.Path)
	case slices.ContainsFunc(reserved, func(r string) bool { return a.Path == r || strings.HasPrefix(a.Path, r+"/") }):
		return fmt.Errorf("alias %q: the hub itself is there", a.Path)
	case a.Member == "":
		return fmt.Errorf("alias %q: it needs a member", a.Path)
	}
	return nil
}

type aliasKey struct{}

// aliasOf is the alias a request came by, nil if it came by none.
func aliasOf(ctx context.Context) *Alias {
	a, _ := ctx.Value(aliasKey{}).(*Alias)
	return a
}

// roots gives what comes by an alias to the DICOMweb routes, and lets pages of
// other origins use them.
func (s *Server) roots(routes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range s.Aliases {
			a := &s.Aliases[i]
			if rest, ok := strings.CutPrefix(r.URL.Path, a.Path); ok && (rest == "" || rest[0] == '/') {
				inner := r.WithContext(context.WithValue(r.Context(), aliasKey{}, a))
				u := *r.URL
				u.Path, u.RawPath = dicomRoot+rest, ""
				if raw, ok := strings.CutPrefix(r.URL.RawPath, a.Path); ok {
					u.RawPath = dicomRoot + raw
				}
				inner.URL = &u
				if !s.crossOrigin(w, r) {
					routes.ServeHTTP(w, inner)
				}
				r.Pattern = inner.Pattern
				return
			}
		}
		if strings.HasPrefix(r.URL.Path, dicomRoot) && s.crossOrigin(w, r) {
			return
		}
		routes.ServeHTTP(w, r)
	})
}

// crossOrigin lets scripts of a configured origin read an answer (the Fetch
// standard's CORS protocol), and answers their preflights: then it is true.
func (s *Server) crossOrigin(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if len(s.Origins) == 0 || origin == "" {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	switch {
	case slices.Contains(s.Origins, origin):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	case slices.Contains(s.Origins, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	default:
		return false
	}
	h.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Encoding, Content-Location, Content-Range, ETag, Location, Warning, X-Request-Id")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range, X-CSRF")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// enter checks a caller against the alias they came by.
func (c *Call) enter() error {
	a := aliasOf(c.Context())
	if a == nil {
		return nil
	}
	m, err := c.Read().MemberByCode(a.Member)
	if err != nil && hub.KindOf(err) != hub.NotFound {
		return err
	}
	if err != nil || m.ID != c.Actor.Member {
		return outside("api.alias")
	}
	return nil
}

// guest is who acts on a request without credentials: the account of the alias
// it came by. There is none elsewhere.
func (c *Call) guest() (hub.Actor, error) {
	none := hub.E(hub.Unauthorized, "api", "session.none")
	a := aliasOf(c.Context())
	if a == nil || a.Account == "" {
		return hub.Actor{}, none
	}
	who, err := c.Read().AccountByLogin(a.Account)
	if hub.KindOf(err) == hub.NotFound && err != nil || err == nil && !who.Active {
		return hub.Actor{}, none
	}
	if err != nil {
		return hub.Actor{}, err
	}
	return hub.Actor{Account: who.ID, Member: who.Member, Role: who.Role, Name: who.Name, Rights: who.Rights, Submits: who.AutoSubmit}, nil
}

// rootPath is where the caller reached the DICOMweb services.
func rootPath(c *Call) string {
	if a := aliasOf(c.Context()); a != nil {
		return a.Path
	}
	return dicomRoot
}

const (
	hostChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"
	pathChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~/"
)

// base is the address the caller reached the services at, for the URLs in
// answers: what proxies in between say (X-Forwarded-Proto, -Host, -Port,
// -Prefix) goes first. Without a sane host it is the path alone.
func base(c *Call) string {
	forwarded := func(name string) string { // the first proxy's word
		v, _, _ := strings.Cut(c.Header.Get("X-Forwarded-"+name), ",")
		return strings.TrimSpace(v)
	}
	scheme, host := "http", c.Host
	if c.TLS != nil {
		scheme = "https"
	}
	if p := forwarded("Proto"); p == "http" || p == "https" {
		scheme = p
	}
	if h := forwarded("Host"); h != "" {
		host = h
		if port := forwarded("Port"); port != "" && strings.Trim(port, "0123456789") == "" && (&url.URL{Host: host}).Port() == "" &&
			!(scheme == "http" && port == "80") && !(scheme == "https" && port == "443") {
			host += ":" + port
		}
	}
	root := rootPath(c)
	if p := strings.TrimRight(forwarded("Prefix"), "/"); strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") && strings.Trim(p, pathChars) == "" && len(p) < 256 {
		root = p + root
	}
	if host == "" || strings.Trim(host, hostChars) != "" || len(host) > 255 {
		return root
	}
	return scheme + "://" + host + root
}
