// Package deident takes the identity out of DICOM objects for teaching and
// sharing: PS3.15 Annex E, the basic application level confidentiality profile
// with its retain and clean options.
//
// A parsed data set comes in, a new one goes out; the original is not changed.
// Patients, UIDs and shifted dates are replaced by keyed hashes, so the objects
// of one patient stay together over all runs with one key, and nobody without
// the key can lead them back. The package reads no files and keeps no table of
// who was who.
package deident

import (
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// MinKey is the shortest key in bytes.
const MinKey = 16

// Options are those of PS3.15 section E.3; the zero value is the basic profile
// alone.
type Options struct {
	KeepUIDs        bool // E.3.9
	KeepDevice      bool // E.3.8
	KeepInstitution bool // E.3.11
	KeepPatient     bool // E.3.7: age, sex, size, weight …
	KeepDates       bool // E.3.6: full dates
	ShiftDates      bool // E.3.6: dates moved by the same days for each patient
	KeepSafePrivate bool // E.3.10: private attributes known or declared to be safe
	CleanText       bool // E.3.5: descriptions stay, without what identifies
	CleanGraphics   bool // E.3.3: vector graphics and their text stay so; bitmaps never do
	CleanContent    bool // E.3.4: structured content stays so
	// CleanPixels blanks Blank in every frame and, of an ultrasound image, all
	// that lies outside its declared regions (E.3.1).
	CleanPixels bool
	Blank       []image.Rectangle // columns and rows from 0
}

// ErrBurnedIn is the errors.Is target for objects that say that identity is
// burned into their pixels, while nothing was said to be blanked.
var ErrBurnedIn = errors.New("deident: the object says that text is burned into its pixels: name the regions to blank")

// Deidentifier replaces identities under one key. It may be used concurrently.
type Deidentifier struct {
	key     []byte
	options Options
}

// Result is a de-identified object.
type Result struct {
	Dataset *dicom.Dataset
	Meta    dicom.FileMeta
	// Warnings say what a person has to look at before the object leaves.
	Warnings []string
	// Texts are the attributes, in the order of their tags, in which words that
	// people or machines wrote have stayed, without what identifies as far as
	// the object tells.
	Texts []dicom.Tag
}

// New checks key and options.
func New(key []byte, o Options) (*Deidentifier, error) {
	if len(key) < MinKey {
		return nil, fmt.Errorf("deident: a key of %d bytes, at least %d are needed", len(key), MinKey)
	}
	if o.KeepDates && o.ShiftDates {
		return nil, errors.New("deident: dates are either kept or shifted")
	}
	if len(o.Blank) > 0 && !o.CleanPixels {
		return nil, errors.New("deident: regions are blanked with the clean pixels option only")
	}
	return &Deidentifier{slices.Clone(key), o}, nil
}

// Apply de-identifies an object; d must hold all its values (parsed with
// Options.Keep -1). Errors are ErrBurnedIn or say what d is unfit for; they
// hold no values.
func (z *Deidentifier) Apply(d *dicom.Dataset) (*Result, error) {
	if d.Text(dicom.SOPClassUID) == "" || d.Text(dicom.SOPInstanceUID) == "" {
		return nil, errors.New("deident: no SOP Class UID or SOP Instance UID: a DICOMDIR or part of an object")
	}
	p := &pass{Deidentifier: z, patient: z.patientOf(d), secrets: z.secretsOf(d), texts: map[dicom.Tag]bool{}}
	out := &dicom.Dataset{Syntax: d.Syntax}
	p.dataset(out, d, ordinary)
	out.SetRaw(dicom.SpecificCharacterSet, dicom.CS, []byte("ISO_IR 192"))
	if p.err != nil {
		return nil, p.err
	}
	if err := p.pixels(out, d); err != nil {
		return nil, err
	}
	p.sign(out, d)
	return &Result{Dataset: out, Warnings: p.warnings, Texts: slices.Sorted(maps.Keys(p.texts)), Meta: dicom.FileMeta{SOPClassUID: out.Text(dicom.SOPClassUID),
		SOPInstanceUID: out.Text(dicom.SOPInstanceUID), Syntax: out.Syntax}}, nil
}

// pass is the work on one object.
type pass struct {
	*Deidentifier
	patient  string // what tells this patient from others
	secrets  *secrets
	warnings []string
	texts    map[dicom.Tag]bool // in which words have stayed
	err      error
}

// mode is how the items of a sequence are treated beyond the table.
type mode uint8

const (
	ordinary mode = iota
	content       // text is replaced, codes stay
	identity      // text and codes are replaced
)

// dataset writes what remains of in to out.
func (p *pass) dataset(out, in *dicom.Dataset, m mode) {
	last := dicom.Tag(0)
	for i := range in.Elements {
		e := &in.Elements[i]
		if g := e.Tag.Group(); g <= 0x0004 || e.Tag.Element() == 0 || i > 0 && e.Tag == last || e.Tag == dicom.SpecificCharacterSet {
			continue
		}
		last = e.Tag
		if e.Bulk {
			p.err = fmt.Errorf("deident: %s: its value was not kept", e.Tag)
		}
		p.element(out, in, e, m)
	}
}

func (p *pass) element(out, in *dicom.Dataset, e *dicom.Element, m mode) {
	if e.Tag.Private() {
		if p.options.KeepSafePrivate && p.safePrivate(in, e) {
			p.keep(out, in, e, m)
		}
		return
	}
	switch p.action(e) {
	case keep:
		p.keep(out, in, e, m)
	case clean:
		p.clean(out, in, e, m)
	case shift:
		p.shift(out, in, e)
	case empty:
		setEmpty(out, e)
	case dummy:
		p.dummy(out, in, e)
	case newUID:
		p.uids(out, in, e, m)
	case remove:
	}
}

// items de-identifies the items of a sequence.
func (p *pass) items(out *dicom.Dataset, e *dicom.Element, m mode) {
	items := make([]*dicom.Dataset, len(e.Items))
	for i, in := range e.Items {
		items[i] = &dicom.Dataset{Syntax: in.Syntax}
		p.dataset(items[i], in, m)
	}
	out.SetItems(e.Tag, items...)
}
