package deident

import (
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// keep copies an element; text is written in UTF-8, and what identifies is cut
// out of it wherever it stands.
func (p *pass) keep(out, in *dicom.Dataset, e *dicom.Element, m mode) {
	switch vr := vrOf(e); {
	case vr == dicom.SQ:
		p.items(out, e, m)
	case isText(vr):
		p.text(out, in, e, m)
	case vr == dicom.PN, !ascii(e.Raw) && isCharacters(vr):
		setText(out, e.Tag, vr, in.Texts(e.Tag))
	default:
		copied := *e
		out.Elements = append(out.Elements, copied) // tags come in their order
	}
}

// text keeps a text, or in a replaced sequence a dummy for it.
func (p *pass) text(out, in *dicom.Dataset, e *dicom.Element, m mode) {
	if m == identity || m == content && !isCode(e.Tag) {
		setText(out, e.Tag, vrOf(e), []string{"ANONYMIZED"})
		return
	}
	values := in.Texts(e.Tag)
	for i := range values {
		values[i] = p.secrets.cut(values[i])
	}
	p.stays(e.Tag, values)
	setText(out, e.Tag, vrOf(e), values)
}

// stays notes that words stay in an attribute. Those of codes come from a list.
func (p *pass) stays(t dicom.Tag, values []string) {
	if !isCode(t) && strings.Trim(strings.Join(values, ""), " ") != "" {
		p.texts[t] = true
	}
}

// clean keeps the meaning of a value without what identifies.
func (p *pass) clean(out, in *dicom.Dataset, e *dicom.Element, m mode) {
	switch vr := vrOf(e); {
	case vr == dicom.SQ:
		p.items(out, e, m)
	case isText(vr), isCharacters(vr):
		values := in.Texts(e.Tag)
		for i := range values {
			values[i] = cleaned(p.secrets.cut(values[i]))
		}
		switch {
		case vr == dicom.AE:
			values = []string{p.pseudonym("AE", strings.Join(values, `\`))}
		case isText(vr):
			p.stays(e.Tag, values)
		}
		setText(out, e.Tag, vr, values)
	default:
		p.dummy(out, in, e)
	}
}

// dummy replaces a value by one of its VR that says nothing.
func (p *pass) dummy(out, in *dicom.Dataset, e *dicom.Element) {
	switch vr := vrOf(e); vr {
	case dicom.SQ:
		m := identity
		if e.Tag == dicom.ContentSequence || e.Tag == graphicAnnotationSequence {
			m = content
		}
		p.items(out, e, m)
	case dicom.PN:
		name := in.Text(e.Tag)
		if name != "" {
			name = p.pseudonym("N", name)
		}
		setText(out, e.Tag, vr, []string{name})
	default:
		if d, ok := dummies[vr]; ok && len(e.Raw) > 0 {
			out.SetRaw(e.Tag, vr, []byte(d))
		} else {
			setEmpty(out, e)
		}
	}
}

// graphicAnnotationSequence is (0070,0001), PS3.3 section C.10.5.
const graphicAnnotationSequence dicom.Tag = 0x00700001

// dummies are of even length. Numbers of any byte order are 0.
var dummies = map[dicom.VR]string{
	dicom.AE: "ANON", dicom.AS: "000Y", dicom.AT: "\x00\x00\x00\x00", dicom.CS: "ANON", dicom.DA: "19000101",
	dicom.DS: "0 ", dicom.DT: "19000101000000", dicom.FD: "\x00\x00\x00\x00\x00\x00\x00\x00", dicom.FL: "\x00\x00\x00\x00",
	dicom.IS: "0 ", dicom.LO: "ANONYMIZED", dicom.LT: "ANONYMIZED", dicom.OB: "\x00\x00", dicom.OW: "\x00\x00",
	dicom.OF: "\x00\x00\x00\x00", dicom.OD: "\x00\x00\x00\x00\x00\x00\x00\x00", dicom.SH: "ANONYMIZED", dicom.SL: "\x00\x00\x00\x00",
	dicom.SS: "\x00\x00", dicom.ST: "ANONYMIZED", dicom.TM: "000000", dicom.UC: "ANONYMIZED", dicom.UL: "\x00\x00\x00\x00",
	dicom.US: "\x00\x00", dicom.UT: "ANONYMIZED",
}

// uids replaces UIDs, also those of the items of a reference.
func (p *pass) uids(out, in *dicom.Dataset, e *dicom.Element, m mode) {
	if e.Items != nil {
		p.items(out, e, m)
		return
	}
	var values []string
	for _, s := range strings.Split(strings.TrimRight(string(e.Raw), "\x00 "), `\`) {
		values = append(values, p.uid(strings.Trim(s, "\x00 ")))
	}
	setText(out, e.Tag, dicom.UI, values)
}

// shift moves dates by the patient's days; times of day stay. What is no date
// is emptied.
func (p *pass) shift(out, in *dicom.Dataset, e *dicom.Element) {
	vr := vrOf(e)
	if vr == dicom.TM {
		p.keep(out, in, e, ordinary)
		return
	}
	if vr != dicom.DA && vr != dicom.DT {
		p.dummy(out, in, e)
		return
	}
	values := in.Texts(e.Tag)
	for i, s := range values {
		values[i] = p.shifted(s)
	}
	setText(out, e.Tag, vr, values)
}

// shifted moves YYYYMMDD and what follows it.
func (p *pass) shifted(s string) string {
	if len(s) < 8 {
		return ""
	}
	at, err := time.Parse("20060102", s[:8])
	if err != nil {
		return ""
	}
	return at.AddDate(0, 0, p.days()).Format("20060102") + s[8:]
}

func setEmpty(out *dicom.Dataset, e *dicom.Element) {
	if vr := vrOf(e); vr != dicom.SQ {
		out.SetRaw(e.Tag, vr, nil)
		return
	}
	out.SetItems(e.Tag)
}

// setText writes UTF-8.
func setText(out *dicom.Dataset, t dicom.Tag, vr dicom.VR, values []string) {
	raw := []byte(strings.Join(values, `\`))
	if len(raw)%2 == 1 {
		pad := byte(' ')
		if vr == dicom.UI {
			pad = 0
		}
		raw = append(raw, pad)
	}
	out.SetRaw(t, vr, raw)
}

// isText says that a VR holds words people write.
func isText(vr dicom.VR) bool {
	switch vr {
	case dicom.LO, dicom.LT, dicom.SH, dicom.ST, dicom.UC, dicom.UT:
		return true
	}
	return false
}

// isCharacters says that a VR holds characters of a fixed form.
func isCharacters(vr dicom.VR) bool {
	switch vr {
	case dicom.AE, dicom.AS, dicom.CS, dicom.DA, dicom.DS, dicom.DT, dicom.IS, dicom.TM, dicom.UI, dicom.PN:
		return true
	}
	return false
}

// isCode says that an attribute is part of a coded entry, PS3.3 section 8.
func isCode(t dicom.Tag) bool {
	switch t {
	case dicom.CodeValue, dicom.CodingSchemeDesignator, dicom.CodingSchemeVersion, dicom.CodeMeaning, dicom.LongCodeValue:
		return true
	}
	return false
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 || c == 0x1B {
			return false
		}
	}
	return true
}
