package account

import (
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	for password, why := range map[string]string{
		"Ab1!":                              "too_short",
		"abcdefghijkl":                      "too_simple",
		"abcdefgh1234":                      "too_simple",
		"Xx-WangWei-77":                     "contains_login",
		"Aa1" + strings.Repeat("x", 200):    "too_long",
		"Aa1\xff\xfe\xfd\xfc\xfb\xfa\xf9xx": "not_text",
		"Abcdefgh12":                        "",
		"远程诊断远程诊断A1":                        "",
	} {
		if got := o.tooWeak("wangwei", password); got != why {
			t.Errorf("%q: %q, want %q", password, got, why)
		}
	}
}

func TestPasswordHashKeepsItsParametersAndSalt(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	one, two := o.hash.encode("same"), o.hash.encode("same")
	if one == two {
		t.Error("two hashes of one password are equal: no salt")
	}
	if !o.matches(one, "same") || o.matches(one, "Same") {
		t.Error("comparison is wrong")
	}
	cheaper := Params{MemoryKiB: 32, Passes: 2, Lanes: 2}
	if !o.matches(cheaper.encode("same"), "same") {
		t.Error("a hash made with other parameters is not read with them")
	}
	for _, damaged := range []string{"", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$", strings.Replace(one, "argon2id", "argon2i", 1),
		strings.Replace(one, "m=64", "m=99999999", 1), strings.Replace(one, "t=1", "t=0", 1), strings.Replace(one, "p=1", "p=0", 1)} {
		if o.matches(damaged, "same") {
			t.Errorf("%q matched", damaged)
		}
	}
}

func FuzzDamagedPasswordHashIsRefused(f *testing.F) {
	f.Add(Params{MemoryKiB: 8, Passes: 1, Lanes: 1}.encode("x"))
	f.Add("$argon2id$v=19$m=-1,t=1,p=300$$")
	f.Fuzz(func(t *testing.T, encoded string) {
		p, salt, hash, err := parsePHC(encoded)
		if err == nil && (p.MemoryKiB > maxMemoryKiB || p.Passes == 0 || p.Passes > maxPasses || p.Lanes == 0 || len(salt) < 8 || len(hash) != hashSize) {
			t.Fatalf("accepted %+v", p)
		}
	})
}

func TestChangedPasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	mine, other := o.login("li"), o.login("li")
	who, current, err := o.Authenticate(t.Context(), mine.Secret)
	if err != nil {
		t.Fatal(err)
	}
	const fresh = "New-Password-9"
	wantCode(t, o.ChangePassword(t.Context(), who, current, "wrong", fresh), hub.Unauthorized, "login.wrong")
	wantField(t, o.ChangePassword(t.Context(), who, current, goodPassword, goodPassword), "password", "same_as_old")
	wantField(t, o.ChangePassword(t.Context(), who, current, goodPassword, "short"), "password", "too_short")
	if err := o.ChangePassword(t.Context(), who, current, goodPassword, fresh); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Authenticate(t.Context(), mine.Secret); err != nil {
		t.Errorf("own session: %v", err)
	}
	_, _, err = o.Authenticate(t.Context(), other.Secret)
	wantCode(t, err, hub.Unauthorized, "session.missing")
	if _, err := o.try("li", fresh, ""); err != nil {
		t.Error(err)
	}
}

func TestTokenActsAsItsAccountUntilRevoked(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	token, err := o.MintToken(t.Context(), actor(o.reader), o.reader.ID, "viewer", 0)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(token, "yz_") || len(token) < 3+43 {
		t.Errorf("token %q is too short", token)
	}
	who, c, err := o.Authenticate(t.Context(), token)
	if err != nil || who.Account != o.reader.ID || c.Kind != "token" {
		t.Fatalf("%+v, %v", who, err)
	}
	o.sql("UPDATE credential SET seen_at = 1") // tokens have no idle end
	o.cache.forget(o.reader.ID)
	if _, _, err := o.Authenticate(t.Context(), token); err != nil {
		t.Errorf("unused for long: %v", err)
	}
	list, err := o.Tokens(t.Context(), o.admin, o.reader.ID)
	if err != nil || len(list) != 1 || list[0].Name != "viewer" {
		t.Fatalf("%v, %v", list, err)
	}
	wantCode(t, o.RevokeToken(t.Context(), o.clinicAdmin, list[0].Hash), hub.NotFound, "not_found")
	if err := o.RevokeToken(t.Context(), o.admin, list[0].Hash); err != nil {
		t.Fatal(err)
	}
	_, _, err = o.Authenticate(t.Context(), token)
	wantCode(t, err, hub.Unauthorized, "session.missing")
}

func TestTokenEndsWithItsTime(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	token, err := o.MintToken(t.Context(), hub.System, o.reader.ID, "short", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	o.sql("UPDATE credential SET expires_at = expires_at - ?", time.Hour.Milliseconds())
	_, _, err = o.Authenticate(t.Context(), token)
	wantCode(t, err, hub.Unauthorized, "session.expired")
}

func TestAdministratorMakesTokensForMachinesAndNotForDoctors(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	machine := &hub.Account{Member: o.clinic, Login: "gateway1", Name: "gateway", Role: hub.Tech, AutoSubmit: true}
	if err := o.CreateAccount(t.Context(), o.clinicAdmin, machine, ""); err != nil {
		t.Fatal(err)
	}
	token, err := o.MintToken(t.Context(), o.clinicAdmin, machine.ID, "gateway", 0)
	if err != nil {
		t.Fatal(err)
	}
	if who, _, err := o.Authenticate(t.Context(), token); err != nil || !who.Submits {
		t.Errorf("%+v, %v", who, err)
	}
	_, err = o.try("gateway1", "", "")
	wantCode(t, err, hub.Unauthorized, "login.wrong")
	_, err = o.MintToken(t.Context(), o.admin, o.reader.ID, "spy", 0)
	wantCode(t, err, hub.Forbidden, "token.not_for_others")
}

func TestFirstAdministratorComesByALinkThatWorksOnce(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	if secret, err := o.SetupLink(t.Context()); err != nil || secret != "" {
		t.Fatalf("a hub with an administrator gave out %q (%v)", secret, err)
	}
	o.sql("UPDATE account SET active = 0 WHERE role = 'admin'")
	replaced, err := o.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	secret, err := o.SetupLink(t.Context())
	if err != nil || secret == "" {
		t.Fatalf("%q, %v", secret, err)
	}
	form := Setup{Secret: replaced, MemberCode: "NEWLEAD", MemberName: "旅顺口区人民医院", Login: "boss", Name: "王", Password: goodPassword}
	_, err = o.CompleteSetup(t.Context(), form)
	wantCode(t, err, hub.Unauthorized, "setup.link_over")

	form.Secret, form.Password = secret, "short"
	_, err = o.CompleteSetup(t.Context(), form)
	wantField(t, err, "password", "too_short")
	form.Password = goodPassword
	admin, err := o.CompleteSetup(t.Context(), form)
	if err != nil || admin.Role != hub.Admin {
		t.Fatalf("%+v, %v", admin, err)
	}
	o.login("boss")
	form.Login = "second"
	_, err = o.CompleteSetup(t.Context(), form)
	wantCode(t, err, hub.Unauthorized, "setup.link_over")
}

func TestSetupLinkEndsAfterADay(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	o.sql("UPDATE account SET active = 0 WHERE role = 'admin'")
	secret, err := o.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.sql("UPDATE setting SET value = ? WHERE name = 'setup'", secretHash(secret)+" "+time.Now().Add(-time.Second).Format(time.RFC3339))
	_, err = o.CompleteSetup(t.Context(), Setup{Secret: secret, MemberCode: "X", MemberName: "x", Login: "boss", Name: "b", Password: goodPassword})
	wantCode(t, err, hub.Unauthorized, "setup.link_over")
}

func TestResetPasswordIsSetByItsHolderAlone(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	session := o.login("li")
	link, err := o.ResetPassword(t.Context(), o.admin, o.reader.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = o.Authenticate(t.Context(), session.Secret)
	wantCode(t, err, hub.Unauthorized, "session.missing")
	_, err = o.try("li", goodPassword, "")
	wantCode(t, err, hub.Unauthorized, "login.wrong")
	_, _, err = o.Authenticate(t.Context(), link)
	wantCode(t, err, hub.Unauthorized, "session.missing") // a link is no session

	wantField(t, o.Redeem(t.Context(), hub.Actor{}, link, "short"), "password", "too_short")
	if err := o.Redeem(t.Context(), hub.Actor{IP: "192.0.2.9"}, link, "New-Password-9"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.try("li", "New-Password-9", ""); err != nil {
		t.Error(err)
	}
	wantCode(t, o.Redeem(t.Context(), hub.Actor{}, link, "Newer-Password-9"), hub.Unauthorized, "setup.link_over")
}

func TestThreeAdministrativeRolesStayApart(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	_, err := o.ResetPassword(t.Context(), o.admin, o.secadmin.Account)
	wantCode(t, err, hub.Forbidden, "role.not_allowed")
	_, err = o.ResetPassword(t.Context(), o.secadmin, o.secadmin.Account)
	wantCode(t, err, hub.Forbidden, "account.own")

	auditor := o.account(o.lead, "auditor", hub.Auditor)
	auditor.Role = hub.Admin
	wantField(t, o.UpdateAccount(t.Context(), o.admin, auditor), "role", "administrative")

	clinical := &hub.Account{Member: o.lead, Login: "chief", Name: "chief", Role: hub.Admin, Rights: []hub.Right{hub.SignAlone}}
	wantField(t, o.CreateAccount(t.Context(), o.admin, clinical, goodPassword), "rights", "not_for_role")
}

func TestLastAdministratorStays(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	wantCode(t, o.SetActive(t.Context(), o.admin, o.admin.Account, false, ""), hub.Forbidden, "account.own")
	if err := o.SetActive(t.Context(), o.admin, o.clinicAdmin.Account, false, "left"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, o.SetActive(t.Context(), hub.System, o.admin.Account, false, ""), hub.Conflict, "account.last_admin")
}

func TestEndedAccountLosesSessionsAndTokens(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	session := o.login("li")
	token, err := o.MintToken(t.Context(), actor(o.reader), o.reader.ID, "viewer", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{session.Secret, token} { // both in the cache
		if _, _, err := o.Authenticate(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.SetActive(t.Context(), o.admin, o.reader.ID, false, "left"); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{session.Secret, token} {
		_, _, err := o.Authenticate(t.Context(), secret)
		wantCode(t, err, hub.Unauthorized, "session.missing")
	}
	if err := o.SetActive(t.Context(), o.admin, o.reader.ID, true, "back"); err != nil {
		t.Fatal(err)
	}
	o.login("li")
}

func TestChangedRightsCountAtOnce(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	session := o.login("li")
	if who, _, _ := o.Authenticate(t.Context(), session.Secret); who.Can(hub.SignAlone, hub.ECG) {
		t.Fatal("had the right before")
	}
	changed := *o.reader
	changed.Rights = []hub.Right{"sign_alone:ecg"}
	if err := o.UpdateAccount(t.Context(), o.admin, &changed); err != nil {
		t.Fatal(err)
	}
	who, _, err := o.Authenticate(t.Context(), session.Secret)
	if err != nil || !who.Can(hub.SignAlone, hub.ECG) || who.Can(hub.SignAlone, hub.Image) {
		t.Errorf("%v, %v", who.Rights, err)
	}
	o.login("li") // the password stayed
}

func TestAdministratorManagesOwnMemberAndLeadAllOfThem(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	tech := func(m hub.MemberID, login string) *hub.Account {
		return &hub.Account{Member: m, Login: login, Name: login, Role: hub.Tech}
	}
	if err := o.CreateAccount(t.Context(), o.clinicAdmin, tech(o.clinic, "t1"), goodPassword); err != nil {
		t.Error(err)
	}
	if err := o.CreateAccount(t.Context(), o.admin, tech(o.clinic, "t2"), goodPassword); err != nil {
		t.Error(err)
	}
	wantCode(t, o.CreateAccount(t.Context(), o.clinicAdmin, tech(o.lead, "t3"), goodPassword), hub.NotFound, "not_found")
	wantCode(t, o.CreateAccount(t.Context(), actor(o.reader), tech(o.lead, "t4"), goodPassword), hub.Forbidden, "role.not_allowed")
	wantCode(t, o.CreateMember(t.Context(), o.clinicAdmin, &hub.Member{Code: "X", Name: "x"}), hub.Forbidden, "role.not_allowed")
	wantCode(t, o.CreateAccount(t.Context(), o.admin, tech(o.lead, " T1 "), goodPassword), hub.Conflict, "field.taken")
	wantCode(t, o.CreateMember(t.Context(), o.admin, &hub.Member{Code: "CLINIC1", Name: "x"}), hub.Conflict, "field.taken")
}

func TestWrongFieldsAreNamed(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	ctx := t.Context()
	wantField(t, o.CreateMember(ctx, o.admin, &hub.Member{Code: "bad code", Name: "x"}), "code", "invalid")
	wantField(t, o.CreateMember(ctx, o.admin, &hub.Member{Code: "OK", Name: " "}), "name", "missing")
	wantField(t, o.CreateAccount(ctx, o.admin, &hub.Account{Member: o.lead, Login: "a b", Name: "x", Role: hub.Tech}, ""), "login", "invalid")
	wantField(t, o.CreateAccount(ctx, o.admin, &hub.Account{Member: o.lead, Login: "ab", Name: "x", Role: "boss"}, ""), "role", "unknown")
	wantField(t, o.CreateAccount(ctx, o.admin, &hub.Account{Member: o.lead, Login: "ab", Name: "x", Role: hub.Reviewer, Title: "235"}, ""), "title", "below_attending")
	wantField(t, o.CreateAccount(ctx, hub.System, &hub.Account{Member: "none", Login: "ab", Name: "x", Role: hub.Tech}, ""), "member", "unknown")
	wantField(t, o.CreateDevice(ctx, o.admin, &hub.Device{Member: o.lead, AETitle: "TOO_LONG_FOR_AN_AE"}), "ae_title", "invalid")
	wantField(t, o.CreateDevice(ctx, o.admin, &hub.Device{Member: o.lead, AETitle: `A\B`}), "ae_title", "invalid")
	wantField(t, o.CreateDevice(ctx, o.admin, &hub.Device{Member: o.lead, AETitle: "CT1", Address: "not a host"}), "address", "invalid")
	wantField(t, o.CreateAgreement(ctx, o.admin, &hub.Agreement{Source: o.clinic, Centre: o.lead, Kinds: []hub.TaskKind{"xray"}}), "kinds", "unknown")
	wantField(t, o.CreateAgreement(ctx, o.admin, &hub.Agreement{Source: o.clinic, Centre: "none"}), "centre", "unknown")
	wantField(t, o.PutDuty(ctx, o.admin, &hub.Duty{Account: o.secadmin.Account}), "account", "does_not_read")
}

func TestAllianceIsSetUpAndAudited(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	ctx := t.Context()
	ct := &hub.Device{Member: o.clinic, AETitle: "CT 1", Name: "CT", Address: "192.0.2.20", AutoSubmit: true}
	if err := o.CreateDevice(ctx, o.clinicAdmin, ct); err != nil {
		t.Fatal(err)
	}
	wantCode(t, o.CreateDevice(ctx, o.admin, &hub.Device{Member: o.lead, AETitle: "CT 1"}), hub.Conflict, "field.taken")
	ct.Active = false
	if err := o.UpdateDevice(ctx, o.clinicAdmin, ct); err != nil {
		t.Fatal(err)
	}
	if got, err := o.db.Read(ctx).DeviceByAE("CT 1"); err != nil || got.Active || !got.AutoSubmit || got.Member != o.clinic {
		t.Errorf("%+v, %v", got, err)
	}

	agreement := &hub.Agreement{Source: o.clinic, Centre: o.lead, Kinds: []hub.TaskKind{hub.ECG}}
	if err := o.CreateAgreement(ctx, o.admin, agreement); err != nil {
		t.Fatal(err)
	}
	if err := o.EndAgreement(ctx, o.admin, o.clinic, agreement.ID, "moved"); err != nil {
		t.Fatal(err)
	}
	if list, err := o.db.Read(ctx).Agreements(o.clinic); err != nil || len(list) != 1 || list[0].To.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}

	dispatcher := actor(o.account(o.lead, "dispatch", hub.Dispatcher))
	shift := &hub.Duty{Account: o.reader.ID, Kind: "ecg"}
	if err := o.PutDuty(ctx, dispatcher, shift); err != nil {
		t.Fatal(err)
	}
	onDuty := func() bool {
		var on bool
		if err := o.db.Tx(ctx, func(tx *db.Tx) (err error) { on, err = tx.OnDuty(o.reader.ID, hub.ECG); return err }); err != nil {
			t.Fatal(err)
		}
		return on
	}
	if !onDuty() {
		t.Error("not on duty after the roster says so")
	}
	shift.To = shift.From.Add(time.Millisecond)
	if err := o.PutDuty(ctx, dispatcher, shift); err != nil {
		t.Fatal(err)
	}
	o.sql("UPDATE duty SET from_at = from_at - 1000, to_at = to_at - 1000")
	if onDuty() {
		t.Error("on duty after the shift")
	}
	for _, action := range []string{"member.created", "account.created", "device.created", "device.changed", "agreement.created", "agreement.ended", "duty.changed"} {
		o.audited(action)
	}
}
