package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

const (
	totpStep   = 30 * time.Second
	totpWindow = 1  // steps before and after now that count: clocks drift
	totpSize   = 20 // bytes of secret (RFC 4226, section 4)
)

// totpCode is the six digits of RFC 6238 (HMAC-SHA-1, steps of 30 s) at a step.
func totpCode(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	binary.Write(mac, binary.BigEndian, step)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:at+4])&0x7fffffff%1_000_000)
}

// totpMatch returns the step a code belongs to: one near now and after last,
// so that a code that was read over a shoulder does not work twice.
func totpMatch(secret []byte, code string, now time.Time, last int64) (int64, bool) {
	step := now.Unix() / int64(totpStep/time.Second)
	for s := step - totpWindow; s <= step+totpWindow; s++ {
		if s > last && subtle.ConstantTimeCompare([]byte(totpCode(secret, s)), []byte(code)) == 1 {
			return s, true
		}
	}
	return 0, false
}

// The account's totp column holds the sealed secret in base64, a dot, and the
// last step used.
func (s *Service) packTOTP(secret []byte, last int64) string {
	return base64.RawStdEncoding.EncodeToString(s.keys.Seal(secret)) + "." + strconv.FormatInt(last, 10)
}

func (s *Service) unpackTOTP(column string) (secret []byte, last int64, err error) {
	sealed, step, _ := strings.Cut(column, ".")
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, 0, fmt.Errorf("totp column: %w", err)
	}
	if last, err = strconv.ParseInt(step, 10, 64); err != nil {
		return nil, 0, fmt.Errorf("totp column: %w", err)
	}
	secret, err = s.keys.Unseal(raw)
	return secret, last, err
}

// Enrolment is a second factor offered to an account. Nothing is stored before
// ConfirmTOTP has seen that the authenticator works.
type Enrolment struct {
	Secret string `json:"secret"` // base32, to type
	URI    string `json:"uri"`    // otpauth://…, for a QR code
	Ticket string `json:"ticket"` // to give back to ConfirmTOTP, sealed
}

// ticket is what an Enrolment's ticket holds.
type ticket struct {
	Account hub.AccountID
	Secret  []byte
	Until   time.Time
}

// ticketLife is how long an offered second factor may be confirmed.
const ticketLife = 10 * time.Minute

// EnrolTOTP offers the actor's account a new second factor; Conflict if it has one.
func (s *Service) EnrolTOTP(ctx context.Context, actor hub.Actor) (*Enrolment, error) {
	const op = "account.EnrolTOTP"
	tx := s.db.Read(ctx)
	a, err := tx.Account(actor.Account)
	if err != nil {
		return nil, err
	}
	if a.TOTPSecret != "" {
		return nil, hub.E(hub.Conflict, op, "totp.enrolled")
	}
	secret := make([]byte, totpSize)
	rand.Read(secret) // never fails: crypto/rand
	plain, err := json.Marshal(ticket{a.ID, secret, tx.Now().Add(ticketLife)})
	if err != nil {
		return nil, err
	}
	typed := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	return &Enrolment{
		Secret: typed,
		URI:    "otpauth://totp/Yuanzhen:" + url.PathEscape(a.Login) + "?secret=" + typed + "&issuer=Yuanzhen",
		Ticket: base64.RawURLEncoding.EncodeToString(s.keys.Seal(plain)),
	}, nil
}

// ConfirmTOTP makes an offered second factor count from now on: code is what
// the authenticator shows. It returns Invalid for a wrong code or an old ticket.
func (s *Service) ConfirmTOTP(ctx context.Context, actor hub.Actor, offered, code string) error {
	const op = "account.ConfirmTOTP"
	raw, err := base64.RawURLEncoding.DecodeString(offered)
	if err != nil {
		return hub.Field(op, "ticket", "invalid")
	}
	var t ticket
	plain, err := s.keys.Unseal(raw)
	if err != nil || json.Unmarshal(plain, &t) != nil || t.Account != actor.Account || len(t.Secret) != totpSize {
		return hub.Field(op, "ticket", "invalid")
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		if tx.Now().After(t.Until) {
			return hub.Field(op, "ticket", "expired")
		}
		a, err := lockAccount(tx, t.Account)
		if err != nil {
			return err
		}
		if a.TOTPSecret != "" {
			return hub.E(hub.Conflict, op, "totp.enrolled")
		}
		step, ok := totpMatch(t.Secret, code, tx.Now(), 0)
		if !ok {
			return hub.Field(op, "totp", "wrong")
		}
		a.TOTPSecret = s.packTOTP(t.Secret, step)
		if err := tx.UpdateAccount(a); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "2fa.enrolled", Object: "account/" + string(a.ID), OK: true})
	})
}

// RemoveTOTP takes the second factor off an account whose holder lost it; only
// a security administrator may.
func (s *Service) RemoveTOTP(ctx context.Context, actor hub.Actor, id hub.AccountID, reason string) error {
	return s.change(ctx, actor, id, hub.SecAdmin, "2fa.removed", reason, func(_ *db.Tx, a *hub.Account) error {
		a.TOTPSecret = ""
		return nil
	})
}
