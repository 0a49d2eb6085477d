package dicom

import (
	"encoding/base64"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// JSONOptions say how to write DICOM JSON.
type JSONOptions struct {
	// BulkURI gives the BulkDataURI of a value that is bulk, encapsulated or
	// pixel data; "" leaves it out, or inline if it was kept. path is the way
	// to the element, "7FE00010", or with items counted from 1
	// "54000100/1/54001010". Without BulkURI kept values are inline.
	BulkURI func(path string, e *Element) string
}

// MarshalJSON writes the DICOM JSON model (PS3.18 Annex F) with all kept
// values inline.
func (d *Dataset) MarshalJSON() ([]byte, error) {
	j := jsonWriter{}
	j.dataset(d, "")
	return j.buf, nil
}

// JSON writes the DICOM JSON model, PS3.18 Annex F: one object, without group
// lengths and groups 0000 and 0002. The text is UTF-8, and Specific Character
// Set says so.
func (d *Dataset) JSON(w io.Writer, o JSONOptions) error {
	j := jsonWriter{opts: o}
	j.dataset(d, "")
	_, err := w.Write(j.buf)
	return err
}

type jsonWriter struct {
	buf  []byte
	opts JSONOptions
}

func (j *jsonWriter) str(s string) { j.buf = append(j.buf, s...) }

func (j *jsonWriter) dataset(d *Dataset, path string) {
	j.str("{")
	first, last := true, Tag(0)
	for i := range d.Elements {
		e := &d.Elements[i]
		if e.Tag.Element() == 0 || e.Tag.Group() <= 2 || e.Tag == last {
			continue
		}
		if !first {
			j.str(",")
		}
		first, last = false, e.Tag
		j.str(`"`)
		j.str(e.Tag.Hex())
		j.str(`":{"vr":"`)
		vr := jsonVR(d, e)
		j.str(string(vr))
		j.str(`"`)
		j.value(d, e, vr, path)
		j.str("}")
	}
	j.str("}")
}

// jsonVR is the element's VR, or that of PS3.6 for an attribute some node on
// the way did not know and sent on as UN.
func jsonVR(d *Dataset, e *Element) VR {
	if e.Items != nil {
		return SQ
	}
	if len(e.VR) != 2 {
		return UN
	}
	if e.VR == UN && !e.Tag.Private() {
		return d.textVR(e)
	}
	return e.VR
}

func (j *jsonWriter) value(d *Dataset, e *Element, vr VR, path string) {
	if e.Items != nil {
		j.items(e, path)
		return
	}
	if e.Bulk || e.Fragments != nil || isPixels(e.Tag) {
		uri := e.URI
		if j.opts.BulkURI != nil {
			uri = j.opts.BulkURI(path+e.Tag.Hex(), e)
		}
		if uri != "" {
			j.str(`,"BulkDataURI":`)
			j.quote(uri)
			return
		}
	}
	if len(e.Raw) == 0 {
		return
	}
	if vr.bytes() {
		j.str(`,"InlineBinary":"`)
		raw := e.Raw
		if size := d.cell(e, vr); size > 1 && d.order(e) != binary.LittleEndian {
			raw = swapped(raw, size)
		}
		j.buf = base64.StdEncoding.AppendEncode(j.buf, raw)
		j.str(`"`)
		return
	}
	j.values(d, e, vr)
}

func isPixels(t Tag) bool { return t == PixelData || t == FloatPixelData || t == DoubleFloatPixelData }

func (j *jsonWriter) items(e *Element, path string) {
	if len(e.Items) == 0 {
		return
	}
	j.str(`,"Value":[`)
	for i, item := range e.Items {
		if i > 0 {
			j.str(",")
		}
		j.dataset(item, path+e.Tag.Hex()+"/"+strconv.Itoa(i+1)+"/")
	}
	j.str("]")
}

func (j *jsonWriter) values(d *Dataset, e *Element, vr VR) {
	texts := d.padded(e, vr)
	if e.Tag == SpecificCharacterSet {
		texts = []string{"ISO_IR 192"}
	}
	if len(texts) == 0 || len(texts) == 1 && texts[0] == "" {
		return
	}
	j.str(`,"Value":[`)
	for i, s := range texts {
		if i > 0 {
			j.str(",")
		}
		j.one(s, vr)
	}
	j.str("]")
}

// padded are the values of an element; those of LO, SH and PN keep spaces at
// their start, which mean nothing, but which other readers of the model show.
func (d *Dataset) padded(e *Element, vr VR) []string {
	if vr != LO && vr != SH && vr != PN || len(e.Raw) == 0 {
		return d.values(e)
	}
	values := d.charsetFor(e, vr).decode(e.Raw, true, vr == PN)
	for i := range values {
		values[i] = strings.ToValidUTF8(strings.TrimRight(values[i], " \x00"), "\uFFFD")
	}
	return values
}

// one writes one value; empty ones are null (PS3.18 section F.2.5).
func (j *jsonWriter) one(s string, vr VR) {
	switch {
	case s == "":
		j.str("null")
	case vr == PN:
		j.name(ParseName(s))
	case vr == IS || vr == DS || vr == FL || vr == FD || vr == US || vr == SS || vr == UL || vr == SL:
		j.number(s)
	case vr == SV || vr == UV:
		if len(s) > 15 { // beyond what a double holds exactly
			j.quote(s)
		} else {
			j.str(s)
		}
	default:
		j.quote(s)
	}
}

func (j *jsonWriter) name(n PersonName) {
	j.str("{")
	first := true
	for _, part := range []struct{ key, value string }{
		{"Alphabetic", n.Alphabetic}, {"Ideographic", n.Ideographic}, {"Phonetic", n.Phonetic},
	} {
		if part.value == "" {
			continue
		}
		if !first {
			j.str(",")
		}
		first = false
		j.quote(part.key)
		j.str(":")
		j.quote(part.value)
	}
	j.str("}")
}

// number writes a decimal as it stands if JSON allows, else in JSON's form;
// what is no number stays a string.
func (j *jsonWriter) number(s string) {
	if jsonNumber(s) {
		j.str(s)
		return
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		j.quote(s)
		return
	}
	j.buf = strconv.AppendFloat(j.buf, f, 'g', -1, 64)
}

// jsonNumber is the grammar of RFC 8259 section 6.
func jsonNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if frac, ok := strings.CutPrefix(s, "."); ok {
		n := digits(frac)
		if n == 0 {
			return false
		}
		s = frac[n:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		n := digits(s)
		return n > 0 && n < 4 && n == len(s)
	}
	return s == ""
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

const hexDigits = "0123456789abcdef"

// quote writes a JSON string. Characters with a meaning in HTML stay as they
// are; the answer's media type is application/dicom+json.
func (j *jsonWriter) quote(s string) {
	j.str(`"`)
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				j.str(s[from:i])
				j.str("\uFFFD")
				from = i + 1
			}
			i += n
			continue
		}
		if c < 0x20 || c == '"' || c == '\\' {
			j.str(s[from:i])
			j.escape(c)
			from = i + 1
		}
		i++
	}
	j.str(s[from:])
	j.str(`"`)
}

func (j *jsonWriter) escape(c byte) {
	switch c {
	case '"', '\\':
		j.buf = append(j.buf, '\\', c)
	case '\n':
		j.str(`\n`)
	case '\r':
		j.str(`\r`)
	case '\t':
		j.str(`\t`)
	default:
		j.buf = append(j.buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}
