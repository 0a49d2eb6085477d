package db

// PatientFound is a patient of a member as its newest study names it, with
// what the member's index holds of it.
type PatientFound struct {
	StudyRow
	Studies, AllSeries, AllInstances int
}

// SearchPatients returns the patients of studies that match, by local id. Only
// attributes of studies can be matched.
func (tx *Tx) SearchPatients(s Search) ([]*PatientFound, error) {
	f := s.filter(tx)
	newest := "SELECT max(study.id) FROM study " + f.where() + " GROUP BY study.local_id, study.issuer"
	rows, err := studies.all(tx, "WHERE study.id IN ("+newest+") ORDER BY study.local_id, study.id "+f.page(s), f.args...)
	if err != nil {
		return nil, err
	}
	out := make([]*PatientFound, len(rows))
	for i, row := range rows {
		p := &PatientFound{StudyRow: *row}
		err := tx.q.QueryRowContext(tx.ctx, "SELECT count(*), coalesce(sum(series), 0), coalesce(sum(instances), 0) FROM study WHERE member = $1 AND local_id = $2 AND issuer = $3",
			string(row.Member), row.LocalID, row.Issuer).Scan(&p.Studies, &p.AllSeries, &p.AllInstances)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}
