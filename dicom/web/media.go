package web

import (
	"errors"
	"slices"
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

// ParseAccept reads what a client accepts, best first: the query parameter
// "accept" if there is one, else the header lines (PS3.18 section 8.3.3.1: the
// query wins, since an <img> cannot set headers). Ranges that cannot be read
// are left out; no header at all accepts everything.
func ParseAccept(header []string, query string) []Media {
	lines := header
	if query != "" {
		lines = []string{query}
	}
	all := strings.TrimSpace(strings.Join(lines, ","))
	if all == "" {
		return []Media{{Type: "*/*", Q: 1}}
	}
	var out []Media
	for _, s := range split(all, ',') {
		if m, err := ParseMedia(s); err == nil && m.Q > 0 && len(out) < maxMedia {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b Media) int {
		switch {
		case a.Q > b.Q:
			return -1
		case a.Q < b.Q:
			return 1
		}
		return 0
	})
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

// Choose returns the index of the first offer that the best range takes, then
// the next range, and so on; -1 if none is acceptable.
func Choose(accept []Media, offers []Offer) int {
	for _, m := range accept {
		for i, o := range offers {
			if m.takes(o) {
				return i
			}
		}
	}
	return -1
}

func (m Media) takes(o Offer) bool {
	kind := m.Type
	if kind == Related {
		if !o.Related {
			return false
		}
		if kind = strings.ToLower(m.Params["type"]); kind == "" {
			kind = "*/*"
		}
	} else if o.Related && kind != "*/*" && kind != "multipart/*" {
		return false
	}
	if kind == "multipart/*" {
		kind = "*/*"
	}
	if !within(o.Type, kind) {
		return false
	}
	switch ts := m.Params["transfer-syntax"]; ts {
	case "":
		return o.Default || kind == "*/*"
	case "*":
		return true
	default:
		return ts == o.Syntax
	}
}

// within says that a media type falls in a range.
func within(kind, set string) bool {
	if set == "*/*" || set == kind {
		return true
	}
	group, ok := strings.CutSuffix(set, "*")
	return ok && strings.HasSuffix(group, "/") && strings.HasPrefix(kind, group)
}
