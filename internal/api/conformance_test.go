package api

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/search"
)

// webTables are the tables of the DICOMweb section of docs/conformance.md, as
// the code has them: rows by heading.
func webTables() map[string][]string {
	out := map[string][]string{}
	add := func(table string, cells ...string) {
		out[table] = append(out[table], "| "+strings.Join(cells, " | ")+" |")
	}
	s := &Server{}
	for _, r := range slices.Concat(s.dicomwebRoutes(), s.upsRoutes()) {
		if r.Method == "OPTIONS" {
			continue
		}
		var takes []string
		for _, t := range ability(r).takes {
			takes = append(takes, "`"+t+"`")
		}
		answers := []string{}
		for _, t := range ability(r).answers {
			answers = append(answers, "`"+t+"`")
		}
		add("### 9.1 Resources", r.Method+" `"+relative(r)+"`", strings.Join(takes, ", "), strings.Join(answers, ", "))
	}
	names := []string{"study", "series", "instance"}
	for _, at := range []level{studyLevel, seriesLevel, instanceLevel} {
		var tags []dicom.Tag
		for tag, a := range search.Attributes {
			if a.Level == at {
				tags = append(tags, tag)
			}
		}
		slices.Sort(tags)
		for _, tag := range tags {
			add("### 9.3 Attributes in the index", tag.String(), nameOf(tag), names[at])
		}
	}
	for _, r := range []struct {
		code int
		text string
	}{{reasonProcessing, "the hub's own fault"}, {reasonClass, "no class of objects that are stored: a directory of media, a service"}, {reasonResources, "try again; alone it makes 503"}, {reasonUnlike, "data set unlike its announced class or UID"},
		{reasonStudy, "another study than the one of the URL"}, {reasonUnreadable, "not to be understood, or its bulk data is missing"}, {reasonSyntax, "a transfer syntax that no object can be stored in"},
		{warningCoerced, "warning: other bytes are kept under this UID"}} {
		add("### 9.2 Reasons of Store", fmt.Sprintf("%04X", r.code), fmt.Sprint(r.code), r.text)
	}
	for _, ts := range []dicom.TransferSyntax{dicom.JPEGBaseline8Bit, dicom.JPEGExtended12Bit, dicom.JPEGSpectralSelection, dicom.JPEGFullProgression, dicom.JPEGLossless, dicom.JPEGLosslessSV1,
		dicom.JPEGLSLossless, dicom.JPEGLSNearLossless, dicom.JPEG2000Lossless, dicom.JPEG2000, dicom.JPEG2000MCLossless, dicom.JPEG2000MC, dicom.HTJ2KLossless, dicom.HTJ2KLosslessRPCL, dicom.HTJ2K,
		dicom.JPEGXLLossless, dicom.JPEGXLJPEGRecompression, dicom.JPEGXL, dicom.RLELossless, dicom.MPEG2MPML, dicom.MPEG2MPHL, dicom.MPEG4HP41, dicom.MPEG4HP41BD, dicom.MPEG4HP422D,
		dicom.MPEG4HP423D, dicom.MPEG4HP42STEREO, dicom.HEVCMP51, dicom.HEVCM10P51} {
		if kind := mediaOf(ts); kind != "" {
			add("### 9.4 Media types of frames", ts.Name(), string(ts), "`"+kind+"`")
		}
	}
	for _, ts := range converted {
		add("### 9.5 Conversion", ts.Name(), string(ts))
	}
	for code, r := range upsRefusals {
		add("### 9.6 Status of workitems", fmt.Sprintf("%04X", r.status), fmt.Sprint(r.http), "`"+code+"`")
	}
	slices.Sort(out["### 9.6 Status of workitems"])
	return out
}

func TestConformanceStatementSaysWhatTheWebServicesDo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/conformance.md")
	must(t, err)
	sections := strings.Split(string(text), "\n### ")
	for heading, rows := range webTables() {
		var have []string
		for _, s := range sections {
			if strings.HasPrefix("### "+s, heading+"\n") {
				for line := range strings.SplitSeq(s, "\n") {
					if strings.HasPrefix(line, "| ") {
						have = append(have, line)
					}
					if strings.HasPrefix(line, "## ") {
						break
					}
				}
			}
		}
		if len(have) < 2 {
			t.Errorf("no table under %q; it would be\n%s", heading, strings.Join(rows, "\n"))
			continue
		}
		if have = have[1:]; !slices.Equal(have, rows) {
			t.Errorf("%s differs; it should be\n%s", heading, strings.Join(rows, "\n"))
		}
	}
}
