package intake

import (
	"context"
	"sync"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// learned remembers, per device, what its mislabelled text turned out to be,
// so that also a name too short to be sure of is shown right. Devices are
// registered, so there are few.
type learned struct {
	mu   sync.Mutex // guards sets
	sets map[hub.DeviceID]string
}

// of returns the character set a device's text turned out to be, "" if it has
// shown none.
func (l *learned) of(ctx context.Context, d *db.DB, id hub.DeviceID) string {
	if id == "" {
		return ""
	}
	l.mu.Lock()
	set, known := l.sets[id]
	l.mu.Unlock()
	if known {
		return set
	}
	set, err := d.Read(ctx).Learned(id)
	if err != nil {
		return "" // the next object asks again
	}
	l.keep(id, set)
	return set
}

func (l *learned) keep(id hub.DeviceID, set string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sets == nil {
		l.sets = map[hub.DeviceID]string{}
	}
	l.sets[id] = set
}

// sureEnough is the confidence from which one repaired object speaks for its
// device.
const sureEnough = 0.9

// learn keeps what an object says about its device's text.
func (in *Intake) learn(ctx context.Context, a *arrival) {
	id := a.src.Actor.Device
	set, sure := a.ds.Repaired()
	if id == "" || set == "" || sure < sureEnough || in.learned.of(ctx, in.DB, id) == set {
		return
	}
	err := in.DB.Tx(ctx, func(tx *db.Tx) error { return tx.Learn(id, set) })
	if err != nil {
		in.Log.Warn("intake: the character set of a device was not kept", "device", id, "error", err)
		return
	}
	in.learned.keep(id, set)
}
