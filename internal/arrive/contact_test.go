package arrive

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// seenOf waits until what was seen of a device fulfils a wish.
func (h *clinic) seenOf(t *testing.T, id hub.DeviceID, wish func(*hub.Contact) bool) *hub.Contact {
	t.Helper()
	var c *hub.Contact
	eventually(t, fmt.Sprintf("%s was seen as it should", id), func() bool {
		var err error
		c, err = h.DB.Read(t.Context()).Contact(id)
		return err == nil && wish(c)
	})
	return c
}

// knock opens an association and returns what it was refused with.
func (h *clinic) knock(t *testing.T, calling, called string) error {
	t.Helper()
	c, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: calling, CalledAE: called})
	if err == nil {
		c.Abort()
	}
	return err
}

func TestWhatADeviceSentAndWhereItFailedIsSeen(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	first := image{study: "1.1", series: "1.1.1", uid: "1.1.1.1", name: "张三", id: "P1", date: "20260101"}
	second := first
	second.uid = "1.1.1.2"
	h.send(t, "CT1", first, second)
	h.send(t, "CT1", first) // again: nothing new is stored
	c := h.seenOf(t, "d1", func(c *hub.Contact) bool { return len(c.Skews) == 2 })
	if c.Instances != 2 || c.Today != 2 || c.LastError != "" || time.Since(c.LastSeen) > time.Minute {
		t.Errorf("after two objects: %+v", c)
	}

	bad := dicom.New()
	bad.SetText(dicom.SOPClassUID, ctClass)
	bad.SetText(dicom.SOPInstanceUID, "1.9")
	line := h.dial(t, "CT1", ctClass)
	status, err := line.Store(t.Context(), ctClass, "1.9", dicom.ExplicitVRLittleEndian, bytes.NewReader(encoded(t, bad, dicom.ExplicitVRLittleEndian)))
	if err != nil || status.Code != dimse.CannotUnderstand {
		t.Fatalf("an object without a study: %v, %v", status, err)
	}
	line.Abort()
	c = h.seenOf(t, "d1", func(c *hub.Contact) bool { return c.LastError != "" })
	if c.Instances != 2 || c.ErrorAt.IsZero() || c.ErrorNote == "" {
		t.Errorf("after a fault: %+v", c)
	}
}

func TestClockOfADeviceIsComparedWithTheHubs(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	for i := range hub.SkewsKept + 3 {
		d := image{study: "1.1", series: "1.1.1", uid: fmt.Sprintf("1.1.1.%d", i+1), name: "张三", id: "P1", date: "20260101"}.dataset()
		made := time.Now().In(china).Add(20 * time.Minute) // a clock that is ahead
		if i < 5 {
			made = made.Add(-6 * time.Hour) // sent late: the median does not follow
		}
		d.SetText(dicom.ContentDate, made.Format("20060102"))
		d.SetText(dicom.ContentTime, made.Format("150405.000"))
		c := h.dial(t, "CT1", ctClass)
		if status, err := c.Store(t.Context(), ctClass, d.Text(dicom.SOPInstanceUID), dicom.ExplicitVRLittleEndian, bytes.NewReader(encoded(t, d, dicom.ExplicitVRLittleEndian))); err != nil || status.Code != dimse.Success {
			t.Fatalf("%v, %v", status, err)
		}
		if err := c.Release(); err != nil {
			t.Fatal(err)
		}
	}
	c := h.seenOf(t, "d1", func(c *hub.Contact) bool { return c.Instances == hub.SkewsKept+3 && len(c.Skews) == hub.SkewsKept })
	if skew := c.Skew(); (skew - 20*time.Minute).Abs() > 2*time.Minute {
		t.Errorf("the clock is ahead by %v, want 20m", skew)
	}
}

func TestRefusedCallersAreListedForTheAdministrator(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	h.tx(t, func(tx *db.Tx) error {
		return tx.InsertDevice(&hub.Device{ID: "d3", Member: h.one, AETitle: "MR1", Address: "192.0.2.7", Active: true})
	})
	for _, call := range [][2]string{{"NEW_DR", "YUANZHEN"}, {"NEW_DR", "YUANZHEN"}, {"MR1", "YUANZHEN"}, {"CT1", "OTHER"}} {
		if h.knock(t, call[0], call[1]) == nil {
			t.Errorf("%s calling %s was let in", call[0], call[1])
		}
	}
	if err := h.write(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := h.DB.Read(t.Context()).Strangers()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range list {
		got[s.AETitle] = fmt.Sprintf("%s %d %s %s", s.Address, s.Count, s.Reason, s.Called)
	}
	want := map[string]string{"NEW_DR": "127.0.0.1 2 unknown YUANZHEN", "MR1": "127.0.0.1 1 address YUANZHEN", "CT1": "127.0.0.1 1 called OTHER"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("have %v, want %v", got, want)
	}
	if c := h.seenOf(t, "d3", func(c *hub.Contact) bool { return c.Refused > 0 }); c.Refused != 1 || c.RefusedFor != hub.RefusedAddress || !c.LastSeen.IsZero() {
		t.Errorf("the device itself: %+v", c)
	}
}

func TestPortScannerDoesNotFillTheListOfTheRefused(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	at := time.Now()
	h.tx(t, func(tx *db.Tx) error { // a real modality next door
		return tx.RefuseStranger(&hub.Stranger{AETitle: "DR9", Address: "192.0.2.9", Reason: hub.RefusedUnknown, Count: 1, FirstAt: at, LastAt: at})
	})
	for i := range 3 * strangersWaiting {
		h.knock(t, fmt.Sprintf("TRY%d", i), "YUANZHEN")
	}
	if err := h.write(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := h.DB.Read(t.Context()).Strangers()
	if err != nil || len(list) != 11 || list[len(list)-1].AETitle != "DR9" {
		t.Errorf("%d callers are listed, %v; want ten of the scanner and the modality", len(list), err)
	}
	for i := range 300 { // from as many addresses
		x := &hub.Stranger{AETitle: "A", Address: fmt.Sprintf("198.51.100.%d", i), Reason: hub.RefusedUnknown, Count: 1, FirstAt: at, LastAt: at.Add(time.Duration(i) * time.Second)}
		h.tx(t, func(tx *db.Tx) error { return tx.RefuseStranger(x) })
	}
	if list, err = h.DB.Read(t.Context()).Strangers(); err != nil || len(list) != 200 {
		t.Errorf("%d callers are listed, %v", len(list), err)
	}
}

func TestSilentDeviceIsToldOfAfterItsWorkingHours(t *testing.T) {
	t.Parallel()
	r := worklist.DefaultRules()
	monday := time.Date(2026, 11, 23, 8, 0, 0, 0, china)
	d := &hub.Device{Active: true, SilentHours: 4, CreatedAt: monday.AddDate(0, 0, -30)}
	friday := &hub.Contact{LastSeen: monday.AddDate(0, 0, -3).Add(9 * time.Hour)} // 17:00
	for _, c := range []struct {
		d    hub.Device
		at   time.Time
		want bool
	}{
		{*d, monday.Add(2 * time.Hour), false},
		{*d, monday.Add(3*time.Hour + time.Minute), true},
		{hub.Device{Active: true, SilentHours: 0}, monday.AddDate(0, 1, 0), false},
		{hub.Device{Active: false, SilentHours: 4}, monday.AddDate(0, 1, 0), false},
	} {
		if got := Silent(r, &c.d, friday, c.at); got != c.want {
			t.Errorf("%+v at %v: silent is %v", c.d, c.at, got)
		}
	}
	if d.CreatedAt = monday; Silent(r, d, &hub.Contact{}, monday.Add(time.Hour)) {
		t.Error("a device that was registered an hour ago is silent")
	}
}
