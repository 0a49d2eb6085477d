package main

import (
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
)

// pieceSeconds is the length of an ECG cut out of a long record.
const pieceSeconds = 10.0

// Further annotation codes of PhysioNet: a ventricular beat, a change of the
// signal's quality, a wave of ventricular flutter.
const codePVC, codeQuality, codeFlutterWave = 5, 14, 31

// alertsOf are the items raised on rec by what was measured.
func alertsOf(rec *ecg.Recording) (items map[string]int, res measure.Result) {
	items, res = map[string]int{}, measure.Analyse(rec)
	for _, a := range measure.Prealert(res, nil, measure.DefaultRules()) {
		items[a.Item]++
	}
	return items, res
}

// ordinary reports a heart that the header calls neither ischaemic nor scarred,
// blocked, paced or out of sinus rhythm.
func (c clinical) ordinary() bool {
	for _, word := range []string{"STEMI", "schemia", "Scar", "III degree", "acing", "fibrillation", "flutter"} {
		if strings.Contains(c.header, word) {
			return false
		}
	}
	return strings.Contains(c.header, "#Rhythm: Sinus")
}

// infarct reports an infarction with elevation, of whatever age.
func (c clinical) infarct() bool { return strings.Contains(c.header, "#STEMI") }

// realAlerts prints alerts on records of patients.
func realAlerts(out io.Writer, files fs.FS, all []clinical) error {
	row := func(name string, is func(clinical) bool) {
		items, alerted, tried := map[string]int{}, 0, 0
		for _, c := range all {
			if !is(c) {
				continue
			}
			tried++
			found, _ := alertsOf(c.rec)
			if len(found) > 0 {
				alerted++
			}
			for item := range found {
				items[item]++
			}
		}
		fmt.Fprintf(out, "| Lobachevsky, %s | %d | %.1f | %s |\n", name, tried, percent(alerted, tried), listed(items))
	}
	row("sinus rhythm, no ischaemia, scar or block", clinical.ordinary)
	row("infarction with elevation of any age", clinical.infarct)
	row("all others", func(c clinical) bool { return !c.ordinary() && !c.infarct() })
	for _, p := range gqrs() {
		if err := pieceAlerts(out, files, p.record); err != nil {
			return err
		}
	}
	for _, st := range []struct {
		name  string
		leads []string
		uv    []float64
	}{
		{"II, III, aVF raised", []string{"II", "III", "aVF"}, []float64{50, 100, 150, 200}},
		{"V2 to V5 raised", []string{"V2", "V3", "V4", "V5"}, []float64{100, 200, 300, 400}},
	} {
		for _, uv := range st.uv {
			alerted, tried := 0, 0
			for _, c := range all {
				if !c.ordinary() {
					continue
				}
				tried++
				if found, _ := alertsOf(raised(c.rec, st.leads, uv)); found["E01"] > 0 {
					alerted++
				}
			}
			fmt.Fprintf(out, "| Lobachevsky, sinus rhythm as above, with %s by %.2f mV | %d | %.0f | E01 × %d |\n", st.name, uv/1000, tried, percent(alerted, tried), alerted)
		}
	}
	return nil
}

// raised is rec with ST of some leads raised by uv from the end of QRS to T, as
// an injured heart has it.
func raised(rec *ecg.Recording, leads []string, uv float64) *ecg.Recording {
	out := copyOf(rec)
	res := measure.Analyse(rec)
	if res.Median == nil || !res.Median.QRSOff.Measurable || !res.Median.TEnd.Measurable {
		return out
	}
	from, to := res.Median.QRSOff.Number/1000, res.Median.TEnd.Number/1000
	const rise = 0.012 // s within QRS
	for _, name := range leads {
		x := out.Lead(name).Samples
		for _, b := range res.Beats {
			for t := from - rise; t < to; t += 1 / rec.RateHz {
				i := b.Sample + int(math.Round(t*rec.RateHz))
				share := math.Min((t-from+rise)/rise, math.Min(1, 2*(to-t)/(to-from)))
				if i >= 0 && i < len(x) {
					x[i] += float32(uv * share)
				}
			}
		}
	}
	return out
}

// pieceAlerts cuts a long record into ECGs and holds their alerts against the
// annotated beats.
func pieceAlerts(out io.Writer, files fs.FS, record string) error {
	rec, _, err := annotated(files, record)
	if err != nil {
		return err
	}
	marks, err := readMarks(files, record+".atr")
	if err != nil {
		return err
	}
	items, tried, alerted, right, critical := map[string]int{}, 0, 0, 0, 0
	length := int(pieceSeconds * rec.RateHz)
	for from := 0; from+length <= rec.Samples(); from += length {
		piece := copyOf(rec)
		for i := range piece.Leads {
			piece.Leads[i].Samples = piece.Leads[i].Samples[from : from+length]
		}
		tried++
		found, _ := alertsOf(piece)
		truth := criticalBeats(marks, from, from+length, rec.RateHz)
		if truth {
			critical++
		}
		if len(found) > 0 {
			alerted++
			if truth {
				right++
			}
		}
		for item := range found {
			items[item]++
		}
	}
	fmt.Fprintf(out, "| %s in pieces of 10 s, two leads, %d of them critical by their beats | %d | %.1f (%d right) | %s |\n", record, critical, tried, percent(alerted, tried), right, listed(items))
	return nil
}

// criticalBeats reports what of the critical list shows in annotated beats: a
// pause of three seconds, a rate of 35 or less, eight ventricular beats in a row
// at 150 a minute. Where the signal was marked as bad, beats are not missing.
func criticalBeats(marks []mark, from, to int, rate float64) bool {
	var beats []mark
	for _, m := range marks {
		switch {
		case m.sample < from || m.sample >= to:
		case m.code == codeQuality:
			return false
		case isBeat(m.code) || m.code == codeFlutterWave:
			beats = append(beats, m)
		}
	}
	if len(beats) < 2 {
		return true
	}
	run := 0
	for i, m := range beats {
		if i > 0 && float64(m.sample-beats[i-1].sample) >= 3*rate {
			return true
		}
		if m.code != codePVC && m.code != codeFlutterWave {
			run = 0
			continue
		}
		if run++; run >= 8 && float64(m.sample-beats[i-7].sample) <= 7*60/150.0*rate {
			return true
		}
	}
	seconds := float64(beats[len(beats)-1].sample-beats[0].sample) / rate
	return 60*float64(len(beats)-1)/seconds <= 35
}
