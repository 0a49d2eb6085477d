package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// Query is a parsed search request, PS3.18 section 8.3.4.
type Query struct {
	Keys    []Key       // attributes to match, in the order of their tags
	Include []dicom.Tag // attributes asked for beyond the usual ones
	All     bool        // includefield=all
	Limit   int         // -1 if not given
	Offset  int
	Fuzzy   bool // fuzzymatching=true
}

// Key is one attribute with the values one of which must match; none is
// universal matching. Below leads into a sequence: the attribute of its items,
// and so on.
type Key struct {
	Tag    dicom.Tag
	Below  []dicom.Tag
	Values []string
}

// Leaf is the tag whose values are matched.
func (k Key) Leaf() dicom.Tag {
	if len(k.Below) > 0 {
		return k.Below[len(k.Below)-1]
	}
	return k.Tag
}

// Bounds of a search request.
const (
	maxValue  = 1024 // bytes of one value
	maxValues = 512  // of one key
)

// QueryError says which parameter cannot be understood. It holds no value.
type QueryError struct{ Name, Reason string }

func (e *QueryError) Error() string { return fmt.Sprintf("parameter %q: %s", e.Name, e.Reason) }

// ParseQuery reads the parameters of a search. A name that is neither a
// parameter of PS3.18 nor an attribute of PS3.6 is a QueryError.
func ParseQuery(values url.Values) (*Query, error) {
	q := &Query{Limit: -1}
	for name, list := range values {
		var err error
		switch name {
		case "limit":
			q.Limit, err = count(name, list)
		case "offset":
			q.Offset, err = count(name, list)
		case "fuzzymatching":
			q.Fuzzy, err = truth(name, list)
		case "includefield":
			err = q.include(name, list)
		case "accept", "charset":
		default:
			err = q.key(name, list)
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(q.Keys, func(a, b Key) int { return cmp.Compare(a.Tag, b.Tag) })
	return q, nil
}

func count(name string, list []string) (int, error) {
	n, err := strconv.Atoi(list[len(list)-1])
	if err != nil || n < 0 || n > 1<<30 {
		return 0, &QueryError{name, "is not a whole number from 0 up"}
	}
	return n, nil
}

func truth(name string, list []string) (bool, error) {
	switch list[len(list)-1] {
	case "true":
		return true, nil
	case "false", "":
		return false, nil
	}
	return false, &QueryError{name, "is neither true nor false"}
}

func (q *Query) include(name string, list []string) error {
	for _, s := range list {
		for f := range strings.SplitSeq(s, ",") {
			if f == "all" {
				q.All = true
				continue
			}
			tags, ok := attributes(f)
			if !ok {
				return &QueryError{name, "names an attribute that is not in the dictionary"}
			}
			if len(q.Include) < maxValues { // of a sequence the whole is given
				q.Include = append(q.Include, tags[0])
			}
		}
	}
	return nil
}

// attribute finds the tag of a keyword or of eight hexadecimal digits. Private
// tags are attributes too.
func attribute(name string) (dicom.Tag, bool) {
	tag, ok := dicom.ParseTag(name)
	if !ok {
		return 0, false
	}
	_, known := dicom.Lookup(tag)
	return tag, known || tag.Private()
}

// attributes finds the tags of "0040A730.0040A043" or of keywords with dots
// between: an attribute within sequences.
func attributes(name string) ([]dicom.Tag, bool) {
	var tags []dicom.Tag
	for part := range strings.SplitSeq(name, ".") {
		tag, ok := attribute(part)
		if !ok || len(tags) >= dicom.MaxDepth {
			return nil, false
		}
		tags = append(tags, tag)
	}
	for _, tag := range tags[:len(tags)-1] {
		if d, ok := dicom.Lookup(tag); ok && d.VR != dicom.SQ {
			return nil, false
		}
	}
	return tags, true
}

func (q *Query) key(name string, list []string) error {
	tags, ok := attributes(name)
	if !ok {
		return &QueryError{clip(name), "is not a known attribute"}
	}
	k := Key{Tag: tags[0], Below: tags[1:]}
	for _, s := range list {
		if len(s) > maxValue*maxValues || strings.ContainsRune(s, 0) {
			return &QueryError{name, "has a value that cannot be"}
		}
		k.Values = append(k.Values, valuesOf(k.Leaf(), s)...)
	}
	if len(k.Values) > maxValues {
		return &QueryError{name, "has too many values"}
	}
	for _, v := range k.Values {
		if len(v) > maxValue {
			return &QueryError{name, "has a value that is too long"}
		}
	}
	for i := range q.Keys {
		if q.Keys[i].Tag == k.Tag && slices.Equal(q.Keys[i].Below, k.Below) { // by keyword and by number at once
			return &QueryError{name, "is given twice"}
		}
	}
	q.Keys = append(q.Keys, k)
	return nil
}

// valuesOf splits lists: of UIDs and codes at commas and backslashes, of other
// texts at backslashes only. Empty values match everything and are left out.
func valuesOf(tag dicom.Tag, s string) []string {
	if d, ok := dicom.Lookup(tag); ok && (d.VR == dicom.UI || d.VR == dicom.CS) {
		s = strings.ReplaceAll(s, ",", `\`)
	}
	var out []string
	for v := range strings.SplitSeq(s, `\`) {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// clip keeps an unknown parameter's name short in messages.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "")
	}
	return s
}
