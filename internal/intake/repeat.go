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

// pair makes row the correction of the patient's last ECG when that one had a
// defect which row no longer has: the technician did what the page said.
func pair(tx *db.Tx, row *hub.Recorded, quality measure.Quality) error {
	earlier, err := tx.RecordingsOfPatients([]hub.PatientID{row.Patient})
	if err != nil {
		return err
	}
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
