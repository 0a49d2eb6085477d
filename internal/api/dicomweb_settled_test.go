package api

import (
	"bytes"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/settle"
)

func TestThumbnailIsThePictureThatWasKept(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	h.stow("tech1", image(uids{"1.6", "1.6.1", "1.6.1.1"}, 1, 1, nil), image(uids{"1.6", "1.6.1", "1.6.1.2"}, 2, 1, nil))
	tx := h.s.DB.Read(t.Context())
	rows, err := tx.StudiesByUID("1.6")
	must(t, err)
	se, err := tx.SeriesByUID(rows[0].ID, "1.6.1")
	must(t, err)
	if kept, err := h.s.Settled.Settle(t.Context(), rows[0], se); err != nil || !kept {
		t.Fatalf("kept %v: %v", kept, err)
	}
	if se, err = tx.SeriesByUID(rows[0].ID, "1.6.1"); err != nil {
		t.Fatal(err)
	}
	for path, side := range map[string]int{"": settle.SmallSide, "?viewport=128,128": settle.SmallSide, "?viewport=512,512": settle.LargeSide} {
		want := h.s.Settled.Preview(t.Context(), se, side)
		for _, level := range []string{"/studies/1.6/thumbnail", "/studies/1.6/series/1.6.1/thumbnail"} {
			r := h.get("tech1", level+path, "image/jpeg")
			if r.code != 200 || r.head.Get("Content-Type") != "image/jpeg" || !bytes.Equal(r.body, want) {
				t.Errorf("%s%s: %d %s, %d bytes, kept %d", level, path, r.code, r.head.Get("Content-Type"), len(r.body), len(want))
			}
		}
	}
	for accept, kind := range map[string]string{"image/png": "image/png", `multipart/related; type="image/jpeg"`: "multipart/related"} {
		if r := h.get("tech1", "/studies/1.6/series/1.6.1/thumbnail", accept); r.code != 200 || !strings.HasPrefix(r.head.Get("Content-Type"), kind) {
			t.Errorf("accept %s: %d %s", accept, r.code, r.head.Get("Content-Type"))
		}
	}
	if r := h.get("tech2", "/studies/1.6/series/1.6.1/thumbnail", "image/jpeg"); r.code != 404 {
		t.Errorf("another clinic: %d", r.code)
	}
}
