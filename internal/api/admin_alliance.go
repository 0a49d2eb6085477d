package api

import (
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// AgreementRow is an agreement with its members by code.
type AgreementRow struct {
	ID       string         `json:"id"`
	Source   string         `json:"source"`
	Centre   string         `json:"centre"`
	Kinds    []hub.TaskKind `json:"kinds"` // empty: every kind
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to,omitzero"`
	Fallback bool           `json:"fallback"`
}

func agreementRow(a *hub.Agreement, names map[hub.MemberID]string) AgreementRow {
	kinds := a.Kinds
	if kinds == nil {
		kinds = []hub.TaskKind{}
	}
	return AgreementRow{a.ID, names[a.Source], names[a.Centre], kinds, a.From, a.To, a.Fallback}
}

func (s *Server) agreements(c *Call) (any, error) {
	tx := c.Read()
	source, err := administered(tx, c.Actor, c.URL.Query().Get("source"))
	if err != nil {
		return nil, err
	}
	names, err := codes(tx)
	if err != nil {
		return nil, err
	}
	all, err := tx.Agreements(source)
	rows := make([]AgreementRow, 0, len(all))
	for _, a := range all {
		rows = append(rows, agreementRow(a, names))
	}
	return listOf(rows), err
}

func (s *Server) addAgreement(c *Call) (any, error) {
	var in AgreementRow
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	tx := c.Read()
	source, err := memberOf(tx, "source", in.Source)
	if err != nil {
		return nil, err
	}
	centre, err := memberOf(tx, "centre", in.Centre)
	if err != nil {
		return nil, err
	}
	a := &hub.Agreement{Source: source.ID, Centre: centre.ID, Kinds: in.Kinds, From: in.From, To: in.To, Fallback: in.Fallback}
	if err := s.Accounts.CreateAgreement(c.Context(), c.Actor, a); err != nil {
		return nil, err
	}
	return made(agreementRow(a, map[hub.MemberID]string{source.ID: source.Code, centre.ID: centre.Code})), nil
}

func (s *Server) endAgreement(c *Call) (any, error) {
	var in struct {
		Reason string `json:"reason"`
	}
	if c.ContentLength != 0 {
		if err := c.JSON(&in); err != nil {
			return nil, err
		}
	}
	all, err := c.Read().Agreements("")
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(a *hub.Agreement) bool { return a.ID == c.PathValue("id") })
	if i < 0 {
		return nil, outside("api.endAgreement")
	}
	return nil, s.Accounts.EndAgreement(c.Context(), c.Actor, all[i].Source, all[i].ID, in.Reason)
}

func (s *Server) catalogue(c *Call) (any, error) {
	items, err := c.Read().Catalogue()
	return listOf(items), err
}

func (s *Server) putItem(c *Call) (any, error) {
	var item hub.CatalogueItem
	if err := c.JSON(&item); err != nil {
		return nil, err
	}
	item.Code = c.PathValue("code")
	return item, s.Accounts.PutItem(c.Context(), c.Actor, &item)
}

// MarkRow is a mark with its member by code.
type MarkRow struct {
	Member string    `json:"member"`
	Item   string    `json:"item"`
	Label  string    `json:"label"`
	Scope  string    `json:"scope"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"`
}

func (s *Server) marks(c *Call) (any, error) {
	tx := c.Read()
	member, err := administered(tx, c.Actor, c.URL.Query().Get("member"))
	if err != nil {
		return nil, err
	}
	names, err := codes(tx)
	if err != nil {
		return nil, err
	}
	all, err := tx.Marks(member)
	rows := make([]MarkRow, 0, len(all))
	for _, m := range all {
		rows = append(rows, MarkRow{names[m.Member], m.Item, m.Label, m.Scope, m.From, m.To})
	}
	return listOf(rows), err
}

func (s *Server) putMark(c *Call) (any, error) {
	var in MarkRow
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	m, err := memberOf(c.Read(), "member", in.Member)
	if err != nil {
		return nil, err
	}
	mark := &hub.Mark{Member: m.ID, Item: in.Item, Label: in.Label, Scope: in.Scope, From: in.From, To: in.To}
	if err := s.Accounts.PutMark(c.Context(), c.Actor, mark); err != nil {
		return nil, err
	}
	in.From = mark.From
	return in, nil
}

// allianceTemplates lists the templates and phrases that every reader sees.
func (s *Server) allianceTemplates(c *Call) (any, error) {
	tx := c.Read()
	whole, err := tx.Templates("", false)
	if err != nil {
		return nil, err
	}
	phrases, err := tx.Templates("", true)
	return listOf(slices.Concat(whole, phrases)), err
}

func (s *Server) addAllianceTemplate(c *Call) (any, error) {
	var t hub.Template
	if err := c.JSON(&t); err != nil {
		return nil, err
	}
	if err := s.Accounts.AddTemplate(c.Context(), c.Actor, &t); err != nil {
		return nil, err
	}
	return made(t), nil
}

func (s *Server) removeAllianceTemplate(c *Call) (any, error) {
	return nil, s.Accounts.RemoveTemplate(c.Context(), c.Actor, c.PathValue("id"))
}
