package account

import (
	"fmt"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestAddressThatTriesTooOftenWaits(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 0)
	gate := newTurnstile(6, time.Minute)
	gate.now = func() time.Time { return at }
	for i := range 6 {
		if _, ok := gate.enter("10.0.0.1"); !ok {
			t.Fatalf("try %d is refused", i+1)
		}
	}
	for range 3 {
		if wait, ok := gate.enter("10.0.0.1"); ok || wait > 10*time.Second || wait < 9*time.Second {
			t.Fatalf("the seventh: %v, wait %s", ok, wait)
		}
	}
	if _, ok := gate.enter("::ffff:10.0.0.1"); ok {
		t.Error("the same address in another notation gets tries of its own")
	}
	if _, ok := gate.enter("10.0.0.2"); !ok {
		t.Error("another address is refused too")
	}
	at = at.Add(10 * time.Second)
	if _, ok := gate.enter("10.0.0.1"); !ok {
		t.Error("ten seconds later it still waits")
	}
	for range 6 {
		gate.enter("2001:db8:1:2:3::1")
	}
	if _, ok := gate.enter("2001:db8:1:2:ffff::9"); ok {
		t.Error("a customer's other IPv6 addresses get tries of their own")
	}
}

func TestMemoryOfAddressesIsBounded(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 0)
	gate := newTurnstile(2, time.Minute)
	gate.now = func() time.Time { return at }
	address := func(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255) }
	for i := range addressesMost {
		gate.enter(address(i))
	}
	refused := 0
	for i := range 10 {
		if _, ok := gate.enter(address(addressesMost + i)); !ok {
			refused++
		}
	}
	if len(gate.known) > addressesMost || refused != 8 {
		t.Fatalf("%d addresses are remembered, %d of ten more were refused", len(gate.known), refused)
	}
	at = at.Add(time.Hour)
	if _, ok := gate.enter(address(addressesMost)); !ok || len(gate.known) != 1 {
		t.Fatalf("an hour later %d addresses are remembered", len(gate.known))
	}
}

func TestLoginFromOneAddressIsLimited(t *testing.T) {
	t.Parallel()
	o := newDoor(t)
	o.Service.turnstile = newTurnstile(3, time.Minute)
	for range 3 {
		if _, err := o.Login(t.Context(), Attempt{Login: "nobody", Password: "x", IP: "10.0.0.1"}); hub.KindOf(err) != hub.Unauthorized {
			t.Fatalf("got %v", err)
		}
	}
	_, err := o.Login(t.Context(), Attempt{Login: "nobody", Password: "x", IP: "10.0.0.1"})
	if hub.CodeOf(err) != TooOften {
		t.Fatalf("the fourth: %v", err)
	}
}
