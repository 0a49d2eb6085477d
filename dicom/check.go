package dicom

import (
	"errors"
	"fmt"
	"strings"
)

// Finding is one thing that is wrong with a file, for an operator. It holds no
// values of the patient.
type Finding struct {
	Severe bool  // the object, or part of it, is of no use
	Tag    Tag   // 0 if it is of no element
	Offset int64 // where, in bytes from the start of the stream; -1 if nowhere
	Text   string
	Fix    string // what the operator or the device's maker can do; may be empty
}

// String is one line: weight, place, text and fix.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString("note")
	if f.Severe {
		b.Reset()
		b.WriteString("error")
	}
	if f.Offset >= 0 {
		fmt.Fprintf(&b, " at byte %d", f.Offset)
	}
	if f.Tag != 0 {
		fmt.Fprintf(&b, " %s", f.Tag)
		if e, ok := Lookup(f.Tag); ok {
			fmt.Fprintf(&b, " %s", e.Name)
		}
	}
	fmt.Fprintf(&b, ": %s", f.Text)
	if f.Fix != "" {
		fmt.Fprintf(&b, " - %s", f.Fix)
	}
	return b.String()
}

// mediaDirectory is the SOP class of a DICOMDIR.
const mediaDirectory = "1.2.840.10008.1.3.10"

const (
	fixResend = "send or copy it again; if it stays so, the device lost the rest"
	fixDevice = "tell the device's maker; the hub reads it all the same"
	fixUID    = "the object cannot be stored under a valid identity; export it again"
)

// Check lists what is wrong with a file that Read has read, and with the error
// that Read gave, the worst first.
func Check(f *File, err error) []Finding {
	var severe, slight []Finding
	if fault, ok := errors.AsType[*ParseError](err); ok {
		fix := fixDevice[:len("tell the device's maker")]
		if errors.Is(err, ErrTruncated) {
			fix = fixResend
		}
		severe = append(severe, Finding{Severe: true, Tag: fault.Tag, Offset: fault.Offset, Text: fault.Reason, Fix: fix})
	}
	d := f.Dataset
	if d == nil {
		return severe
	}
	for _, n := range d.Notes {
		slight = append(slight, Finding{Offset: -1, Text: n, Fix: fixDevice})
	}
	if !f.Preamble {
		slight = append(slight, Finding{Offset: 0, Text: "no preamble and DICM", Fix: "not a PS3.10 file; the hub reads it as a bare data set"})
	}
	if err == nil { // what is missing after a cut needs no list
		severe = append(severe, checkIdentity(f)...)
		if bad := PixelFault(d); bad != nil {
			severe = append(severe, Finding{Severe: true, Tag: bad.Tag, Offset: bad.Offset, Text: bad.Reason, Fix: fixResend})
		}
	}
	slight = append(append(slight, checkText(d)...), checkValues(d)...)
	return append(severe, slight...)
}

// checkIdentity looks at the UIDs under which an object is stored. A DICOMDIR
// has none of them.
func checkIdentity(f *File) []Finding {
	if f.Dataset.Get(DirectoryRecordSequence) != nil || f.Meta != nil && f.Meta.Text(MediaStorageSOPClassUID) == mediaDirectory {
		return nil
	}
	var all []Finding
	for _, t := range []Tag{SOPClassUID, SOPInstanceUID, StudyInstanceUID, SeriesInstanceUID} {
		switch uid := f.Dataset.Text(t); {
		case uid == "":
			all = append(all, Finding{Severe: true, Tag: t, Offset: -1, Text: "is missing", Fix: fixUID})
		case !ValidUID(uid):
			all = append(all, Finding{Severe: strings.Trim(uid, "0123456789.") != "" || len(uid) > MaxUIDLength, Tag: t,
				Offset: f.Dataset.Get(t).Offset, Text: "is not a valid UID (PS3.5 section 9)", Fix: fixUID})
		}
	}
	if f.Meta == nil {
		return all
	}
	for in, out := range map[Tag]Tag{SOPClassUID: MediaStorageSOPClassUID, SOPInstanceUID: MediaStorageSOPInstanceUID} {
		if a, b := f.Dataset.Text(in), f.Meta.Text(out); a != "" && b != "" && a != b {
			all = append(all, Finding{Tag: out, Offset: f.Meta.Get(out).Offset, Text: "differs from " + in.String() + " of the data set",
				Fix: "the data set's counts"})
		}
	}
	return all
}

// checkText says when text is not what its character set says.
func checkText(d *Dataset) []Finding {
	var all []Finding
	at := int64(-1)
	e := d.Get(SpecificCharacterSet)
	if e != nil {
		at = e.Offset
		if cs := d.charset(); cs.kind == kindNone && strings.Trim(string(e.Raw), " \\\x00") != "" {
			all = append(all, Finding{Tag: SpecificCharacterSet, Offset: at, Text: "names a character set that PS3.3 C.12.1.1.2 does not define",
				Fix: "set the device to GB18030 or ISO_IR 192"})
		}
	}
	if charset, sure := d.Repaired(); charset != "" {
		all = append(all, Finding{Tag: SpecificCharacterSet, Offset: at,
			Text: fmt.Sprintf("text beyond ASCII is not in the character set it declares; shown as %s, %.0f %% sure", charset, 100*sure),
			Fix:  "set the device's character set to what it really writes"})
	}
	return all
}

// PixelFault is the first reason why the frames of a data set cannot be shown
// whole: what PixelLoss says, or attributes of which no frame can be made. nil
// if there is none, or no pixel data. Frames are not decoded.
func PixelFault(d *Dataset) *ParseError {
	if lost := PixelLoss(d); lost != nil {
		return lost
	}
	_, err := IndexFrames(d)
	fault, _ := errors.AsType[*ParseError](err)
	return fault
}
