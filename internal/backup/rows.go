package backup

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/internal/db"
)

// momentary are tables that only serve the running hub: their rows stay behind.
var momentary = map[string]bool{"upload": true, "upload_part": true, "tombstone": true, "leader": true}

// place tells which columns of a table say where bytes lie; without off and
// length a row speaks of the whole object.
type place struct{ object, off, length string }

var places = map[string]place{
	"instance":   {"object", "off", "len"},
	"recording":  {"object", "off", "len"},
	"overview":   {"object", "off", "len"},
	"quarantine": {"object", "off", "len"},
	"report":     {object: "pdf"},
	"addendum":   {object: "pdf"},
	"audit_head": {object: "object"},
}

// needs are the objects rows speak of, by key, with how many bytes from their
// start; 0 is all. There are few keys: many instances share a segment.
type needs map[string]int64

// segments is where storage/disk keeps what Append took in. It gives those
// names itself, so in a backup, and after it, such an object has another one.
const segments = "segments/"

// portable is an object's key in a backup.
func portable(key string) string {
	rest, is := strings.CutPrefix(key, segments)
	if !is || len(rest) < 2 {
		return key
	}
	return "restored/" + rest[:2] + "/" + rest
}

// writeRows writes all tables as of one moment and returns what they need.
func writeRows(ctx context.Context, d *db.DB, dir string, m *Manifest) (needs, error) {
	tables, err := db.Tables()
	if err != nil {
		return nil, err
	}
	need := needs{}
	err = d.Snapshot(ctx, func(s *db.Snapshot) error {
		if m.Tables, err = s.Schema(); err != nil {
			return err
		}
		for _, name := range tables {
			if momentary[name] {
				continue
			}
			t, err := writeTable(s, name, dir, need)
			if err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
			m.Rows = append(m.Rows, t)
		}
		return nil
	})
	return need, err
}

func rowsPath(dir, table string) string { return filepath.Join(dir, rowsFolder, table+".jsonl.gz") }

func writeTable(s *db.Snapshot, name, dir string, need needs) (Table, error) {
	out, err := createLines(rowsPath(dir, name))
	if err != nil {
		return Table{}, err
	}
	defer out.abandon()
	t := Table{Name: name}
	var at columns
	err = s.Rows(name, func(names []string) error {
		at = columnsOf(name, names)
		return out.line(anys(names))
	}, func(values []any) error {
		if !at.keep(values, need) {
			return nil
		}
		t.Rows++
		return out.line(values)
	})
	if err != nil {
		return t, err
	}
	t.SHA256, err = out.finish()
	return t, err
}

// columns are the places of a table's columns that matter here, -1 if it has
// none such.
type columns struct{ object, off, length, kind, meta, metaCount int }

func columnsOf(table string, names []string) columns {
	find := func(name string) int {
		for i, n := range names {
			if n == name && name != "" {
				return i
			}
		}
		return -1
	}
	p := places[table]
	c := columns{object: find(p.object), off: find(p.off), length: find(p.length), kind: -1, meta: -1, metaCount: -1}
	switch table {
	case "credential":
		c.kind = find("kind")
	case "series":
		c.meta, c.metaCount = find("meta_key"), find("meta_count")
	}
	return c
}

// keep notes what a row needs and makes it portable. It refuses rows that stay
// behind: browser sessions.
func (c columns) keep(values []any, need needs) bool {
	if c.kind >= 0 && values[c.kind] == "session" {
		return false
	}
	if c.meta >= 0 { // the hub makes it again
		values[c.meta], values[c.metaCount] = "", int64(0)
	}
	if c.object < 0 {
		return true
	}
	key, _ := values[c.object].(string)
	if key == "" {
		return true
	}
	values[c.object] = portable(key)
	if c.off < 0 {
		need[key] = 0
		return true
	}
	off, _ := values[c.off].(int64)
	length, _ := values[c.length].(int64)
	if have, ok := need[key]; !ok || have > 0 && off+length > have {
		need[key] = off + length
	}
	return true
}

// appendValue appends a value as JSON. Bytes, and text that is not UTF-8, are
// {"base64":"…"}; a float always shows that it is one.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v is no number", v)
		}
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return append(b, text...), nil
	case string:
		if !utf8.ValidString(v) {
			return appendBytes(b, []byte(v)), nil
		}
		text, err := json.Marshal(v)
		return append(b, text...), err
	case []byte:
		return appendBytes(b, v), nil
	}
	return nil, fmt.Errorf("a value of type %T", v)
}

func appendBytes(b, v []byte) []byte {
	b = append(b, `{"base64":"`...)
	b = base64.StdEncoding.AppendEncode(b, v)
	return append(b, `"}`...)
}

// parseLine is the reverse of a line of values.
func parseLine(line []byte) ([]any, error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var values []any
	if err := dec.Decode(&values); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one value")
	}
	for i, v := range values {
		var err error
		if values[i], err = parseValue(v); err != nil {
			return nil, fmt.Errorf("value %d: %w", i+1, err)
		}
	}
	return values, nil
}

func parseValue(v any) (any, error) {
	switch v := v.(type) {
	case nil, string:
		return v, nil
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return v.Float64()
		}
		return v.Int64()
	case map[string]any:
		if text, ok := v["base64"].(string); ok && len(v) == 1 {
			return base64.StdEncoding.DecodeString(text)
		}
	}
	return nil, fmt.Errorf("neither text, number nor bytes")
}

func anys(names []string) []any {
	out := make([]any, len(names))
	for i, n := range names {
		out[i] = n
	}
	return out
}
