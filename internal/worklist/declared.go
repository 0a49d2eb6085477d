package worklist

import (
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Declared takes a device's word for how many objects a task's study has. When
// whole, all of them are here: the study is settled at once, and submitted if
// the device is trusted; else it counts as incomplete until they are.
func (s *Service) Declared(tx *db.Tx, t *hub.Task, expected int, whole bool) error {
	now := tx.Now()
	if !whole {
		if t.Expected == expected && !t.Complete {
			return nil
		}
		return Touch(tx, hub.System, t, "task.declared", "", func(t *hub.Task) { t.Expected, t.Complete = expected, false })
	}
	t.Expected, t.SettleAt = expected, now
	if t.State == hub.Uploading && t.AutoSubmit {
		switch ready, err := s.ready(tx, t); {
		case err != nil:
			return err
		case ready:
			return s.Submit(tx, hub.System, t, "")
		}
	}
	return Touch(tx, hub.System, t, "task.settled", "", func(t *hub.Task) { s.settle(tx, t, now) })
}
