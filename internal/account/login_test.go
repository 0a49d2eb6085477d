package account

import (
	"encoding/base32"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestLoginGivesASessionThatSaysWho(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	session, err := o.try("  LI ", goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	who, c, err := o.Authenticate(t.Context(), session.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if who.Account != o.reader.ID || who.Member != o.lead || who.Role != hub.Reader || !who.Can(hub.SignPreliminary, hub.Image) {
		t.Errorf("actor %+v", who)
	}
	if c.CSRF != session.CSRF || len(c.CSRF) < 40 {
		t.Errorf("CSRF %q, session's %q", c.CSRF, session.CSRF)
	}
	if strings.Contains(c.Hash, session.Secret) {
		t.Error("the secret itself is stored")
	}
	o.audited("login.ok")
}

func TestWrongUnknownAndInactiveLoginsLookAlike(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	gone := o.account(o.lead, "gone", hub.Reader)
	if err := o.SetActive(t.Context(), o.admin, gone.ID, false, "left"); err != nil {
		t.Fatal(err)
	}
	for _, login := range []string{"li", "nobody", "gone"} {
		password := goodPassword
		if login == "li" {
			password += "!"
		}
		session, err := o.try(login, password, "")
		wantCode(t, err, hub.Unauthorized, "login.wrong")
		if session != nil {
			t.Errorf("%s got in", login)
		}
	}
}

func TestFifthWrongPasswordLocksForHalfAnHour(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	for range DefaultLimits.Failures {
		_, err := o.try("li", "wrong", "")
		wantCode(t, err, hub.Unauthorized, "login.wrong")
	}
	_, err := o.try("li", goodPassword, "")
	wantCode(t, err, hub.Unauthorized, "account.locked")
	o.audited("login.locked")

	err = o.Unlock(t.Context(), o.admin, o.reader.ID, "called")
	wantCode(t, err, hub.Forbidden, "role.not_allowed")
	if err := o.Unlock(t.Context(), o.secadmin, o.reader.ID, "called"); err != nil {
		t.Fatal(err)
	}
	o.login("li")
}

func TestLockEndsByItself(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	for range DefaultLimits.Failures {
		o.try("li", "wrong", "")
	}
	o.sql("UPDATE account SET locked_until = locked_until - ? WHERE login = 'li'", DefaultLimits.Lock.Milliseconds())
	o.login("li")
}

func TestRightPasswordClearsTheCount(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	for range 3 {
		for range DefaultLimits.Failures - 1 {
			o.try("li", "wrong", "")
		}
		o.login("li")
	}
}

func TestManyGuessesAtOnceStillLock(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { o.try("li", "wrong", "") })
	}
	wg.Wait()
	_, err := o.try("li", goodPassword, "")
	wantCode(t, err, hub.Unauthorized, "account.locked")
	failed := 0
	for _, action := range o.actions() {
		if action == "login.failed" {
			failed++
		}
	}
	if failed != DefaultLimits.Failures {
		t.Errorf("%d guesses were answered, the limit is %d", failed, DefaultLimits.Failures)
	}
}

func TestLoginWaitsForASlotOnlyAsLongAsItsCaller(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	for range maxHashing {
		release, err := o.hold(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer release()
	}
	_, err := o.Login(cancelled(), Attempt{Login: "li", Password: goodPassword})
	wantCode(t, err, hub.Busy, "busy")
}

func TestLoginForgetsSessionsThatAreOver(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	o.login("li")
	o.sql("UPDATE credential SET seen_at = seen_at - ?", DefaultLimits.Idle.Milliseconds())
	o.login("li")
	list, err := o.db.Read(t.Context()).Credentials(o.reader.ID, kindSession)
	if err != nil || len(list) != 1 {
		t.Errorf("%d sessions kept (%v), want the new one", len(list), err)
	}
}

// The vectors of RFC 6238, appendix B (SHA-1), cut to six digits.
func TestTOTPMatchesItsStandard(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := totpCode(secret, at/30); got != want {
			t.Errorf("at %d s: %s, want %s", at, got, want)
		}
	}
}

// enrol gives li a second factor and returns its secret and the step used.
func enrol(t *testing.T, o *door) (secret []byte, step int64) {
	t.Helper()
	who := actor(o.reader)
	offer, err := o.EnrolTOTP(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(offer.Secret)
	if err != nil {
		t.Fatal(err)
	}
	wantField(t, o.ConfirmTOTP(t.Context(), who, offer.Ticket, "00000x"), "totp", "wrong")
	wantField(t, o.ConfirmTOTP(t.Context(), o.admin, offer.Ticket, "000000"), "ticket", "invalid")
	step = time.Now().Unix() / 30
	if err := o.ConfirmTOTP(t.Context(), who, offer.Ticket, totpCode(secret, step)); err != nil {
		t.Fatal(err)
	}
	return secret, step
}

func TestSecondFactorIsAskedForAndWorksOnce(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	secret, used := enrol(t, o)

	_, err := o.try("li", goodPassword, "")
	wantCode(t, err, hub.Unauthorized, "login.totp_required")
	_, err = o.try("li", goodPassword, totpCode(secret, used))
	wantCode(t, err, hub.Unauthorized, "login.totp_wrong") // the code that enrolled

	next := totpCode(secret, used+1)
	if _, err := o.try("li", goodPassword, next); err != nil {
		t.Fatal(err)
	}
	_, err = o.try("li", goodPassword, next)
	wantCode(t, err, hub.Unauthorized, "login.totp_wrong")

	var column string
	if err := o.rows.QueryRow("SELECT totp FROM account WHERE login = 'li'").Scan(&column); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(column, string(secret)) || strings.Contains(column, base32.StdEncoding.EncodeToString(secret)) {
		t.Error("the TOTP secret is stored in clear")
	}
}

func TestWrongCodesLockToo(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	enrol(t, o)
	for range DefaultLimits.Failures {
		_, err := o.try("li", goodPassword, "00000x")
		wantCode(t, err, hub.Unauthorized, "login.totp_wrong")
	}
	_, err := o.try("li", goodPassword, "00000x")
	wantCode(t, err, hub.Unauthorized, "account.locked")
}

func TestLostAuthenticatorIsTakenOffBySecurityAdministrator(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	enrol(t, o)
	wantCode(t, o.RemoveTOTP(t.Context(), o.admin, o.reader.ID, "lost"), hub.Forbidden, "role.not_allowed")
	if err := o.RemoveTOTP(t.Context(), o.secadmin, o.reader.ID, "lost"); err != nil {
		t.Fatal(err)
	}
	o.login("li")
}

func TestSessionEndsWhenIdleOldOrLoggedOut(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	ends := map[string]func(*Session){
		"idle": func(s *Session) {
			o.sql("UPDATE credential SET seen_at = seen_at - ? WHERE hash = ?", DefaultLimits.Idle.Milliseconds(), secretHash(s.Secret))
		},
		"old": func(s *Session) {
			o.sql("UPDATE credential SET expires_at = created_at - 1 WHERE hash = ?", secretHash(s.Secret))
		},
	}
	for name, end := range ends {
		session := o.login("li")
		end(session)
		_, _, err := o.Authenticate(t.Context(), session.Secret)
		if hub.CodeOf(err) != "session.expired" {
			t.Errorf("%s: %v", name, err)
		}
	}
	session := o.login("li")
	who, c, err := o.Authenticate(t.Context(), session.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Logout(t.Context(), who, c); err != nil {
		t.Fatal(err)
	}
	_, _, err = o.Authenticate(t.Context(), session.Secret)
	wantCode(t, err, hub.Unauthorized, "session.missing")
	o.audited("logout")
}

func TestUseKeepsASessionAliveWithOneWriteAMinute(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	session := o.login("li")
	hash := secretHash(session.Secret)
	seen := func() time.Time {
		c, err := o.db.Read(t.Context()).Credential(hash)
		if err != nil {
			t.Fatal(err)
		}
		return c.SeenAt
	}
	before := seen()
	if _, _, err := o.Authenticate(t.Context(), session.Secret); err != nil {
		t.Fatal(err)
	}
	if !seen().Equal(before) {
		t.Error("a use within the minute was written")
	}
	o.sql("UPDATE credential SET seen_at = seen_at - ?", seenStep.Milliseconds())
	o.cache.forget(o.reader.ID)
	if _, _, err := o.Authenticate(t.Context(), session.Secret); err != nil {
		t.Fatal(err)
	}
	if seen().Before(before) {
		t.Error("a use after the minute was not written")
	}
}

func TestCheckThatBeganBeforeALogoutDoesNotOutliveIt(t *testing.T) {
	t.Parallel()
	c := newCache()
	_, _, forgets := c.get("hash")
	c.forget("li")
	c.put("hash", known{credential: db.Credential{Account: "li"}}, forgets)
	if _, ok, _ := c.get("hash"); ok {
		t.Error("kept")
	}
}

func TestCacheStaysBounded(t *testing.T) {
	t.Parallel()
	c := newCache()
	for range 2*cacheMax + 10 {
		c.put(newSecret(""), known{}, 0)
	}
	if n := len(c.byHash); n > cacheMax {
		t.Errorf("%d credentials kept", n)
	}
}

func TestNoSecretNoActor(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	for _, secret := range []string{"", "ys_guess", strings.Repeat("x", 10_000)} {
		_, _, err := o.Authenticate(t.Context(), secret)
		wantCode(t, err, hub.Unauthorized, "session.missing")
	}
}
