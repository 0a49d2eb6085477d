package account

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Lengths in characters that the rows and the standards allow.
const (
	maxName  = 64
	maxShort = 32
	maxList  = 32 // skills and rights of one account
	// maxSilent is the most working hours a device may be silent: 100 days.
	maxSilent = 1000
)

var (
	memberCode = regexp.MustCompile(`^[A-Z0-9][A-Z0-9_-]{0,15}$`) // also an AE title and a metric label
	loginName  = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._@-]{1,63}$`)
	aeTitle    = regexp.MustCompile(`^[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?$`) // PS3.5 6.2: no backslash, no outer spaces
	hostName   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
)

var levels = []string{"", "village", "township", "county", "city", "province"}

// titles are the codes of GB/T 8561 for doctors, chief first.
var titles = []string{"", "231", "232", "233", "234", "235"}

var kinds = []hub.TaskKind{hub.Image, hub.ECG, hub.Holter, hub.Consultation}

// rightsOf lists which rights go with a role. Administrative roles have none:
// they never read.
var rightsOf = map[hub.Role][]hub.Right{
	hub.Reader:     {hub.SignPreliminary, hub.SignAlone, hub.Head, hub.DutyDesk},
	hub.Reviewer:   {hub.SignPreliminary, hub.SignAlone, hub.Head, hub.DutyDesk},
	hub.Expert:     {hub.Head, hub.DutyDesk},
	hub.Clinician:  {hub.Head, hub.DutyDesk},
	hub.Dispatcher: {hub.Head, hub.DutyDesk},
	hub.QC:         {hub.Head},
}

// text checks a line of words: valid, printable and between least and most
// characters.
func text(op, field, s string, least, most int) error {
	n := utf8.RuneCountInString(s)
	switch {
	case n < least || strings.TrimSpace(s) == "" && least > 0:
		return hub.Field(op, field, "missing")
	case n > most:
		return hub.Field(op, field, "too_long")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return hub.Field(op, field, "not_text")
	}
	return nil
}

func checkMember(op string, m *hub.Member) error {
	if !memberCode.MatchString(m.Code) {
		return hub.Field(op, "code", "invalid")
	}
	if !slices.Contains(levels, m.Level) {
		return hub.Field(op, "level", "unknown")
	}
	return firstError(text(op, "name", m.Name, 1, maxName), text(op, "phone", m.Phone, 0, maxShort))
}

func checkAccount(op string, a *hub.Account) error {
	if !loginName.MatchString(a.Login) {
		return hub.Field(op, "login", "invalid")
	}
	if !slices.Contains(hub.Roles, a.Role) {
		return hub.Field(op, "role", "unknown")
	}
	if !slices.Contains(titles, a.Title) {
		return hub.Field(op, "title", "unknown")
	}
	if a.Role == hub.Reviewer && a.Title > "233" {
		return hub.Field(op, "title", "below_attending")
	}
	if len(a.Skills) > maxList {
		return hub.Field(op, "skills", "too_long")
	}
	for _, skill := range a.Skills {
		if err := text(op, "skills", skill, 1, maxShort); err != nil {
			return err
		}
	}
	return firstError(CheckRights(a.Role, a.Rights), text(op, "name", a.Name, 1, maxName),
		text(op, "certificate", a.Certificate, 0, maxShort), text(op, "phone", a.Phone, 0, maxShort))
}

// CheckRights refuses rights that do not go with a role; a sign_alone may name
// a kind, as in sign_alone:ecg.
func CheckRights(role hub.Role, rights []hub.Right) error {
	const op = "account.CheckRights"
	if len(rights) > maxList {
		return hub.Field(op, "rights", "too_long")
	}
	for _, r := range rights {
		base, kind, named := strings.Cut(string(r), ":")
		if named && (hub.Right(base) != hub.SignAlone || !slices.Contains(kinds, hub.TaskKind(kind))) {
			return hub.Field(op, "rights", "unknown")
		}
		if !slices.Contains(rightsOf[role], hub.Right(base)) {
			return hub.Field(op, "rights", "not_for_role")
		}
	}
	return nil
}

// charsets are those a device may be answered in, "" for the default.
var charsets = []string{"", "GB18030", "GBK", "ISO_IR 192", "ISO_IR 100", "ISO_IR 6"}

// fingerprint is the SHA-256 of a certificate.
var fingerprint = regexp.MustCompile(`^[0-9a-f]{64}$`)

func checkDevice(op string, d *hub.Device) error {
	if !aeTitle.MatchString(d.AETitle) {
		return hub.Field(op, "ae_title", "invalid")
	}
	if _, err := netip.ParseAddr(d.Address); d.Address != "" && err != nil && !hostName.MatchString(d.Address) {
		return hub.Field(op, "address", "invalid")
	}
	if d.Port < 0 || d.Port > 65535 || d.Port > 0 && d.Address == "" {
		return hub.Field(op, "port", "invalid")
	}
	for _, service := range d.Services {
		if !slices.Contains(hub.Services, service) {
			return hub.Field(op, "services", "unknown")
		}
	}
	if d.SilentHours < 0 || d.SilentHours > maxSilent {
		return hub.Field(op, "silent_hours", "invalid")
	}
	if !slices.Contains(charsets, d.Charset) {
		return hub.Field(op, "charset", "unknown")
	}
	if d.Certificate != "" && !fingerprint.MatchString(d.Certificate) {
		return hub.Field(op, "fingerprint", "invalid")
	}
	return firstError(text(op, "name", d.Name, 0, maxName), text(op, "kind", d.Kind, 0, maxShort))
}

func checkAgreement(op string, a *hub.Agreement) error {
	for _, k := range a.Kinds {
		if !slices.Contains(kinds, k) {
			return hub.Field(op, "kinds", "unknown")
		}
	}
	if !a.To.IsZero() && !a.To.After(a.From) {
		return hub.Field(op, "to", "before_from")
	}
	return nil
}

func checkDuty(op string, d *hub.Duty, a *hub.Account) error {
	if d.Kind != "" && !slices.Contains(kinds, hub.TaskKind(d.Kind)) {
		return hub.Field(op, "kind", "unknown")
	}
	switch a.Role {
	case hub.Reader, hub.Reviewer, hub.Expert:
	default:
		return hub.Field(op, "account", "does_not_read")
	}
	if !d.To.IsZero() && d.To.Before(d.From) {
		return hub.Field(op, "to", "before_from")
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
