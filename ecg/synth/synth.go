// Package synth makes realistic 12-lead electrocardiograms for demonstrations
// and tests: in goes a kind of heart and a seed, out comes a recording of ten
// seconds at 500 Hz. It never reads a patient's data and never passes for one:
// the device of every recording is called synthetic.
//
// A beat is a handful of electric dipoles (P, septum, free wall, base, ST, T)
// that grow and fade over time. The dipoles are projected on the electrodes
// with the matrix of Dower, so that the limb leads obey Einthoven's law and
// the chest leads progress as in a person.
package synth

import (
	"fmt"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Kind names the heart, or the mistake at the couch, that is imitated.
type Kind string

// The kinds that Make knows.
const (
	Normal             Kind = "normal"               // sinus rhythm, 66–84 per minute
	SinusBradycardia   Kind = "sinus-bradycardia"    // 42–52 per minute
	AtrialFibrillation Kind = "atrial-fibrillation"  // 80–115 per minute, no P, f waves
	InferiorSTEMI      Kind = "inferior-stemi"       // ST up in II, III, aVF, down in I, aVL
	CompleteAVBlock    Kind = "complete-av-block"    // P at 75, wide escape beats at 34 per minute
	PVCs               Kind = "ventricular-ectopics" // three single ventricular premature beats
	LeadOff            Kind = "lead-off"             // Normal with electrode V3 off
	ArmReversal        Kind = "arm-reversal"         // Normal with the arm electrodes exchanged
)

// Kinds lists every kind in a fixed order.
func Kinds() []Kind {
	return []Kind{Normal, SinusBradycardia, AtrialFibrillation, InferiorSTEMI,
		CompleteAVBlock, PVCs, LeadOff, ArmReversal}
}

const (
	// RateHz is the sampling rate of every recording made here.
	RateHz = 500.0
	// Seconds is the length of every recording made here.
	Seconds = 10.0

	sampleCount = int(RateHz * Seconds)
)

// Make returns a recording of kind: twelve leads in the usual order, in µV.
// The same kind and seed give the same samples on every machine of one
// architecture. Start and patient are left to the caller. An unknown kind is
// an error.
func Make(kind Kind, seed uint64) (*ecg.Recording, error) {
	h, ok := heartOf(kind, seed)
	if !ok {
		return nil, fmt.Errorf("synth: unknown kind %q", kind)
	}
	leads := h.leads()
	switch kind {
	case LeadOff:
		h.detach(leads, 8)
	case ArmReversal:
		exchangeArms(leads)
	}
	rec := &ecg.Recording{RateHz: RateHz, Device: ecg.Device{Model: "synthetic " + string(kind)}}
	for i, name := range ecg.StandardLeads() {
		rec.Leads = append(rec.Leads, ecg.Lead{Name: name, Samples: leads[i]})
	}
	return rec, nil
}
