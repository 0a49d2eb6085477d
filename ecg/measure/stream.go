package measure

import (
	"fmt"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// AnalyseStream measures a recording too long to be held, such as a day of
// Holter, as Analyse does. Errors are those of reading src.
func AnalyseStream(src ecg.Stream) (Result, error) {
	head, n := src.Head(), max(0, src.Samples()-max(0, src.Head().Calibration))
	if !(head.RateHz >= minRateHz && head.RateHz <= maxRateHz) || n == 0 || len(head.Leads) == 0 {
		return unmeasured(head), nil
	}
	s := survey{n: n, rate: head.RateHz}
	part := *head
	part.Calibration = 0 // n leaves it out
	part.Leads = append([]ecg.Lead(nil), head.Leads...)
	var room [][]float32
	for _, b := range blocksOf(n, head.RateHz) {
		length := b.end(n, head.RateHz) - b.start
		if length*len(head.Leads) > ecg.MaxSamples {
			return Result{}, fmt.Errorf("measure: %d leads at %g Hz are more than are read at once", len(head.Leads), head.RateHz)
		}
		if len(room) == 0 || cap(room[0]) < length {
			room = ecg.Block(len(head.Leads), length)
		}
		for i := range room {
			room[i] = room[i][:length]
			part.Leads[i].Samples = room[i]
		}
		if err := src.ReadAt(room, b.start); err != nil {
			return Result{}, err
		}
		s.leads, _ = leadsOf(&part)
		s.base = b.start
		s.add(&b, false)
	}
	return s.result(head), nil
}
