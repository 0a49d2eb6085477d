package route

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Rules lets administrators make and change routes.
type Rules struct {
	DB   *db.DB
	Seal func([]byte) []byte
}

// Bounds of a rule.
const (
	maxName       = 64
	maxModalities = 16
	maxToken      = 4096
	maxURL        = 400
)

var (
	aeTitle  = regexp.MustCompile(`^[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?$`) // PS3.5 6.2
	modality = regexp.MustCompile(`^[A-Z0-9_ ]{1,16}$`)                        // CS, PS3.5 6.2
	hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
)

// Create makes a route, from now on; token "" sends none. Administrators make
// them for their own member, those of the lead hospital for any and for all.
func (s *Rules) Create(ctx context.Context, actor hub.Actor, r *hub.Route, token string) error {
	const op = "route.Create"
	if err := s.fill(op, r, token); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := manages(tx, actor, r.Member, op); err != nil {
			return err
		}
		r.ID, r.Active, r.CreatedAt = hub.NewID[string](), true, tx.Now()
		if err := tx.InsertRoute(r); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "route.created", Object: "route/" + r.ID, OK: true, After: digest(r)})
	})
}

// Update writes all of a route but whose studies it is about; token nil keeps
// the one it has.
func (s *Rules) Update(ctx context.Context, actor hub.Actor, in *hub.Route, token *string) error {
	const op = "route.Update"
	given := ""
	if token != nil {
		given = *token
	}
	if err := s.fill(op, in, given); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		r, err := Managed(tx, actor, in.ID)
		if err != nil {
			return err
		}
		before := digest(r)
		in.Member, in.CreatedAt = r.Member, r.CreatedAt
		if token == nil {
			if in.URL != r.URL && len(r.Token) > 0 { // a token is for the root it was given for
				return hub.Field(op, "token", "missing")
			}
			in.Token = r.Token
		}
		if err := tx.UpdateRoute(in); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "route.changed", Object: "route/" + in.ID, OK: true, Before: before, After: digest(in)})
	})
}

// Remove removes a route and what waits for it.
func (s *Rules) Remove(ctx context.Context, actor hub.Actor, id string) error {
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		r, err := Managed(tx, actor, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteRoute(id); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "route.removed", Object: "route/" + id, OK: true, Before: digest(r)})
	})
}

// Retry sends what failed and what waits now, and returns how many studies
// that are.
func (s *Rules) Retry(ctx context.Context, actor hub.Actor, id string) (n int64, err error) {
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		if _, err := Managed(tx, actor, id); err != nil {
			return err
		}
		if n, err = tx.RetryRoute(id); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "route.retried", Object: "route/" + id, OK: true})
	})
	return n, err
}

// Managed returns a route that an administrator may manage, NotFound for
// others.
func Managed(tx *db.Tx, actor hub.Actor, id string) (*hub.Route, error) {
	r, err := tx.Route(id)
	if err != nil {
		return nil, err
	}
	return r, manages(tx, actor, r.Member, "route.Managed")
}

func manages(tx *db.Tx, actor hub.Actor, member hub.MemberID, op string) error {
	leads, err := account.Leads(tx, actor.Member)
	switch {
	case err != nil:
		return err
	case actor.Role != hub.Admin:
		return hub.E(hub.Forbidden, op, "role.not_allowed")
	case !leads && (member == "" || member != actor.Member):
		return hub.E(hub.NotFound, op, "not_found")
	}
	return nil
}

// fill checks a rule and brings it into the form that is kept: of the kind it
// is, and nothing of the other.
func (s *Rules) fill(op string, r *hub.Route, token string) error {
	r.Name, r.Calling, r.CalledAE, r.URL = strings.TrimSpace(r.Name), strings.TrimSpace(r.Calling), strings.TrimSpace(r.CalledAE), strings.TrimSpace(r.URL)
	switch {
	case r.Name == "":
		return hub.Field(op, "name", "missing")
	case len([]rune(r.Name)) > maxName:
		return hub.Field(op, "name", "too_long")
	case strings.ContainsFunc(r.Name, func(c rune) bool { return c < ' ' }):
		return hub.Field(op, "name", "not_text")
	case r.Calling != "" && !aeTitle.MatchString(r.Calling):
		return hub.Field(op, "calling", "invalid")
	case len(r.Modalities) > maxModalities || slices.ContainsFunc(r.Modalities, func(m string) bool { return !modality.MatchString(m) }):
		return hub.Field(op, "modalities", "invalid")
	}
	if r.Modalities == nil {
		r.Modalities = []string{}
	}
	switch r.Kind {
	case hub.RouteDIMSE:
		r.URL, r.Token = "", nil
		return checkNode(op, r)
	case hub.RouteSTOW:
		r.Address, r.Port, r.CalledAE, r.TLS, r.Token = "", 0, "", false, nil
		if token != "" {
			r.Token = s.Seal([]byte(token))
		}
		return checkRoot(op, r, token)
	}
	return hub.Field(op, "kind", "want dicom or web")
}

func checkNode(op string, r *hub.Route) error {
	if _, err := netip.ParseAddr(r.Address); err != nil && !hostName.MatchString(r.Address) {
		return hub.Field(op, "address", "invalid")
	}
	if r.Port < 1 || r.Port > 65535 {
		return hub.Field(op, "port", "invalid")
	}
	if !aeTitle.MatchString(r.CalledAE) {
		return hub.Field(op, "called_ae", "invalid")
	}
	return nil
}

func checkRoot(op string, r *hub.Route, token string) error {
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(r.URL) > maxURL {
		return hub.Field(op, "url", "invalid")
	}
	if len(token) > maxToken || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return hub.Field(op, "token", "invalid")
	}
	return nil
}

// digest tells two states of a rule apart; the token is not part of it.
func digest(r *hub.Route) string {
	b, err := json.Marshal(struct {
		*hub.Route
		Member hub.MemberID
	}{r, r.Member})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
