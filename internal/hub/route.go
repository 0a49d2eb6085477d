package hub

import (
	"slices"
	"strings"
	"time"
)

// Route forwards a copy of the studies it covers, once they have settled, to
// another DICOM node or DICOMweb root.
type Route struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Member     MemberID `json:"-"`          // whose studies; "": everybody's
	Modalities []string `json:"modalities"` // one of them is in the study; empty: any
	Calling    string   `json:"calling"`    // AE title that sent the study first; "": any way in
	// Kind is DIMSE (C-STORE to CalledAE at Address and Port) or STOW (to URL).
	Kind     RouteKind `json:"kind"`
	Address  string    `json:"address"`
	Port     int       `json:"port"`
	CalledAE string    `json:"called_ae"`
	TLS      bool      `json:"tls"`
	URL      string    `json:"url"` // of the DICOMweb services, as https://host/dicom-web
	Token    []byte    `json:"-"`   // bearer token, sealed; empty: none
	Active   bool      `json:"active"`
	// CreatedAt is from when on studies are forwarded.
	CreatedAt time.Time `json:"created_at,omitzero"`
}

// RouteKind is how a Route sends.
type RouteKind string

// The kinds.
const (
	RouteDIMSE RouteKind = "dicom"
	RouteSTOW  RouteKind = "web"
)

// Covers tells whether a study goes by the route.
func (r *Route) Covers(s *Study) bool {
	return r.Active && (r.Member == "" || r.Member == s.Member) && (r.Calling == "" || strings.EqualFold(r.Calling, s.Caller)) &&
		(len(r.Modalities) == 0 || slices.ContainsFunc(s.Modalities, func(m string) bool { return slices.Contains(r.Modalities, m) }))
}

// RouteState is how far a RouteJob is.
type RouteState string

// The states.
const (
	RouteWaiting RouteState = "waiting" // to be sent, perhaps again
	RouteFailed  RouteState = "failed"  // given up, Error says why
	RouteDone    RouteState = "done"    // every instance was taken
)

// RouteJob is one study on its way along a Route.
type RouteJob struct {
	ID    string     `json:"id"`
	Route string     `json:"route"`
	Study StudyID    `json:"-"`
	State RouteState `json:"state"`
	After InstanceID `json:"-"`    // sent up to and with this instance, by id
	Sent  int        `json:"sent"` // instances
	// Refused is how many of them the destination would not take, Reason why
	// it refused the first.
	Refused int       `json:"refused"`
	Reason  string    `json:"-"`
	Tries   int       `json:"tries"`
	NextAt  time.Time `json:"next_at,omitzero"` // of a waiting one
	// Since is when the present attempts began: they end after a time.
	Since     time.Time `json:"since,omitzero"`
	Error     string    `json:"error"`
	CreatedAt time.Time `json:"created_at"`
	DoneAt    time.Time `json:"done_at,omitzero"`
}
