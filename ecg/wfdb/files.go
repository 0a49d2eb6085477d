package wfdb

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// Segments returns the names of the records that a header of several segments
// lists; nil for other headers and for what is none.
func Segments(header []byte) []string {
	h, err := parseHeader(header)
	if err != nil {
		return nil
	}
	var names []string
	for _, s := range h.segments {
		if s.name != "~" {
			names = append(names, s.name)
		}
	}
	return names
}

// Files returns the names of the files that a record may consist of, there or
// not: its header, signal files and annotations, and those of its segments. The
// header's own name comes first.
func Files(folder fs.FS, header string) []string {
	r := &reader{folder: folder, dir: path.Dir(header), rec: &ecg.Recording{Format: ecg.FormatWFDB}}
	record := strings.TrimSuffix(path.Base(header), ".hea")
	var names []string
	add := func(name string) {
		full := path.Join(r.dir, name)
		if name != "~" && !strings.ContainsAny(name, `/\:`) && !slices.Contains(names, full) {
			names = append(names, full)
		}
	}
	add(path.Base(header))
	records := []string{record}
	for i := 0; i < len(records); i++ {
		add(records[i] + ".hea")
		add(records[i] + reference)
		h, err := r.header(records[i])
		if err != nil {
			continue
		}
		for _, s := range h.signals {
			add(s.file)
		}
		if i == 0 { // segments have none themselves
			for _, s := range h.segments {
				if s.name != "~" {
					records = append(records, s.name)
				}
			}
		}
	}
	return names
}
