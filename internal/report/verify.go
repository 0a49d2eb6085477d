package report

import (
	"context"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// shownHash is how many digits of the hash a verification address carries;
// fewer are not accepted.
const shownHash = 32

// verifyPath is where anybody can ask whether a printed report is genuine.
func verifyPath(id hub.ReportID, hash string) string {
	return "/verify/" + string(id) + "?h=" + hash[:shownHash]
}

// Verdict is what anybody who holds a printed report may learn: whether it is
// genuine and still valid, and enough to compare with the paper.
type Verdict struct {
	Genuine  bool       `json:"genuine"`
	State    string     `json:"state,omitempty"` // issued, preliminary, superseded, void
	Version  int        `json:"version,omitempty"`
	Patient  string     `json:"patient,omitempty"` // masked
	Item     string     `json:"item,omitempty"`
	Member   string     `json:"member,omitempty"`
	Centre   string     `json:"centre,omitempty"`
	SignedAt *time.Time `json:"signed_at,omitempty"`
	Hash     string     `json:"hash,omitempty"`
}

// Verify answers for a report's id and the beginning of a hash, at least 32
// hex digits. An unknown id and a hash that fits nothing look the same.
func (s *Service) Verify(ctx context.Context, id hub.ReportID, hash string) (*Verdict, error) {
	hash = strings.ToLower(strings.TrimSpace(hash))
	if len(hash) < shownHash {
		return &Verdict{}, nil
	}
	tx := s.DB.Read(ctx)
	versions, err := tx.ReportVersions(id)
	if err != nil {
		return nil, err
	}
	for i, r := range versions {
		if r.Hash == "" || !strings.HasPrefix(r.Hash, hash) {
			continue
		}
		if err := Verify(s.Keys, r); err != nil {
			s.Log.Error("report: signature does not verify", "report", r.ID, "version", r.Version, "error", err)
			return &Verdict{}, nil
		}
		t, err := tx.Task(r.Task)
		if err != nil {
			return nil, err
		}
		o, err := tx.Order(t.Order)
		if err != nil {
			return nil, err
		}
		v := &Verdict{Genuine: true, State: string(r.State), Version: r.Version, Patient: hub.MaskName(o.PatientName), Item: o.ItemName, SignedAt: when(r.SignedAt), Hash: r.Hash}
		for _, later := range versions[i+1:] {
			if later.State == hub.ReportIssued && r.State != hub.ReportVoid {
				v.State = "superseded"
			}
		}
		member, err := tx.Member(t.Member)
		if err != nil {
			return nil, err
		}
		centre, err := tx.Member(t.Centre)
		if err != nil {
			return nil, err
		}
		v.Member, v.Centre = member.Name, centre.Name
		return v, nil
	}
	return &Verdict{}, nil
}
