// Package draw puts an electrocardiogram on paper in true millimetres: one
// geometry, drawn as SVG for the browser and the printer or as PDF for the
// report. In goes an ecg.Recording and Options, out comes a page; samples are
// filtered for display on a copy only, and the filter is named on the page.
package draw

import (
	"errors"
	"fmt"
	"slices"
)

// Layout is an arrangement of the leads on the page.
type Layout string

// The layouts; in those with several columns a column follows the one before
// in time.
const (
	Layout12x1  Layout = "12x1"   // twelve rows
	Layout6x2   Layout = "6x2"    // six rows, two columns
	Layout3x4   Layout = "3x4"    // three rows, four columns
	Layout3x4R1 Layout = "3x4+1R" // the same over one rhythm lead
	Layout3x4R3 Layout = "3x4+3R" // the same over three: the rhythm lead, V1 and V5
)

// Layouts lists them in the order in which a menu shows them.
func Layouts() []Layout { return []Layout{Layout3x4R1, Layout3x4R3, Layout3x4, Layout6x2, Layout12x1} }

// Options say how to draw. The zero value is 3x4+1R at 25 mm/s and 10 mm/mV
// with 0.05–150 Hz, rhythm lead II, Chinese words.
type Options struct {
	Layout       Layout
	MMPerSecond  float64 // 12.5, 25 or 50
	MMPerMV      float64 // 2.5, 5, 10 or 20
	ChestMMPerMV float64 // of V1, V2 …, where large complexes want less; 0: as the others
	StartSecond  float64 // of the recording, at the left edge
	RhythmLead   string
	Cabrera      bool // limb leads as aVL, I, −aVR, II, aVF, III
	Together     bool // every column begins at StartSecond, instead of following in time
	Filter       Filter
	Header       []string // lines over the grid, such as patient and time
	English      bool     // words on the page
	FontFamily   string   // PDF: a font with Chinese that the caller has added; "" draws English in Helvetica
}

// ErrOptions is wrapped by every refusal of Options.
var ErrOptions = errors.New("draw: options")

// filled returns o with defaults in place of zeros, or what is wrong with it.
func (o Options) filled() (Options, error) {
	setText := func(v *string, text string) {
		if *v == "" {
			*v = text
		}
	}
	setNumber := func(v *float64, number float64) {
		if *v == 0 {
			*v = number
		}
	}
	if o.Layout == "" {
		o.Layout = Layout3x4R1
	}
	setText(&o.RhythmLead, "II")
	setNumber(&o.MMPerSecond, 25)
	setNumber(&o.MMPerMV, 10)
	o.Filter = o.Filter.filled()
	switch {
	case !slices.Contains(Layouts(), o.Layout):
		return o, fmt.Errorf("%w: unknown layout %.16q", ErrOptions, o.Layout)
	case !slices.Contains([]float64{12.5, 25, 50}, o.MMPerSecond):
		return o, fmt.Errorf("%w: %g mm/s, want 12.5, 25 or 50", ErrOptions, o.MMPerSecond)
	case !slices.Contains([]float64{2.5, 5, 10, 20}, o.MMPerMV):
		return o, fmt.Errorf("%w: %g mm/mV, want 2.5, 5, 10 or 20", ErrOptions, o.MMPerMV)
	case !slices.Contains([]float64{0, 2.5, 5, 10, 20}, o.ChestMMPerMV):
		return o, fmt.Errorf("%w: %g mm/mV for the chest leads, want 2.5, 5, 10 or 20", ErrOptions, o.ChestMMPerMV)
	case !(o.StartSecond >= 0):
		return o, fmt.Errorf("%w: start at %g s", ErrOptions, o.StartSecond)
	}
	return o, o.Filter.check()
}
