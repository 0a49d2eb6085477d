package api

import (
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// AuditRow is an audit record with its place in the chain and its people by
// name.
type AuditRow struct {
	Seq int64 `json:"seq"`
	hub.Record
	Login  string `json:"login"`
	Member string `json:"member"` // code
}

// auditPage is how many records an answer holds at most.
const auditPage = 200

// auditRecords lists linked records, newest first: of everybody for an auditor
// of the lead hospital, of the own member's accounts for another. Reading the
// audit is itself a record.
func (s *Server) auditRecords(c *Call) (any, error) {
	q := c.URL.Query()
	before, limit, err := auditRange(q)
	if err != nil {
		return nil, err
	}
	tx := c.Read()
	member := c.Actor.Member
	leads, err := account.Leads(tx, member)
	if err != nil {
		return nil, err
	}
	if leads {
		member = ""
	}
	records, err := tx.AuditBy(member, q.Get("object"), before, limit)
	if err != nil {
		return nil, err
	}
	rows, err := auditRows(tx, records)
	if err != nil {
		return nil, err
	}
	out := listOf(rows)
	out["next"] = nil
	if len(records) == limit && records[limit-1].Seq > 1 {
		out["next"] = records[limit-1].Seq
	}
	return out, s.DB.Tx(c.Context(), func(tx *db.Tx) error {
		return tx.Audit(c.Actor, hub.Record{Action: "audit.read", Object: "audit/" + q.Get("object"), OK: true})
	})
}

func auditRange(q url.Values) (before int64, limit int, err error) {
	limit = auditPage
	if text := q.Get("before"); text != "" {
		if before, err = strconv.ParseInt(text, 10, 64); err != nil || before < 1 {
			return 0, 0, hub.Field("api.audit", "before", "want a number from 1")
		}
	}
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return 0, 0, hub.Field("api.audit", "limit", "want a number from 1")
		}
	}
	return before, min(limit, auditPage), nil
}

func auditRows(tx *db.Tx, records []hub.Record) ([]AuditRow, error) {
	names, err := codes(tx)
	if err != nil {
		return nil, err
	}
	logins := map[hub.AccountID]string{"": ""}
	rows := make([]AuditRow, 0, len(records))
	for _, r := range records {
		login, seen := logins[r.Actor]
		if !seen {
			a, err := tx.Account(r.Actor)
			if err != nil && hub.KindOf(err) != hub.NotFound {
				return nil, err
			}
			if err == nil {
				login = a.Login
			}
			logins[r.Actor] = login
		}
		rows = append(rows, AuditRow{r.Seq, r, login, names[r.Member]})
	}
	return rows, nil
}

// AllianceSummary are the counts of a period: no patient, no doctor, no text.
type AllianceSummary struct {
	From        time.Time       `json:"from"`
	To          time.Time       `json:"to"`
	Tasks       []db.TaskCount  `json:"tasks"` // submitted in the period, by member and kind
	Timely      TimelyView      `json:"timely"`
	Critical    []db.NamedCount `json:"critical"` // found in the period, by state
	Recognition RecognitionView `json:"recognition"`
}

// TimelyView is indicator K02: first report by the due time. The rate is in
// percent, null when nothing was due.
type TimelyView struct {
	db.Timely
	Rate *float64 `json:"rate"`
}

// RecognitionView counts decisions and what recognised results saved, in yuan.
type RecognitionView struct {
	Decisions []db.NamedCount `json:"decisions"`
	Saved     float64         `json:"saved"`
}

// summaryDays is the period when none is asked for.
const summaryDays = 30

func (s *Server) summary(c *Call) (any, error) {
	tx := c.Read()
	from, to, err := period(c.URL.Query(), tx.Now())
	if err != nil {
		return nil, err
	}
	out := AllianceSummary{From: from, To: to}
	if out.Tasks, err = tx.TaskCounts(from, to); err != nil {
		return nil, err
	}
	if out.Timely.Timely, err = tx.TimelyTasks(from, to); err != nil {
		return nil, err
	}
	if t := out.Timely; t.Due > 0 {
		rate := math.Round(float64(t.InTime)/float64(t.Due)*10000) / 100
		out.Timely.Rate = &rate
	}
	if out.Critical, err = tx.CriticalCounts(from, to); err != nil {
		return nil, err
	}
	out.Recognition.Decisions, out.Recognition.Saved, err = tx.DecisionCounts(from, to)
	return out, err
}

// period reads from and to as RFC 3339; to is now and from 30 days earlier
// when they are not given.
func period(q url.Values, now time.Time) (from, to time.Time, err error) {
	to = now
	if text := q.Get("to"); text != "" {
		if to, err = time.Parse(time.RFC3339, text); err != nil {
			return from, to, hub.Field("api.period", "to", "not_a_time")
		}
	}
	from = to.AddDate(0, 0, -summaryDays)
	if text := q.Get("from"); text != "" {
		if from, err = time.Parse(time.RFC3339, text); err != nil {
			return from, to, hub.Field("api.period", "from", "not_a_time")
		}
	}
	if !from.Before(to) {
		return from, to, hub.Field("api.period", "from", "not before to")
	}
	return from.UTC(), to.UTC(), nil
}
