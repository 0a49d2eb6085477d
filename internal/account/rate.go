package account

import (
	"math"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// addressesMost bounds the addresses that are remembered. Beyond it new ones
// share one allowance: who comes from everywhere at once is one guesser.
const addressesMost = 10_000

// turnstile lets each address try to log in so often: an account is locked by
// its own failures, this stops who tries one password on every account.
type turnstile struct {
	tries  int           // at once, and in window
	window time.Duration // in which they come back
	now    func() time.Time

	mu     sync.Mutex
	known  map[netip.Prefix]*rate.Limiter
	others *rate.Limiter
}

func newTurnstile(tries int, window time.Duration) *turnstile {
	t := &turnstile{tries: tries, window: window, now: time.Now, known: map[netip.Prefix]*rate.Limiter{}}
	t.others = t.limiter()
	return t
}

func (t *turnstile) limiter() *rate.Limiter {
	return rate.NewLimiter(rate.Limit(float64(t.tries)/t.window.Seconds()), t.tries)
}

// enter takes one try of an address, or says how long to wait for the next.
func (t *turnstile) enter(ip string) (wait time.Duration, ok bool) {
	now := t.now()
	r := t.of(ip, now).ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait == 0 {
		return 0, true
	}
	r.CancelAt(now) // who is refused does not push the next try away
	return wait, false
}

// of returns the allowance of an address; IPv6 is counted by the network of 64
// bits that one customer has.
func (t *turnstile) of(ip string, now time.Time) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return t.others
	}
	addr = addr.Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	key, err := addr.Prefix(bits)
	if err != nil {
		return t.others
	}
	if l, ok := t.known[key]; ok {
		return l
	}
	if len(t.known) >= addressesMost {
		for k, l := range t.known {
			if l.TokensAt(now) >= float64(t.tries) { // nobody has tried from there for a while
				delete(t.known, k)
			}
		}
		if len(t.known) >= addressesMost {
			return t.others
		}
	}
	l := t.limiter()
	t.known[key] = l
	return l
}

// tooOften is the refusal of an address that has used its tries up.
func tooOften(wait time.Duration) error {
	return hub.E(hub.Busy, "account.Login", TooOften).With("retry_after", int(math.Ceil(wait.Seconds())))
}

// TooOften is the code of a refusal because of too many tries of one address;
// the detail retry_after says in how many seconds the next is answered.
const TooOften = "login.too_often"
