package intake

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// repeatWithin is how soon after a defective ECG a better one of the same
// patient counts as its repeat.
const repeatWithin = time.Hour

// beside looks at a recording beside the patient's others: have electrodes
// changed places since, and is it the repeat of a bad one? Its quality is row's
// from then on.
func (w *trace) beside(tx *db.Tx, row *hub.Recorded) error {
	others, err := tx.RecordingsOfPatients([]hub.PatientID{row.Patient})
	if err != nil {
		return err
	}
	w.quality = w.result.Quality
	if imprint := w.result.Imprint(); imprint != nil && !w.quality.Exchanged() {
		if row.Imprint, err = imprint.MarshalBinary(); err != nil {
			return err
		}
		other, err := newestImprint(others)
		if err != nil {
			return err
		}
		if other != nil {
			if f, ok := imprint.Against(other); ok {
				w.quality = w.quality.With(f)
			}
		}
	}
	if row.Quality, err = json.Marshal(w.quality); err != nil {
		return err
	}
	return pair(others, row, w.quality)
}

// newestImprint is that of the newest recording on which no electrodes are
// suspected of having changed places; nil without one.
func newestImprint(recordings []*hub.Recorded) (*measure.Imprint, error) {
	for _, r := range recordings {
		if len(r.Imprint) == 0 {
			continue
		}
		var q measure.Quality
		if err := json.Unmarshal(r.Quality, &q); err != nil {
			return nil, err
		}
		if q.Exchanged() {
			continue
		}
		var p measure.Imprint
		if p.UnmarshalBinary(r.Imprint) != nil {
			continue // of another version of the hub
		}
		return &p, nil
	}
	return nil, nil
}

// pair makes row the correction of the patient's last ECG when that one had a
// defect which row no longer has: the technician did what the page said.
func pair(earlier []*hub.Recorded, row *hub.Recorded, quality measure.Quality) error {
	var last *hub.Recorded
	for _, r := range earlier {
		recent := row.CreatedAt.Sub(r.CreatedAt) <= repeatWithin && r.Member == row.Member
		if recent && (last == nil || r.CreatedAt.After(last.CreatedAt)) {
			last = r
		}
	}
	if last == nil {
		return nil
	}
	var before measure.Quality
	if err := json.Unmarshal(last.Quality, &before); err != nil {
		return err
	}
	if mended(before, quality) {
		row.Corrects = last.ID
	}
	return nil
}

// mended reports whether the grade has risen and no defect that kept it down
// is left.
func mended(before, now measure.Quality) bool {
	rank := func(g measure.Grade) int {
		return slices.Index([]measure.Grade{measure.Poor, measure.Fair, measure.OK}, g)
	}
	if rank(now.Grade) <= rank(before.Grade) {
		return false
	}
	for _, f := range before.Findings {
		if f.Grade == before.Grade && now.Has(f.Code, "") {
			return false
		}
	}
	return true
}
