package deident

import "github.com/yuanzhen/yuanzhen/dicom"

// longitudinalTemporalInformationModified is (0028,0303), PS3.3 C.7.1.1.
const longitudinalTemporalInformationModified dicom.Tag = 0x00280303

// sign writes who the patient is now, and by which methods that came about
// (PS3.15 section E.1.1, codes of PS3.16 CID 7050).
func (p *pass) sign(out, in *dicom.Dataset) {
	who := p.pseudonym("P", p.patient)
	setText(out, dicom.PatientID, dicom.LO, []string{who})
	setText(out, dicom.PatientName, dicom.PN, []string{who})
	if a := in.Text(dicom.AccessionNumber); a != "" {
		setText(out, dicom.AccessionNumber, dicom.SH, []string{p.pseudonym("A", a)})
	}
	setText(out, dicom.PatientIdentityRemoved, dicom.CS, []string{"YES"})
	dates := "REMOVED"
	switch {
	case p.options.KeepDates:
		dates = "UNMODIFIED"
	case p.options.ShiftDates:
		dates = "MODIFIED"
	}
	setText(out, longitudinalTemporalInformationModified, dicom.CS, []string{dates})
	var names []string
	var codes []*dicom.Dataset
	for _, m := range p.options.methods() {
		names = append(names, m.name)
		code := &dicom.Dataset{Syntax: out.Syntax}
		setText(code, dicom.CodeValue, dicom.SH, []string{m.code})
		setText(code, dicom.CodingSchemeDesignator, dicom.SH, []string{"DCM"})
		setText(code, dicom.CodeMeaning, dicom.LO, []string{m.name})
		codes = append(codes, code)
	}
	setText(out, dicom.DeidentificationMethod, dicom.LO, names)
	out.SetItems(dicom.DeidentificationMethodCodeSequence, codes...)
}

type method struct{ code, name string }

// methods are the options in force, in the order of their codes.
func (o *Options) methods() []method {
	all := []method{{"113100", "Basic Application Confidentiality Profile"}}
	for _, m := range []struct {
		on bool
		method
	}{
		{o.CleanPixels, method{"113101", "Clean Pixel Data Option"}},
		{o.CleanGraphics, method{"113103", "Clean Graphics Option"}},
		{o.CleanContent, method{"113104", "Clean Structured Content Option"}},
		{o.CleanText, method{"113105", "Clean Descriptors Option"}},
		{o.KeepDates, method{"113106", "Retain Longitudinal Temporal Information Full Dates Option"}},
		{o.ShiftDates, method{"113107", "Retain Longitudinal Temporal Information Modified Dates Option"}},
		{o.KeepPatient, method{"113108", "Retain Patient Characteristics Option"}},
		{o.KeepDevice, method{"113109", "Retain Device Identity Option"}},
		{o.KeepUIDs, method{"113110", "Retain UIDs Option"}},
		{o.KeepSafePrivate, method{"113111", "Retain Safe Private Option"}},
		{o.KeepInstitution, method{"113112", "Retain Institution Identity Option"}},
	} {
		if m.on {
			all = append(all, m.method)
		}
	}
	return all
}
