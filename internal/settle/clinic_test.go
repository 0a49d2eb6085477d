package settle

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/backup"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/disk"
	"github.com/yuanzhen/yuanzhen/storage/s3"
)

// silent counts nothing.
type silent struct{}

func (silent) Taken(hub.MemberID, string, int64) {}
func (silent) Committed(int, time.Duration)      {}
func (silent) Alerted(string)                    {}
func (silent) Settled(string, time.Duration)     {}
func (silent) SettleWaiting(int)                 {}
func (silent) Packed(int, int64)                 {}

// clinic is a hub that settles, on one kind of object store.
type clinic struct {
	t       *testing.T
	dir     string // of rows and keys
	place   string // of objects, as objectsAt takes it
	store   *Store
	objects storage.Objects
	in      *intake.Intake
	ring    *keys.Ring
	source  intake.Source
}

// eachStore runs a test on local disk and, when YUANZHEN_TEST_S3_ENDPOINT
// names a server, on S3.
func eachStore(t *testing.T, test func(*testing.T, *clinic)) {
	t.Parallel()
	t.Run("disk", func(t *testing.T) {
		t.Parallel()
		test(t, newClinic(t, t.TempDir()))
	})
	t.Run("s3", func(t *testing.T) {
		t.Parallel()
		if os.Getenv("YUANZHEN_TEST_S3_ENDPOINT") == "" {
			t.Skip("no S3 server here (set YUANZHEN_TEST_S3_ENDPOINT)")
		}
		test(t, newClinic(t, "s3:"+storage.NewID()))
	})
}

// objectsAt opens the store in a folder, or under "s3:" and a prefix.
func objectsAt(ctx context.Context, place string) (storage.Objects, error) {
	prefix, far := strings.CutPrefix(place, "s3:")
	if !far {
		return disk.Open(place)
	}
	return s3.Open(ctx, s3.Config{Endpoint: os.Getenv("YUANZHEN_TEST_S3_ENDPOINT"), Region: os.Getenv("AWS_REGION"), Bucket: "yuanzhen-test", Prefix: prefix,
		AccessKey: os.Getenv("AWS_ACCESS_KEY_ID"), SecretKey: os.Getenv("AWS_SECRET_ACCESS_KEY")})
}

// openClinic opens what is in a folder and a place.
func openClinic(t *testing.T, dir, place string) *clinic {
	t.Helper()
	objects, err := objectsAt(t.Context(), place)
	must(t, err)
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(dir, "hub.db"))
	must(t, err)
	ring, err := keys.Open(dir)
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	c := &clinic{t: t, dir: dir, place: place, objects: objects, ring: ring, store: New(d, objects, silent{}, log, 0),
		in: intake.New(d, objects, &worklist.Service{DB: d, Rules: worklist.DefaultRules()}, ring, silent{}, log)}
	c.store.Pack = true
	return c
}

func (c *clinic) close() {
	c.objects.Close()
	c.store.DB.Close()
}

// newClinic opens an empty place whose clinic sends.
func newClinic(t *testing.T, place string) *clinic {
	t.Helper()
	c := openClinic(t, t.TempDir(), place)
	member := &hub.Member{ID: hub.NewID[hub.MemberID](), Code: "CLINIC1", Name: "青山镇卫生院"}
	must(t, c.store.DB.Tx(t.Context(), func(tx *db.Tx) error { return errors.Join(c.ring.Bind(tx), tx.InsertMember(member)) }))
	c.source = intake.Source{Actor: hub.Actor{Member: member.ID, Role: "device"}, Via: "cstore"}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { c.in.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done; c.close() })
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ct is slice n of a series, its pixels unlike any other's.
func ct(series string, n int) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.SOPClassUID, "1.2.840.10008.5.1.4.1.1.2")
	d.SetText(dicom.SOPInstanceUID, series+"."+string(rune('0'+n)))
	d.SetText(dicom.StudyInstanceUID, "1.2.3")
	d.SetText(dicom.SeriesInstanceUID, series)
	d.SetText(dicom.PatientID, "P1")
	d.SetText(dicom.Modality, "CT")
	d.SetInts(dicom.InstanceNumber, int64(n))
	d.SetInts(dicom.SamplesPerPixel, 1)
	d.SetText(dicom.PhotometricInterpretation, "MONOCHROME2")
	d.SetInts(dicom.Rows, 256)
	d.SetInts(dicom.Columns, 256)
	d.SetInts(dicom.BitsAllocated, 8)
	d.SetInts(dicom.BitsStored, 8)
	d.SetInts(dicom.HighBit, 7)
	d.SetInts(dicom.PixelRepresentation, 0)
	pixels := make([]byte, 256*256)
	for i := range pixels {
		pixels[i] = byte(i*n + i>>8)
	}
	d.SetRaw(dicom.PixelData, dicom.OB, pixels)
	return d
}

func (c *clinic) send(d *dicom.Dataset, ts dicom.TransferSyntax) {
	c.t.Helper()
	var b bytes.Buffer
	must(c.t, dicom.Write(&b, d, ts))
	out, err := c.in.Instance(c.t.Context(), c.source, &b, ts)
	must(c.t, err)
	if out.Result != intake.Stored {
		c.t.Fatalf("instance is %s", out.Result)
	}
}

// series returns the row of a series with its study and instances.
func (c *clinic) series(uid string) (*db.StudyRow, *hub.Series, []*hub.Instance) {
	c.t.Helper()
	tx := c.store.DB.Read(c.t.Context())
	st, err := tx.StudyByUID(c.source.Actor.Member, "1.2.3")
	must(c.t, err)
	se, err := tx.SeriesByUID(st.ID, uid)
	must(c.t, err)
	list, err := tx.InstancesOf(se.ID)
	must(c.t, err)
	return st, se, list
}

func (c *clinic) settle(uid string) (*hub.Series, []*hub.Instance) {
	c.t.Helper()
	st, se, _ := c.series(uid)
	kept, err := c.store.Settle(c.t.Context(), st, se)
	must(c.t, err)
	if !kept {
		c.t.Fatal("not kept")
	}
	_, se, list := c.series(uid)
	return se, list
}

// sound checks that every stored byte is there and as its row says, and that
// each object of the settler is either named by a row or marked for deletion,
// never both.
func (c *clinic) sound() {
	c.t.Helper()
	f, err := backup.Verify(c.t.Context(), c.store.DB, c.objects, c.ring)
	must(c.t, err)
	if !f.OK() {
		c.t.Fatalf("faults: %q", f.Faults)
	}
	named := map[string]bool{}
	for _, uid := range []string{"1.2.3.1", "1.2.3.2"} {
		_, se, list := c.series(uid)
		named[se.MetaKey] = true
		for _, i := range list {
			named[i.Object] = true
		}
	}
	dead, err := c.store.DB.Read(c.t.Context()).Tombstones(time.Now().Add(48*time.Hour), 1000)
	must(c.t, err)
	marked := map[string]bool{}
	for _, object := range dead {
		if marked[object] = true; named[object] {
			c.t.Errorf("%s is named and marked for deletion", object)
		}
	}
	must(c.t, c.objects.List(c.t.Context(), "", func(k storage.Key, _ int64, _ time.Time) error {
		if !named[string(k)] && !marked[string(k)] && !strings.HasPrefix(string(k), "segments/") {
			c.t.Errorf("%s stays for ever", k)
		}
		return nil
	}))
}
