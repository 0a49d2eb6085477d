package dicom

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// jsonElement is one attribute of the DICOM JSON model.
type jsonElement struct {
	VR           string            `json:"vr"`
	Value        []json.RawMessage `json:"Value"`
	InlineBinary *string           `json:"InlineBinary"`
	BulkDataURI  *string           `json:"BulkDataURI"`
}

type jsonName struct {
	Alphabetic  string
	Ideographic string
	Phonetic    string
}

// ParseJSON reads one data set of the DICOM JSON model, PS3.18 Annex F, in
// explicit VR little endian and UTF-8. Values given by BulkDataURI become Bulk
// with that URI. The caller bounds the length of r.
func ParseJSON(r io.Reader) (*Dataset, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	d := New()
	d.SetText(SpecificCharacterSet, "ISO_IR 192")
	p := jsonParser{}
	if err := p.dataset(d, raw, 0); err != nil {
		return nil, err
	}
	if !p.declared && !p.wide {
		d.Delete(SpecificCharacterSet)
	}
	return d, nil
}

type jsonParser struct {
	elements int
	declared bool // the JSON has (0008,0005)
	wide     bool // there is text beyond ASCII
}

func (p *jsonParser) dataset(d *Dataset, raw []byte, depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("dicom: JSON: sequences nested more than %d deep", MaxDepth)
	}
	var members map[string]jsonElement
	if err := json.Unmarshal(raw, &members); err != nil {
		return fmt.Errorf("dicom: JSON: %w", err)
	}
	if p.elements += len(members); p.elements > MaxElements {
		return fmt.Errorf("dicom: JSON: more than %d elements", MaxElements)
	}
	byTag := make(map[Tag]jsonElement, len(members))
	for key, m := range members {
		t, ok := ParseTag(key)
		if !ok {
			return fmt.Errorf("dicom: JSON: a member name that is neither a tag nor a keyword")
		}
		byTag[t] = m
	}
	for _, t := range slices.Sorted(maps.Keys(byTag)) {
		if t == SpecificCharacterSet {
			p.declared = true // the text is UTF-8 whatever it says
			continue
		}
		if t.Element() == 0 {
			continue
		}
		if err := p.element(d, t, byTag[t], depth); err != nil {
			return err
		}
	}
	return nil
}

func (p *jsonParser) element(d *Dataset, t Tag, m jsonElement, depth int) error {
	vr := VR(m.VR)
	if m.VR == "" {
		vr = implicitVR(t, false)
	} else if len(m.VR) != 2 || !isUpper(m.VR[0]) || !isUpper(m.VR[1]) {
		return fmt.Errorf("dicom: JSON: %s has no valid vr", t)
	}
	switch {
	case m.BulkDataURI != nil:
		d.put(Element{Tag: t, VR: vr, Bulk: true, URI: *m.BulkDataURI, Length: -1})
		return nil
	case m.InlineBinary != nil:
		b, err := base64.StdEncoding.DecodeString(*m.InlineBinary)
		if err != nil {
			return fmt.Errorf("dicom: JSON: %s: InlineBinary is not base64", t)
		}
		d.SetRaw(t, vr, pad(b, vr))
		return nil
	case vr == SQ:
		return p.items(d, t, m.Value, depth)
	}
	values, err := p.values(t, vr, m.Value)
	if err != nil {
		return err
	}
	raw, err := encodeValues(t, vr, values)
	if err != nil {
		return err
	}
	d.SetRaw(t, vr, raw)
	return nil
}

func (p *jsonParser) items(d *Dataset, t Tag, values []json.RawMessage, depth int) error {
	items := make([]*Dataset, len(values))
	for i, v := range values {
		items[i] = &Dataset{Syntax: ExplicitVRLittleEndian, parent: d}
		if err := p.dataset(items[i], v, depth+1); err != nil {
			return err
		}
	}
	d.SetItems(t, items...)
	return nil
}

// values reads strings, numbers, names and nulls as text.
func (p *jsonParser) values(t Tag, vr VR, values []json.RawMessage) ([]string, error) {
	out := make([]string, len(values))
	for i, v := range values {
		s := strings.TrimSpace(string(v))
		switch {
		case s == "null":
		case vr == PN && strings.HasPrefix(s, "{"):
			var n jsonName
			if err := json.Unmarshal(v, &n); err != nil {
				return nil, fmt.Errorf("dicom: JSON: %s: not a name", t)
			}
			out[i] = PersonName(n).String()
		case strings.HasPrefix(s, `"`):
			if err := json.Unmarshal(v, &out[i]); err != nil {
				return nil, fmt.Errorf("dicom: JSON: %s: not a string", t)
			}
		case strings.HasPrefix(s, "{") || strings.HasPrefix(s, "["):
			return nil, fmt.Errorf("dicom: JSON: %s: a structure under VR %s", t, vr)
		default:
			out[i] = s
		}
		p.wide = p.wide || !isASCII([]byte(out[i]))
	}
	return out, nil
}

// encodeValues writes values under a VR that the JSON gave.
func encodeValues(t Tag, vr VR, values []string) ([]byte, error) {
	if vr.text() || vr.ascii() {
		return pad([]byte(strings.Join(values, "\\")), vr), nil
	}
	if vr.bytes() || vr.size() == 1 {
		if len(values) == 0 {
			return nil, nil
		}
		return nil, fmt.Errorf("dicom: JSON: %s: VR %s has no Value", t, vr)
	}
	var raw []byte
	for _, s := range values {
		b, err := encodeNumber(s, vr)
		if err != nil {
			return nil, fmt.Errorf("dicom: JSON: %s: not a number of VR %s", t, vr)
		}
		raw = append(raw, b...)
	}
	return raw, nil
}

// encodeNumber writes one number of a binary VR.
func encodeNumber(s string, vr VR) ([]byte, error) {
	order := ExplicitVRLittleEndian.order()
	switch vr {
	case AT:
		t, ok := ParseTag(s)
		if !ok {
			return nil, strconv.ErrSyntax
		}
		return appendUint(appendUint(nil, order, uint64(t.Group()), 2), order, uint64(t.Element()), 2), nil
	case FL:
		f, err := strconv.ParseFloat(s, 32)
		return appendUint(nil, order, uint64(math.Float32bits(float32(f))), 4), err
	case FD:
		f, err := strconv.ParseFloat(s, 64)
		return appendUint(nil, order, math.Float64bits(f), 8), err
	case US, UL, UV:
		n, err := strconv.ParseUint(s, 10, 8*vr.size())
		return appendUint(nil, order, n, vr.size()), err
	}
	n, err := strconv.ParseInt(s, 10, 8*vr.size())
	return appendUint(nil, order, uint64(n), vr.size()), err
}
