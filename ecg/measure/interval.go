package measure

import (
	"math"
)

// Measurements are the global numbers of a recording. The JSON form is the
// hub's own set of measurements; what could not be measured is absent.
type Measurements struct {
	HR   Value `json:"hr_bpm,omitzero"` // 60 s over the mean RR interval
	RR   Value `json:"rr_ms,omitzero"`  // mean
	P    Value `json:"p_ms,omitzero"`
	PR   Value `json:"pr_ms,omitzero"`
	QRS  Value `json:"qrs_ms,omitzero"`
	QT   Value `json:"qt_ms,omitzero"`
	QTc  Value `json:"qtc_ms,omitzero"`   // Bazett
	QTcF Value `json:"qtcf_ms,omitzero"`  // Fridericia
	QTcM Value `json:"qtcfr_ms,omitzero"` // Framingham
	QTcH Value `json:"qtch_ms,omitzero"`  // Hodges
	// Frontal axes, −179° to 180°; 0° points left, 90° to the feet.
	PAxis   Value `json:"p_axis_deg,omitzero"`
	QRSAxis Value `json:"qrs_axis_deg,omitzero"`
	TAxis   Value `json:"t_axis_deg,omitzero"`
	RV5     Value `json:"rv5_uv,omitzero"` // height of R in V5
	SV1     Value `json:"sv1_uv,omitzero"` // depth of S in V1, positive
	// Sokolow is SV1 and the higher R of V5 and V6 (Sokolow M, Lyon TP. Am Heart
	// J 1949;37:161–186).
	Sokolow Value `json:"sokolow_uv,omitzero"`
	// RS are the height of R and the depth of S on each lead, by lead name.
	RS map[string]RS `json:"rs,omitempty"`
	// ST is the level of the ST segment on each lead against the segment
	// before QRS, by lead name.
	ST map[string]STLevel `json:"st,omitempty"`
	// Basis says what each group of numbers was measured on: "rhythm" (hr, rr),
	// "p" (p, pr, p axis), "qrs" (qrs, its axis, rs, rv5, sv1, sokolow, st), "t" (qt, qtc, t
	// axis).
	Basis map[string]Basis `json:"basis,omitempty"`
}

// STLevel is the ST segment of one lead in µV at the end of QRS (the J point),
// 60 and 80 ms later.
type STLevel struct {
	J   Value `json:"j_uv,omitzero"`
	J60 Value `json:"j60_uv,omitzero"`
	J80 Value `json:"j80_uv,omitzero"`
}

// RS is QRS of one lead against the segment before it, in µV, both positive: its
// highest point and its lowest; 0 where it has none on that side.
type RS struct {
	R Value `json:"r_uv"`
	S Value `json:"s_uv"`
}

// Basis is what a number was measured on.
type Basis struct {
	Leads []string `json:"leads"`
	Beats []int    `json:"beats"` // indexes into Result.Beats
}

// measurementsOf collects the numbers; m is nil when there is no median beat.
func measurementsOf(m *medianBeat, b bounds, beats []Beat, rhythm Rhythm, usable []string) Measurements {
	out := Measurements{Basis: map[string]Basis{}}
	if rhythm.meanRR > 0 {
		out.RR, out.HR = rounded(rhythm.meanRR, 1), rounded(60000/rhythm.meanRR, 1)
		out.Basis["rhythm"] = Basis{Leads: usable, Beats: upTo(len(beats))}
	}
	if m == nil || b.qrsOn < 0 {
		return out
	}
	out.QRS = rounded(m.ms(b.qrsOff)-m.ms(b.qrsOn), 1)
	out.QRSAxis = axis(m, b.qrsOn, b.qrsOff)
	out.voltages(m, b)
	out.ST = stLevels(m, b)
	out.Basis["qrs"] = Basis{Leads: m.names, Beats: m.used}
	if b.pOn >= 0 && rhythm.PWaves {
		out.P = rounded(m.ms(b.pOff)-m.ms(b.pOn), 1)
		out.PR = rounded(m.ms(b.qrsOn)-m.ms(b.pOn), 1)
		out.PAxis = axis(m, b.pOn, b.pOff)
		out.Basis["p"] = Basis{Leads: b.pLeads, Beats: m.used}
	}
	if b.tEnd >= 0 {
		qt := m.ms(b.tEnd) - m.ms(b.qrsOn)
		out.QT = rounded(qt, 1)
		out.correct(qt, rhythm.meanRR)
		out.TAxis = axis(m, b.qrsOff+span(0.060, m.rate), b.tEnd)
		out.Basis["t"] = Basis{Leads: b.tLeads, Beats: m.used}
	}
	return out
}

// correct fills the four rate-corrected QT intervals; rr in ms.
//
// Source: AHA/ACCF/HRS 2009, recommendations for the standardization and
// interpretation of the electrocardiogram, part IV.
func (out *Measurements) correct(qt, rr float64) {
	if rr <= 0 {
		return
	}
	seconds := rr / 1000
	out.QTc = rounded(qt/math.Sqrt(seconds), 1)
	out.QTcF = rounded(qt/math.Cbrt(seconds), 1)
	out.QTcM = rounded(qt+154*(1-seconds), 1)
	out.QTcH = rounded(qt+1.75*(60/seconds-60), 1)
}

// voltages fills R and S of every lead and what follows from them.
func (out *Measurements) voltages(m *medianBeat, b bounds) {
	out.RS = make(map[string]RS, len(m.names))
	for i, name := range m.names {
		low, high := extremes(m.x[i][b.qrsOn : b.qrsOff+1])
		out.RS[name] = RS{R: rounded(math.Max(0, high), 1), S: rounded(math.Max(0, -low), 1)}
	}
	out.RV5, out.SV1 = out.RS["V5"].R, out.RS["V1"].S
	if r := math.Max(out.RV5.Number, out.RS["V6"].R.Number); out.SV1.Measurable && r > 0 {
		out.Sokolow = rounded(out.SV1.Number+r, 1)
	}
}

// axis is the frontal direction of the area under I and aVF between two
// indexes; not measurable without both leads or when the area is too small to
// point anywhere.
func axis(m *medianBeat, from, to int) Value {
	one, foot := m.lead("I"), m.lead("aVF")
	if one == nil || foot == nil || from < 0 || to <= from {
		return Value{}
	}
	a, f := area(one, from, to), area(foot, from, to)*2/math.Sqrt(3)
	const least = 0.4 // µV·s
	if math.Hypot(a, f)/m.rate < least {
		return Value{}
	}
	return rounded(math.Atan2(f, a)*180/math.Pi, 1)
}

// area is the sum of x from .. to above the straight line between its ends'
// zero level; the median beat's zero is the level before QRS.
func area(x []float64, from, to int) float64 {
	sum := 0.0
	for _, v := range x[from : to+1] {
		sum += v
	}
	return sum
}

// stLevels measures ST on every lead of m.
func stLevels(m *medianBeat, b bounds) map[string]STLevel {
	levels := make(map[string]STLevel, len(m.names))
	for i, name := range m.names {
		x := m.x[i]
		level := func(seconds float64) Value {
			at := b.qrsOff
			if seconds > 0 {
				at += span(seconds, m.rate)
			}
			if at+1 >= len(x) {
				return Value{}
			}
			return rounded(mean(x[max(0, at-1):at+2]), 1)
		}
		levels[name] = STLevel{J: level(0), J60: level(0.060), J80: level(0.080)}
	}
	return levels
}

func usableLeads(traces []trace) []string {
	var names []string
	for _, tr := range traces {
		if tr.usable {
			names = append(names, tr.name)
		}
	}
	return names
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
