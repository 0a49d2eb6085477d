// Package reassign puts objects under the order they belong to: pictures that
// came before their order wait in the clinic's inbox and are matched there by
// one person; objects that were already sent to a centre under the wrong
// patient are re-assigned by two, one of the clinic and one of the centre. The
// objects never change; who they are about is a row.
package reassign

import (
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// header is who the objects of a task say they are of.
type header struct {
	names     []string // the groups of the person name that are there, folded
	localID   string
	sex       string
	birthDate string // YYYY-MM-DD
	accession string
	modality  []string
	bodyPart  string
}

// headerOf reads what the first study of a task says, or, of a recording that
// is no DICOM object, what its patient's row was made from.
func headerOf(tx *db.Tx, t *hub.Task) (*header, error) {
	if t.Study != "" {
		row, err := tx.Study(t.Study)
		if err != nil {
			return nil, err
		}
		h := &header{localID: row.LocalID, sex: row.Sex, birthDate: dashed(row.BirthDate), accession: row.Accession, modality: row.Modalities}
		for group := range strings.SplitSeq(row.PatientName, "=") {
			h.addName(strings.ReplaceAll(group, "^", " "))
		}
		list, err := tx.SeriesOf(row.ID)
		if err == nil && len(list) > 0 {
			h.bodyPart = list[0].BodyPart
		}
		return h, err
	}
	o, err := tx.Order(t.Order)
	if err != nil {
		return nil, err
	}
	h := &header{modality: []string{"ECG"}}
	if o.Origin != "draft" {
		return h, nil // the file's own words are in the object only
	}
	h.localID, h.sex, h.birthDate = o.LocalID, o.Sex, o.BirthDate
	if strings.HasPrefix(h.localID, "~") {
		h.localID = "" // made by the hub for a file that names nobody
	}
	h.addName(o.PatientName)
	return h, nil
}

func (h *header) addName(name string) {
	if n := fold(name); n != "" {
		h.names = append(h.names, n)
	}
}

// fold makes names comparable: lower case, without spaces and separators.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ^·.,-　", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// dashed turns YYYYMMDD into YYYY-MM-DD, anything else into "".
func dashed(date string) string {
	if len(date) != 8 || strings.Trim(date, "0123456789") != "" {
		return ""
	}
	return date[:4] + "-" + date[4:6] + "-" + date[6:]
}

// agreement of one attribute between header and order.
type agreement int

const (
	silent agreement = iota // one of them does not say, or they cannot be compared
	agrees
	differs
)

func compare(a, b string) agreement {
	switch {
	case a == "" || b == "":
		return silent
	case a == b:
		return agrees
	}
	return differs
}

// name compares any group of the header's name with the order's. A header in
// pinyin says nothing about a name in characters.
func (h *header) name(order string) agreement {
	order = fold(order)
	out := silent
	for _, n := range h.names {
		switch {
		case order == "":
		case n == order:
			return agrees
		case latin(n) == latin(order):
			out = differs
		}
	}
	return out
}

func latin(s string) bool {
	for _, r := range s {
		if r > 0x24F {
			return false
		}
	}
	return true
}

// doubt is the warning a reader must see when objects stand under an order
// that their header contradicts; nil if it does not (domain rules, section 2).
func (h *header) doubt(o *hub.Order) *hub.Warning {
	name := h.name(o.PatientName)
	switch {
	case h.localID == "" && len(h.names) == 0:
		return &hub.Warning{Code: "identity.absent"}
	case h.localID != "" && h.localID == o.LocalID:
		return nil
	case name == agrees && compare(h.sex, o.Sex) != differs && compare(h.birthDate, o.BirthDate) != differs:
		return nil
	case h.localID == "" && name == silent:
		return &hub.Warning{Code: "identity.pinyin_only"}
	}
	return &hub.Warning{Code: "identity.mismatch", Values: map[string]string{"header_name": strings.Join(h.names, " "), "order_name": o.PatientName}}
}

// rewarn replaces what a task's warnings say of identity by what its header
// says against order o; reason answers a mismatch, "" leaves it open.
func rewarn(t *hub.Task, h *header, o *hub.Order, reason string) {
	kept := []hub.Warning{}
	for _, w := range t.Warnings {
		if !strings.HasPrefix(w.Code, "identity.") {
			kept = append(kept, w)
		}
	}
	if w := h.doubt(o); w != nil {
		if w.Code == "identity.mismatch" && reason != "" {
			w.Values["reason"] = reason
		}
		kept = append(kept, *w)
	}
	t.Warnings = kept
}

// give makes the objects of a task the patient's of an order.
func give(tx *db.Tx, t *hub.Task, o *hub.Order) ([]*db.StudyRow, error) {
	list, err := tx.StudiesOf(t.ID)
	if err != nil {
		return nil, err
	}
	for _, study := range list {
		if err := tx.GiveStudy(study.ID, o.Patient); err != nil {
			return nil, err
		}
	}
	if t.Recording == "" {
		return list, nil
	}
	return list, tx.GiveRecording(t.Recording, o.Patient)
}
