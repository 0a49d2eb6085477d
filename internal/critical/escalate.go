package critical

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Whom a notice is meant for.
const (
	clinicAgain = "clinic"
	clinicHead  = "clinic_head"
	dispatcher  = "dispatcher"
	dutyDesk    = "duty_desk"
)

// ladder is whom each escalation step tells, and how long after the finding.
func (s *Service) ladder() []rung {
	return []rung{{clinicAgain, s.Rules.CriticalRepeat}, {clinicHead, s.Rules.CriticalHead}, {dispatcher, s.Rules.CriticalDispatcher},
		{dutyDesk, s.Rules.CriticalDutyDesk}}
}

type rung struct {
	to    string
	after time.Duration
}

const (
	escalateEvery = 200 * time.Millisecond
	escalateMost  = 100 // critical values a turn looks at
	leadLease     = 15 * time.Second
	leadEvery     = 5 * time.Second
)

// Run tells more people of what nobody has received, on the node that leads,
// until ctx ends.
func (s *Service) Run(ctx context.Context, node string, log *slog.Logger) {
	tick := time.NewTicker(escalateEvery)
	defer tick.Stop()
	lead := leader{db: s.DB, job: "critical", node: node, log: log}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !lead.leads(ctx) {
			continue
		}
		if err := s.Escalate(ctx); err != nil && ctx.Err() == nil {
			log.Error("critical: escalation", "error", err)
		}
	}
}

// Escalate lets the steps happen whose time has come. Each happens once for a
// critical value, whoever asks and however often.
func (s *Service) Escalate(ctx context.Context) error {
	waiting, err := s.DB.Read(ctx).Escalating(len(s.ladder()), escalateMost)
	if err != nil {
		return err
	}
	var faults []error
	for _, c := range waiting {
		faults = append(faults, s.DB.Tx(ctx, func(tx *db.Tx) error { return s.climb(tx, c.ID) }))
	}
	return errors.Join(faults...)
}

// climb does the steps of one critical value that are due.
func (s *Service) climb(tx *db.Tx, id hub.CriticalID) error {
	c, err := tx.Critical(id)
	if err != nil {
		return err
	}
	ladder := s.ladder()
	for c.State == hub.CriticalNotified && c.Step < len(ladder) {
		next := ladder[c.Step]
		if tx.Now().Before(c.FoundAt.Add(next.after)) {
			return nil
		}
		c.Step++
		if ok, err := tx.UpdateCritical(c, hub.CriticalNotified); err != nil || !ok {
			return err
		}
		const name = "critical.escalated"
		v, err := s.tell(tx, hub.System, c, name, next.to, map[string]any{"step": c.Step, "to": next.to})
		if err != nil {
			return err
		}
		if err := s.post(tx, v, notice{Event: name, Step: c.Step, To: next.to}); err != nil {
			return err
		}
	}
	return nil
}

// Contact is a person, or a duty desk's telephone, to be told.
type Contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

// leadSetting names the lead hospital, whose duty desk is the last to be told.
const leadSetting = "lead_member"

// contacts are the people a notice is meant for: active accounts with their
// telephone numbers, after the duty line of their institution.
func contacts(tx *db.Tx, v *View, to string) ([]Contact, error) {
	of := v.member
	pick := func(a *hub.Account) bool { return a.Role == hub.Clinician || a.Role == hub.Tech }
	switch to {
	case clinicHead:
		pick = func(a *hub.Account) bool { return slices.Contains(a.Rights, hub.Head) }
	case dispatcher:
		of = v.centre
		pick = func(a *hub.Account) bool { return a.Role == hub.Dispatcher }
	case dutyDesk:
		of = v.centre
		if lead, err := tx.Setting(leadSetting); err != nil {
			return nil, err
		} else if lead != "" {
			of = hub.MemberID(lead)
		}
		pick = func(a *hub.Account) bool { return slices.Contains(a.Rights, hub.DutyDesk) }
	}
	list := []Contact{}
	m, err := tx.Member(of)
	if err != nil {
		return nil, err
	}
	if m.Phone != "" && (to == clinicAgain || to == dutyDesk) {
		list = append(list, Contact{m.Name, m.Phone})
	}
	accounts, err := tx.Accounts(of)
	for _, a := range accounts {
		if a.Active && a.Phone != "" && pick(a) {
			list = append(list, Contact{a.Name, a.Phone})
		}
	}
	return list, err
}

// leader asks now and then whether this node leads a job.
type leader struct {
	db        *db.DB
	job, node string
	log       *slog.Logger
	asked     time.Time
	is        bool
}

func (l *leader) leads(ctx context.Context) bool {
	if time.Since(l.asked) < leadEvery {
		return l.is
	}
	is, err := l.db.Lead(ctx, l.job, l.node, leadLease)
	if err != nil {
		if ctx.Err() == nil {
			l.log.Error("critical: leadership", "job", l.job, "error", err)
		}
		l.is = false
		return false
	}
	l.asked, l.is = time.Now(), is
	return is
}
