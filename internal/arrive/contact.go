package arrive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Bounds of what is remembered until it is written.
const (
	strangersWaiting = 64 // different callers; who tries more titles a second is no modality
	noteMost         = 160
)

// sightings collects what is seen of devices and strangers, so that a row is
// written once a second and at the end of an association, not with each object.
type sightings struct {
	mu        sync.Mutex
	devices   map[hub.DeviceID]*sighting
	strangers map[[2]string]*hub.Stranger // by AE title and address
}

// sighting is what is new of one device.
type sighting struct {
	at        time.Time
	instances int64
	errorCode string
	errorNote string
	errorAt   time.Time
	refused   int64
	why       hub.Refusal
	refusedAt time.Time
	skews     []int64
}

func (s *sighting) fault(code, note string) {
	s.errorCode, s.errorNote, s.errorAt = code, clean(note, noteMost), time.Now()
}

// of lets note add to what is new of a device.
func (s *sightings) of(id hub.DeviceID, note func(*sighting)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.devices == nil {
		s.devices = map[hub.DeviceID]*sighting{}
	}
	d := s.devices[id]
	if d == nil {
		d = &sighting{}
		s.devices[id] = d
	}
	note(d)
}

// stranger counts a refusal in.
func (s *sightings) stranger(a *dimse.Association, ip string, why hub.Refusal) {
	key := [2]string{clean(a.CallingAE, 16), ip}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.strangers == nil {
		s.strangers = map[[2]string]*hub.Stranger{}
	}
	x := s.strangers[key]
	if x == nil {
		if len(s.strangers) >= strangersWaiting {
			return
		}
		x = &hub.Stranger{AETitle: key[0], Address: ip, FirstAt: time.Now()}
		s.strangers[key] = x
	}
	x.Called, x.Client, x.Reason, x.LastAt = clean(a.CalledAE, 16), clean(a.ImplementationVersion, 16), why, time.Now()
	x.Count++
}

// take returns what is new and forgets it.
func (s *sightings) take() (map[hub.DeviceID]*sighting, map[[2]string]*hub.Stranger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, x := s.devices, s.strangers
	s.devices, s.strangers = nil, nil
	return d, x
}

// clean makes text of a peer fit to be kept and shown.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), most)]
}

// refused notes that an association was not accepted; d is nil for a caller
// nobody has registered.
func (n *Node) refused(a *dimse.Association, d *hub.Device, ip string, why hub.Refusal) {
	n.seen.stranger(a, ip, why)
	if d != nil {
		n.seen.of(d.ID, func(s *sighting) { s.refused, s.why, s.refusedAt = s.refused+1, why, time.Now() })
	}
}

// stored notes the answer to a C-STORE.
func (n *Node) stored(c *caller, out *intake.Outcome, status dimse.Status, err error) {
	if c.Device == "" || errors.Is(err, io.ErrUnexpectedEOF) { // the line broke: Closed says why
		return
	}
	if err == nil && !out.Stated.IsZero() {
		c.clock.add(out.Stated.Sub(time.Now()))
	}
	n.seen.of(c.Device, func(s *sighting) {
		s.at = time.Now()
		if status.Code != dimse.Success {
			s.fault(fmt.Sprintf("%04X", status.Code), status.Comment)
		}
		if err == nil && out.Result == intake.Stored {
			s.instances++
		}
	})
}

// skew is how far the times that the objects of an association state lie from
// their arrival. An object is made before it is sent, so the least late of
// them says most about the clock.
type skew struct {
	mu    sync.Mutex
	known bool
	most  time.Duration
}

func (s *skew) add(offset time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known || offset > s.most {
		s.known, s.most = true, offset
	}
}

func (s *skew) least() (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most, s.known
}

// write brings what is new to the rows. What cannot be written now is lost
// for the figures: it is never kept beyond its bounds.
func (n *Node) write(ctx context.Context) error {
	devices, strangers := n.seen.take()
	if len(devices)+len(strangers) == 0 {
		return nil
	}
	return n.DB.Tx(ctx, func(tx *db.Tx) error {
		for id, s := range devices {
			c, err := tx.Contact(id)
			if err != nil {
				return err
			}
			s.into(c)
			if err := tx.UpdateContact(c); err != nil {
				return err
			}
		}
		for _, x := range strangers {
			if err := tx.RefuseStranger(x); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *sighting) into(c *hub.Contact) {
	if !s.at.IsZero() {
		c.LastSeen = s.at
		if day := s.at.In(china).Format("20060102"); c.Day != day {
			c.Day, c.Today = day, 0
		}
	}
	c.Instances += s.instances
	c.Today += s.instances
	if s.errorCode != "" {
		c.LastError, c.ErrorNote, c.ErrorAt = s.errorCode, s.errorNote, s.errorAt
	}
	if s.refused > 0 {
		c.Refused, c.RefusedFor, c.RefusedAt = c.Refused+s.refused, s.why, s.refusedAt
	}
	c.Skews = append(c.Skews, s.skews...)
	c.Skews = c.Skews[max(0, len(c.Skews)-hub.SkewsKept):]
}

// Watch writes what was seen of devices each second until ctx ends; on the
// leading node it tells of silent ones now and then.
func (n *Node) Watch(ctx context.Context, node string) {
	tick := time.NewTicker(turn)
	defer tick.Stop()
	var listened time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := n.write(ctx)
		if err == nil && time.Since(listened) > seldom {
			listened = time.Now()
			err = n.listen(ctx, node)
		}
		if err != nil && ctx.Err() == nil {
			n.Log.Error("dicom: devices", "error", err)
		}
	}
}

// listen counts the devices that have been silent for longer than they may.
func (n *Node) listen(ctx context.Context, node string) error {
	leads, err := n.DB.Lead(ctx, "devices", node, 3*seldom)
	if err != nil || !leads {
		n.Silent(nil)
		return err
	}
	read := n.DB.Read(ctx)
	devices, err := read.Devices("")
	if err != nil {
		return err
	}
	seen, err := read.Contacts("")
	if err != nil {
		return err
	}
	silent := map[hub.MemberID]int{}
	for _, d := range devices {
		if c := seen[d.ID]; c != nil && Silent(n.Work.Rules, d, c, read.Now()) {
			silent[d.Member]++
		}
	}
	n.Silent(silent)
	return nil
}

// Silent tells whether a device that is in use has been without contact for
// more working hours than it may.
func Silent(r worklist.Rules, d *hub.Device, c *hub.Contact, now time.Time) bool {
	if !d.Active || d.SilentHours == 0 {
		return false
	}
	since := d.CreatedAt
	if c.LastSeen.After(since) {
		since = c.LastSeen
	}
	return r.Working(since, now) > time.Duration(d.SilentHours)*time.Hour
}
