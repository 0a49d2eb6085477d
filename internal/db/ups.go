package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// LockTask notes the Transaction UID a claim of a task was made under.
func (tx *Tx) LockTask(task hub.TaskID, claim int64, uid string) error {
	_, err := tx.exec("INSERT INTO ups_lock (task, claim, uid) VALUES ($1, $2, $3) ON CONFLICT (task) DO UPDATE SET claim = excluded.claim, uid = excluded.uid",
		string(task), claim, uid)
	return err
}

// TaskLock returns the Transaction UID of a claim of a task, "" if it was not
// made under one.
func (tx *Tx) TaskLock(task hub.TaskID, claim int64) (string, error) {
	list, err := tx.strings("SELECT uid FROM ups_lock WHERE task = $1 AND claim = $2", string(task), claim)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}

// Subscription is what an application wants to hear of: one task, or with Task
// "" all that its account sees, those that Query finds if it is not "".
type Subscription struct {
	Account   hub.AccountID
	AET       string
	Task      hub.TaskID
	Query     string
	Suspended time.Time // from when on it takes up no new tasks, zero if it does
	Since     int64     // the last event that is not for it
}

var subscriptions = newTable[Subscription]("ups_subscription", 3, func(s *Subscription) []column {
	return []column{{"account", &s.Account}, {"aet", &s.AET}, {"task", &s.Task}, {"query", &s.Query}, {"suspended", msec{&s.Suspended}}, {"since", &s.Since}}
})

// Subscribe stores a subscription; one to the same is replaced.
func (tx *Tx) Subscribe(s *Subscription) error {
	if _, err := tx.Unsubscribe(s.Account, s.AET, s.Task); err != nil {
		return err
	}
	return subscriptions.insert(tx, s)
}

// Unsubscribe ends a subscription and reports whether there was one.
func (tx *Tx) Unsubscribe(account hub.AccountID, aet string, task hub.TaskID) (bool, error) {
	n, err := tx.exec("DELETE FROM ups_subscription WHERE account = $1 AND aet = $2 AND task = $3", string(account), aet, string(task))
	return n > 0, err
}

// UnsubscribeAll ends all subscriptions of an application and reports whether one
// was to all tasks; else it changes nothing.
func (tx *Tx) UnsubscribeAll(account hub.AccountID, aet string) (bool, error) {
	there, err := tx.Unsubscribe(account, aet, "")
	if err == nil && there {
		_, err = tx.exec("DELETE FROM ups_subscription WHERE account = $1 AND aet = $2", string(account), aet)
	}
	return there, err
}

// SuspendSubscription lets a subscription to all tasks take up no new ones and
// reports whether there is one.
func (tx *Tx) SuspendSubscription(account hub.AccountID, aet string) (bool, error) {
	n, err := tx.exec("UPDATE ups_subscription SET suspended = $1 WHERE account = $2 AND aet = $3 AND task = '' AND suspended = 0", millis(tx.Now()), string(account), aet)
	if err == nil && n == 0 {
		var again []string
		again, err = tx.strings("SELECT aet FROM ups_subscription WHERE account = $1 AND aet = $2 AND task = ''", string(account), aet)
		return len(again) > 0, err
	}
	return n > 0, err
}

// Subscriptions returns those of an application.
func (tx *Tx) Subscriptions(account hub.AccountID, aet string) ([]*Subscription, error) {
	return subscriptions.all(tx, "WHERE account = $1 AND aet = $2 ORDER BY task", string(account), aet)
}

// Heard returns the last event an application has heard, 0 if it never listened.
func (tx *Tx) Heard(account hub.AccountID, aet string) (seq int64, err error) {
	rows, err := tx.q.QueryContext(tx.ctx, "SELECT heard FROM ups_subscriber WHERE account = $1 AND aet = $2", string(account), aet)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&seq)
	}
	return seq, errorOr(err, rows.Err())
}

// SetHeard notes the last event an application has heard; it never goes back.
func (tx *Tx) SetHeard(account hub.AccountID, aet string, seq int64) error {
	_, err := tx.exec(`INSERT INTO ups_subscriber (account, aet, heard) VALUES ($1, $2, $3)
		ON CONFLICT (account, aet) DO UPDATE SET heard = excluded.heard WHERE ups_subscriber.heard < excluded.heard`, string(account), aet, seq)
	return err
}
