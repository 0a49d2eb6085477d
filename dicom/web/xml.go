package web

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// xmlSpace is the namespace of the Native DICOM Model, PS3.19 section A.1.
const xmlSpace = "http://dicom.nema.org/PS3.19/models/NativeDICOM"

// modelAttribute is one attribute of the DICOM JSON model.
type modelAttribute struct {
	VR     string            `json:"vr"`
	Value  []json.RawMessage `json:"Value,omitempty"`
	Inline *string           `json:"InlineBinary,omitempty"`
	Bulk   *string           `json:"BulkDataURI,omitempty"`
}

// nameGroups are the writings of a name and nameParts what each consists of,
// in the order of both models.
var (
	nameGroups = []string{"Alphabetic", "Ideographic", "Phonetic"}
	nameParts  = []string{"FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"}
)

var errModel = errors.New("not a DICOM JSON object")

// AppendXML appends the Native DICOM Model (PS3.19 A.1) of one DICOM JSON
// object: the two are the same model in two writings.
func AppendXML(b, object []byte) ([]byte, error) {
	b = append(b, xml.Header...)
	b = append(b, `<NativeDicomModel xmlns="`+xmlSpace+`" xml:space="preserve">`...)
	b, err := appendAttributes(b, object, 0)
	return append(b, "</NativeDicomModel>"...), err
}

func appendAttributes(b, object []byte, depth int) ([]byte, error) {
	var members map[string]modelAttribute
	if err := json.Unmarshal(object, &members); err != nil || depth > dicom.MaxDepth {
		return b, errors.Join(errModel, err)
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		tag, ok := dicom.ParseTag(key)
		if !ok {
			return b, errModel
		}
		m := members[key]
		b = append(b, `<DicomAttribute tag="`+tag.Hex()+`" vr="`...)
		b = appendText(b, m.VR)
		if e, ok := dicom.Lookup(tag); ok {
			b = append(b, `" keyword="`+e.Keyword...)
		} else if creator := creatorOf(members, tag); creator != "" {
			b = append(b, `" privateCreator="`...)
			b = appendText(b, creator)
		}
		b = append(b, `">`...)
		var err error
		if b, err = m.appendXML(b, depth); err != nil {
			return b, fmt.Errorf("%s: %w", tag, err)
		}
		b = append(b, "</DicomAttribute>"...)
	}
	return b, nil
}

// creatorOf is who reserved the block of a private attribute, PS3.5 section 7.8.1.
func creatorOf(members map[string]modelAttribute, tag dicom.Tag) (creator string) {
	if !tag.Private() || tag.Element() < 0x1000 {
		return ""
	}
	owner := dicom.Tag(uint32(tag)&0xFFFF0000 | uint32(tag.Element()>>8))
	if v := members[owner.Hex()].Value; len(v) > 0 {
		json.Unmarshal(v[0], &creator) // no text, no creator
	}
	return creator
}

func (m modelAttribute) appendXML(b []byte, depth int) ([]byte, error) {
	switch {
	case m.Inline != nil:
		b = append(b, "<InlineBinary>"...)
		b = appendText(b, *m.Inline)
		return append(b, "</InlineBinary>"...), nil
	case m.Bulk != nil:
		b = append(b, `<BulkData uri="`...)
		b = appendText(b, *m.Bulk)
		return append(b, `"/>`...), nil
	}
	for i, v := range m.Value {
		number := ` number="` + strconv.Itoa(i+1) + `">`
		var err error
		switch {
		case m.VR == "SQ":
			b = append(b, "<Item"+number...)
			if string(v) != "null" {
				b, err = appendAttributes(b, v, depth+1)
			}
			b = append(b, "</Item>"...)
		case string(v) == "null":
		case m.VR == "PN":
			b = append(b, "<PersonName"+number...)
			b, err = appendName(b, v)
			b = append(b, "</PersonName>"...)
		default:
			text := string(v)
			if strings.HasPrefix(text, `"`) {
				err = json.Unmarshal(v, &text)
			}
			b = append(b, "<Value"+number...)
			b = appendText(b, text)
			b = append(b, "</Value>"...)
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

func appendName(b []byte, v json.RawMessage) ([]byte, error) {
	var groups map[string]string
	if err := json.Unmarshal(v, &groups); err != nil {
		return b, err
	}
	for _, group := range nameGroups {
		if groups[group] == "" {
			continue
		}
		b = append(b, "<"+group+">"...)
		for i, part := range strings.SplitN(groups[group], "^", len(nameParts)) {
			if part == "" {
				continue
			}
			b = append(b, "<"+nameParts[i]+">"...)
			b = appendText(b, part)
			b = append(b, "</"+nameParts[i]+">"...)
		}
		b = append(b, "</"+group+">"...)
	}
	return b, nil
}

// appendText escapes a text; characters that XML 1.0 cannot hold become U+FFFD.
func appendText(b []byte, s string) []byte {
	out := bytes.NewBuffer(b)
	xml.EscapeText(out, []byte(s)) // a Buffer takes all
	return out.Bytes()
}

// xmlNode is one element of an XML document that is being read.
type xmlNode struct {
	name     string
	attrs    map[string]string
	text     strings.Builder
	children []*xmlNode
}

// maxNodes bounds the elements of one document.
const maxNodes = 4 * dicom.MaxElements

// JSONFromXML reads a Native DICOM Model and returns it as a DICOM JSON object;
// all values are strings in it, which dicom.ParseJSON takes. The caller bounds
// the length of r. Declared entities are refused.
func JSONFromXML(r io.Reader) ([]byte, error) {
	root, err := readNodes(r)
	if err != nil {
		return nil, fmt.Errorf("native DICOM model: %w", err)
	}
	if root == nil || root.name != "NativeDicomModel" {
		return nil, errors.New("native DICOM model: the document's element is another one")
	}
	members, err := root.members(0)
	if err != nil {
		return nil, fmt.Errorf("native DICOM model: %w", err)
	}
	return json.Marshal(members)
}

func readNodes(r io.Reader) (*xmlNode, error) {
	d := xml.NewDecoder(r)
	var root *xmlNode
	var open []*xmlNode
	for count := 0; ; {
		token, err := d.Token()
		if err == io.EOF && len(open) == 0 {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if count++; count > maxNodes || len(open) > 4*dicom.MaxDepth {
				return nil, errors.New("too many elements, or too deep")
			}
			n := &xmlNode{name: t.Name.Local, attrs: map[string]string{}}
			for _, a := range t.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			if len(open) > 0 {
				open[len(open)-1].children = append(open[len(open)-1].children, n)
			} else if root != nil {
				return nil, errors.New("more than one element at the top")
			} else {
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text.Write(t)
			}
		case xml.Directive:
			return nil, errors.New("a document type is not allowed")
		}
	}
}

func (n *xmlNode) members(depth int) (map[string]modelAttribute, error) {
	if depth > dicom.MaxDepth {
		return nil, errors.New("sequences nested too deep")
	}
	out := map[string]modelAttribute{}
	for _, c := range n.children {
		if c.name != "DicomAttribute" {
			return nil, fmt.Errorf("<%s> where an attribute is expected", clip(c.name))
		}
		name := c.attrs["tag"]
		if name == "" {
			name = c.attrs["keyword"]
		}
		tag, ok := dicom.ParseTag(name)
		if !ok {
			return nil, errors.New("an attribute without a known tag")
		}
		m, err := c.attribute(depth)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", tag, err)
		}
		if m.VR == "" {
			if e, ok := dicom.Lookup(tag); ok {
				m.VR = string(e.VR)
			}
		}
		out[tag.Hex()] = m
	}
	return out, nil
}

func (n *xmlNode) attribute(depth int) (modelAttribute, error) {
	m := modelAttribute{VR: n.attrs["vr"]}
	for _, c := range n.children {
		var value any
		switch c.name {
		case "InlineBinary":
			text := strings.Join(strings.Fields(c.text.String()), "")
			m.Inline = &text
			return m, nil
		case "BulkData":
			uri := c.attrs["uri"]
			if uri == "" {
				uri = c.attrs["uuid"]
			}
			m.Bulk = &uri
			return m, nil
		case "Item":
			item, err := c.members(depth + 1)
			if err != nil {
				return m, err
			}
			value = item
		case "PersonName":
			value = c.personName()
		case "Value":
			value = c.text.String()
		default:
			return m, fmt.Errorf("<%s> is no value", clip(c.name))
		}
		raw, err := json.Marshal(value)
		if err != nil {
			return m, err
		}
		m.place(c.attrs["number"], raw)
	}
	return m, nil
}

// place puts a value where its number says; numbers that are missing leave
// empty values between.
func (m *modelAttribute) place(number string, raw json.RawMessage) {
	n, err := strconv.Atoi(number)
	if err != nil || n <= len(m.Value) || n > len(m.Value)+maxValues {
		n = len(m.Value) + 1
	}
	for len(m.Value) < n-1 {
		m.Value = append(m.Value, json.RawMessage("null"))
	}
	m.Value = append(m.Value, raw)
}

func (n *xmlNode) personName() map[string]string {
	out := map[string]string{}
	for _, group := range n.children {
		if !slices.Contains(nameGroups, group.name) {
			continue
		}
		parts := make([]string, len(nameParts))
		for _, c := range group.children {
			if i := slices.Index(nameParts, c.name); i >= 0 {
				parts[i] = c.text.String()
			}
		}
		out[group.name] = strings.TrimRight(strings.Join(parts, "^"), "^")
	}
	return out
}
