package upload

import (
	"archive/zip"
	"bytes"
	"errors"
	"image"
	"image/png"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// photo is a picture of some size, of its own by shade.
func photo(t *testing.T, shade byte) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 200, 100))
	m.Pix[0] = shade
	var b bytes.Buffer
	must(t, png.Encode(&b, m))
	return b.Bytes()
}

func zipped(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range files {
		w, err := z.Create(name)
		must(t, err)
		_, err = w.Write(data)
		must(t, err)
	}
	must(t, z.Close())
	return b.Bytes()
}

func (c *clinic) isPicture(t *testing.T, v *Verdict, format string) {
	t.Helper()
	if v.Result != Stored || v.Recording == "" {
		t.Fatalf("got %+v", v)
	}
	r, err := c.DB.Read(t.Context()).Recording(v.Recording)
	must(t, err)
	if r.Format != format || len(r.Leads) != 0 {
		t.Errorf("got %s of %d leads", r.Format, len(r.Leads))
	}
}

func TestAPhotographSentByItselfIsAnECG(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	scan := []byte("%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj 2 0 obj <</Kids[3 0 R]>> endobj 3 0 obj <<>> endobj")
	c.isPicture(t, c.send(t, Wanted{Filename: "IMG_1.png"}, photo(t, 1)), "picture")
	c.isPicture(t, c.send(t, Wanted{Filename: "scan.pdf"}, scan), "pdf")

	pages := [][]byte{photo(t, 2), photo(t, 3)}
	batch, err := c.Declare(t.Context(), c.tech, []Declared{declared("1.PNG", pages[0]), declared("2.png", pages[1])})
	must(t, err)
	c.isPicture(t, c.send(t, Wanted{Filename: "1.PNG", Batch: batch}, pages[0]), "picture")

	c.isPicture(t, c.send(t, Wanted{Filename: "pages.zip"}, zipped(t, map[string][]byte{"a.png": photo(t, 4), "readme.txt": []byte("ward 3")})), "picture")
}

func TestAPictureAmongExamsIsNone(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	v := c.send(t, Wanted{Filename: "disc.zip"}, zipped(t, map[string][]byte{"VIEWER/logo.png": photo(t, 1), "IM1": slice(t, "1.2.3", 1, 100), "letter.pdf": []byte("%PDF-1.4 a letter")}))
	if v.Archive.Results[Ignored] != 2 || v.Archive.Results[Stored] != 1 || v.Recording != "" {
		t.Errorf("got %+v", v.Archive)
	}
	image := slice(t, "1.2.4", 1, 100)
	batch, err := c.Declare(t.Context(), c.tech, []Declared{declared("VIEWER/logo.png", photo(t, 1)), declared("IM1", image)})
	must(t, err)
	if v := c.send(t, Wanted{Filename: "VIEWER/logo.png", Batch: batch}, photo(t, 1)); v.Result != Ignored || v.Code != codePicture {
		t.Errorf("got %+v", v)
	}
	album := map[string][]byte{}
	for i := range picturesMost + 1 {
		album[string(rune('a'+i))+".png"] = photo(t, byte(i))
	}
	if v := c.send(t, Wanted{Filename: "album.zip"}, zipped(t, album)); v.Result != Ignored || v.Archive.Results[Ignored] != picturesMost+1 {
		t.Errorf("an album: %+v", v.Archive)
	}
}

func TestAPictureOfAnOrderIsAnECGIfTheOrderIsOfOne(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	for i, kind := range []hub.TaskKind{hub.ECG, hub.Image} {
		var id hub.OrderID
		must(t, c.DB.Tx(t.Context(), func(tx *db.Tx) error {
			p := &db.PatientRow{Patient: hub.Patient{ID: hub.NewID[hub.PatientID](), Member: "clinic1", LocalID: string(kind)}}
			o := &hub.Order{ID: hub.NewID[hub.OrderID](), Member: "clinic1", Accession: string(kind), Origin: "entered", Patient: p.ID, Kind: kind, CreatedAt: tx.Now()}
			id = o.ID
			return errors.Join(tx.InsertPatient(p), tx.InsertOrder(o))
		}))
		v := c.send(t, Wanted{Filename: "photo.png", Order: id}, photo(t, byte(i)))
		if taken := v.Recording != ""; taken != (kind == hub.ECG) {
			t.Errorf("of an order of kind %s: %+v", kind, v)
		}
	}
}
