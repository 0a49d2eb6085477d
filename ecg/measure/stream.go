package measure

import "github.com/yuanzhen/yuanzhen/ecg"

// AnalyseStream measures a recording too long to be held, such as a day of
// Holter, as Analyse does. Errors are those of reading src.
func AnalyseStream(src ecg.Stream) (Result, error) {
	head, n := src.Head(), max(0, src.Samples()-max(0, src.Head().Calibration))
	if !(head.RateHz >= minRateHz && head.RateHz <= maxRateHz) || n == 0 || len(head.Leads) == 0 {
		return unmeasured(head), nil
	}
	s := survey{n: n, rate: head.RateHz}
	for _, b := range blocksOf(n, head.RateHz) {
		part, err := ecg.Window(src, b.start, b.end(n, head.RateHz))
		if err != nil {
			return Result{}, err
		}
		part.Calibration = 0 // n leaves it out
		s.leads, _ = leadsOf(part)
		s.base = b.start
		s.add(&b, false)
	}
	return s.result(head), nil
}
