package pdfecg

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"regexp"
	"strconv"
)

// Bounds on a document: reports of one page, from any software.
const (
	maxObjects  = 1 << 16
	maxInflated = 128 << 20 // bytes of all streams together
	maxPages    = 20
)

// object is one indirect object; stream is nil if it has none.
type object struct {
	value  any
	stream []byte
}

// document holds the objects by number. They are found by their own marks, not
// by the cross-reference table, which is damaged in many a report.
type document struct {
	objects map[int]*object
	fonts   map[ref]*font
	room    int // bytes that may still be inflated
}

var objectMark = regexp.MustCompile(`(\d{1,7})[ \t\r\n]+\d{1,5}[ \t\r\n]+obj\b`)

var errEncrypted = errors.New("the document is encrypted")

// open reads all objects; of two with one number the later counts.
func open(data []byte) (*document, error) {
	d := &document{objects: map[int]*object{}, fonts: map[ref]*font{}, room: maxInflated}
	for at := 0; at < len(data) && len(d.objects) < maxObjects; {
		m := objectMark.FindSubmatchIndex(data[at:])
		if m == nil {
			break
		}
		number, _ := strconv.Atoi(string(data[at+m[2] : at+m[3]]))
		l := &lexer{data: data, at: at + m[1]}
		value, _ := l.next()
		o := &object{value: value}
		at = max(l.at, at+m[1])
		l.space()
		if info, ok := value.(dict); ok && bytes.HasPrefix(data[l.at:], []byte("stream")) {
			o.stream, at = streamOf(data, l.at+len("stream"), info)
		}
		d.objects[number] = o
	}
	if bytes.Contains(data, []byte("/Encrypt")) {
		return nil, errEncrypted
	}
	for _, o := range d.objects {
		if info, ok := o.value.(dict); ok && info["Type"] == name("ObjStm") {
			d.unpackObjects(o, info)
		}
	}
	return d, nil
}

// streamOf returns the bytes of a stream and where they end.
func streamOf(data []byte, at int, info dict) ([]byte, int) {
	if at < len(data) && data[at] == '\r' {
		at++
	}
	if at < len(data) && data[at] == '\n' {
		at++
	}
	if n, ok := info["Length"].(float64); ok && n >= 0 && at+int(n) <= len(data) {
		end := at + int(n)
		if bytes.HasPrefix(bytes.TrimLeft(data[end:min(len(data), end+16)], "\r\n \t"), []byte("endstream")) {
			return data[at:end], end
		}
	}
	n := bytes.Index(data[at:], []byte("endstream"))
	if n < 0 {
		return data[at:], len(data)
	}
	return data[at : at+n], at + n
}

// unpackObjects adds the objects of an object stream (7.5.7) that do not stand
// by themselves.
func (d *document) unpackObjects(o *object, info dict) {
	count, _ := info["N"].(float64)
	first, _ := info["First"].(float64)
	data := d.inflate(o)
	if first < 0 || int(first) > len(data) {
		return
	}
	l := &lexer{data: data[:int(first)]}
	for range int(min(count, maxObjects)) {
		number, ok := l.next()
		offset, ok2 := l.next()
		n, isNumber := number.(float64)
		at, isOffset := offset.(float64)
		if !ok || !ok2 || !isNumber || !isOffset || n < 0 || n >= maxObjects || at < 0 || int(first+at) > len(data) {
			return
		}
		if d.objects[int(n)] == nil {
			value, _ := (&lexer{data: data, at: int(first + at)}).next()
			d.objects[int(n)] = &object{value: value}
		}
	}
}

// resolve follows references to a value.
func (d *document) resolve(v any) any {
	for range maxNesting {
		r, ok := v.(ref)
		if !ok {
			return v
		}
		o := d.objects[int(r)]
		if o == nil {
			return nil
		}
		v = o.value
	}
	return nil
}

func (d *document) dict(v any) dict {
	out, _ := d.resolve(v).(dict)
	return out
}

// stream returns the object v refers to, if it has a stream.
func (d *document) stream(v any) *object {
	r, ok := v.(ref)
	if !ok || d.objects[int(r)] == nil || d.objects[int(r)].stream == nil {
		return nil
	}
	return d.objects[int(r)]
}

// inflate returns the bytes of a stream; nil for filters that no drawing has.
func (d *document) inflate(o *object) []byte {
	info, _ := o.value.(dict)
	filter := d.resolve(info["Filter"])
	if list, ok := filter.([]any); ok {
		switch len(list) {
		case 0:
			filter = nil
		case 1:
			filter = d.resolve(list[0])
		default:
			return nil
		}
	}
	switch filter {
	case nil:
		return o.stream
	case name("FlateDecode"), name("Fl"):
	default:
		return nil
	}
	if p := d.dict(info["DecodeParms"]); p["Predictor"] != nil && p["Predictor"] != 1.0 {
		return nil
	}
	r, err := zlib.NewReader(bytes.NewReader(o.stream))
	if err != nil {
		return nil
	}
	defer r.Close()
	out, err := io.ReadAll(io.LimitReader(r, int64(d.room)))
	d.room -= len(out)
	if err != nil && len(out) == 0 {
		return nil
	}
	return out // a stream that is cut off still draws what it has
}

// page is one page with what it inherits.
type page struct {
	content   []byte
	resources dict
	rotate    int
}

// pages walks the page tree (7.7.3) in order.
func (d *document) pages() []page {
	var root any
	for _, o := range d.objects {
		if info, ok := o.value.(dict); ok && info["Type"] == name("Catalog") {
			root = info["Pages"]
		}
	}
	var out []page
	d.walk(root, page{}, 0, &out)
	return out
}

func (d *document) walk(node any, inherited page, deep int, out *[]page) {
	info := d.dict(node)
	if info == nil || deep > maxNesting || len(*out) == maxPages {
		return
	}
	if r := d.dict(info["Resources"]); r != nil {
		inherited.resources = r
	}
	if angle, ok := d.resolve(info["Rotate"]).(float64); ok {
		inherited.rotate = (int(angle)%360 + 360) % 360
	}
	if kids, ok := d.resolve(info["Kids"]).([]any); ok {
		for _, k := range kids {
			d.walk(k, inherited, deep+1, out)
		}
		return
	}
	contents := []any{info["Contents"]}
	if list, ok := d.resolve(info["Contents"]).([]any); ok {
		contents = list
	}
	for _, c := range contents {
		if o := d.stream(c); o != nil {
			inherited.content = append(append(inherited.content, d.inflate(o)...), '\n')
		}
	}
	*out = append(*out, inherited)
}
