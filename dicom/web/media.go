package web

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// Media is a media type or range with its parameters, names in lower case.
type Media struct {
	Type   string // "multipart/related", "image/*"
	Params map[string]string
	Q      float64 // 0 to 1, 1 if not given
}

// maxMedia bounds the ranges read of one Accept header.
const maxMedia = 64

var errMedia = errors.New("not a media type")

// ParseMedia reads one media type. Values may be quoted or not: clients write
// type=application/octet-stream without quotes, which RFC 9110 does not allow.
func ParseMedia(s string) (Media, error) {
	parts := split(s, ';')
	m := Media{Type: strings.ToLower(strings.TrimSpace(parts[0])), Q: 1}
	if i := strings.IndexByte(m.Type, '/'); i <= 0 || i == len(m.Type)-1 || strings.ContainsAny(m.Type, " \t\"=") {
		return Media{}, errMedia
	}
	for _, p := range parts[1:] {
		name, value, ok := strings.Cut(p, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" {
			continue
		}
		value = unquote(strings.TrimSpace(value))
		if name == "q" {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return Media{}, errMedia
			}
			m.Q = q
			continue
		}
		if m.Params == nil {
			m.Params = map[string]string{}
		}
		m.Params[name] = value
	}
	return m, nil
}

// split cuts s at sep outside of quotes.
func split(s string, sep byte) []string {
	var out []string
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// ParseAccept reads what a client accepts, in its order: the query parameters
// "accept" if there are any, else the header lines (PS3.18 section 8.3.3.1: the
// query wins, since an <img> cannot set headers). Ranges that cannot be read
// are left out; no header at all accepts everything.
func ParseAccept(header, query []string) []Media {
	lines := header
	if len(query) > 0 {
		lines = query
	}
	all := strings.TrimSpace(strings.Join(lines, ","))
	if all == "" {
		return []Media{{Type: "*/*", Q: 1}}
	}
	var out []Media
	for _, s := range split(all, ',') {
		if m, err := ParseMedia(s); err == nil && len(out) < maxMedia {
			out = append(out, m)
		}
	}
	return out
}

// AcceptQuery returns the values of "accept" in a raw query. Clients write them
// without the escapes that a query needs: semicolons stand for themselves, and
// so does the plus of "dicom+json".
func AcceptQuery(raw string) []string {
	var out []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.EqualFold(name, "accept") {
			continue
		}
		text, err := url.PathUnescape(value)
		if err != nil || text == "" {
			continue
		}
		for _, after := range []string{";", ","} {
			text = strings.ReplaceAll(text, after+"+", after+" ")
		}
		out = append(out, text)
	}
	return out
}

// Offer is one form a resource can be given in.
type Offer struct {
	Type    string // of the bytes: "application/dicom", "image/jpeg"
	Related bool   // as parts of a multipart/related body
	Syntax  string // transfer syntax UID; "" where there is none
	// Default: also for a range that names no transfer syntax.
	Default bool
}

// ContentType is the media type of the offer's bytes, with the transfer syntax
// where it has one (PS3.18 section 8.7.3.5.2).
func (o Offer) ContentType() string {
	if o.Syntax == "" {
		return o.Type
	}
	return o.Type + "; transfer-syntax=" + o.Syntax
}

// Choose returns the index of the offer that a client likes best, -1 if none is
// acceptable. How much it likes an offer says the most specific range that
// takes it (RFC 9110 section 12.5.1); of equals the range that stands first
// decides, then the order of offers.
func Choose(accept []Media, offers []Offer) int {
	best, bestQ, bestAt := -1, 0.0, 0
	for i, o := range offers {
		q, at, closest := 0.0, 0, -1
		for n, m := range accept {
			if c := m.takes(o); c > closest {
				q, at, closest = m.Q, n, c
			}
		}
		if q > bestQ || q == bestQ && q > 0 && at < bestAt {
			best, bestQ, bestAt = i, q, at
		}
	}
	return best
}

// takes tells how specifically a range takes an offer, -1 if it does not. A
// transfer syntax matters only to what has one.
func (m Media) takes(o Offer) int {
	kind := m.Type
	if kind == Related {
		if !o.Related {
			return -1
		}
		if kind = strings.ToLower(m.Params["type"]); kind == "" {
			kind = "*/*"
		}
	} else if o.Related && kind != "*/*" && kind != "multipart/*" {
		return -1
	}
	if kind == "multipart/*" {
		if !o.Related {
			return -1
		}
		kind = "*/*"
	}
	if !within(o.Type, kind) {
		return -1
	}
	near := 2 * (len(kind) - strings.Count(kind, "*")) // "*/*" < "image/*" < "image/jpeg"
	if m.Type == Related {
		near++
	}
	ts := m.Params["transfer-syntax"]
	switch {
	case o.Syntax == "" || ts == "*" || ts == "" && (o.Default || kind == "*/*"):
		return near
	case ts == o.Syntax:
		return near + nearest
	}
	return -1
}

// nearest is more than a media type can add: a range that names the transfer
// syntax is the most specific.
const nearest = 1 << 10

// within says that a media type falls in a range.
func within(kind, set string) bool {
	if set == "*/*" || set == kind {
		return true
	}
	group, ok := strings.CutSuffix(set, "*")
	return ok && strings.HasSuffix(group, "/") && strings.HasPrefix(kind, group)
}
