package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/settle"
)

// Bounds of searches by what only the objects' headers hold.
const (
	deepBatch = 200
	maxDeep   = 5_000 // headers read for one search
)

// modelOffers are the forms of an answer that consists of data sets, PS3.18
// section 8.7.3.4. Plain XML is asked for by many and means the same.
func modelOffers() []web.Offer {
	return []web.Offer{{Type: web.JSON, Default: true}, {Type: web.PlainJSON, Default: true}, {Type: web.XML, Related: true, Default: true}, {Type: web.XML, Default: true}}
}

// answerModels answers with an array of DICOM JSON objects, or with each as a
// part in XML.
func answerModels(c *Call, offer web.Offer, array []byte) error {
	h := c.W.Header()
	h.Set("Cache-Control", "no-store")
	if offer.Type != web.XML {
		h.Set("Content-Type", web.JSON)
		h.Set("Content-Length", strconv.Itoa(len(array)))
		c.W.WriteHeader(http.StatusOK)
		c.W.Write(array) // a caller that hung up is no fault
		return nil
	}
	var objects []json.RawMessage
	if err := json.Unmarshal(array, &objects); err != nil {
		return err
	}
	w := web.NewWriter(c.W)
	h.Set("Content-Type", w.ContentType(web.XML, ""))
	c.W.WriteHeader(http.StatusOK)
	for _, o := range objects {
		if err := xmlPart(c, w, o); err != nil {
			panic(http.ErrAbortHandler) // half an answer must not look whole
		}
	}
	w.Close()
	return nil
}

func xmlPart(c *Call, w *web.Writer, object []byte) error {
	data, err := web.AppendXML(nil, object)
	if err != nil {
		return err
	}
	if err := w.Part(int64(len(data)), web.Header{Name: "Content-Type", Value: web.XML}); err != nil {
		return err
	}
	_, err = c.W.Write(data)
	return err
}

var searchMessages = messages{
	"dicomweb.too_broad": {"查询范围过大：最多逐一查看 {most} 条记录。请加上日期、患者或检查类型等条件。", "The search is too broad: at most {most} headers are looked into. Add a date, a patient or a modality."},
}

// findDeep walks what the index finds and keeps what the headers match.
func (d *dicomweb) findDeep(sr *searching) ([]*db.Found, error) {
	var out []*db.Found
	s := sr.s
	s.Offset, s.Limit = 0, deepBatch
	skip := sr.s.Offset
	for {
		rows, err := look(sr.c.Read(), sr.at, s)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			ds, err := d.headOf(sr, r)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(sr.deep, func(k web.Key) bool { return !k.Match(ds) }) {
				continue
			}
			if skip > 0 {
				skip--
				continue
			}
			if out = append(out, r); len(out) > sr.s.Limit {
				return out, nil
			}
		}
		if len(rows) < deepBatch {
			return out, nil
		}
		if s.Offset += deepBatch; s.Offset >= maxDeep {
			return nil, hub.E(hub.TooLarge, "api.search", "dicomweb.too_broad").With("most", maxDeep)
		}
	}
}

// headOf is the header of an instance, or of the first one of a series or
// study, which stands for all.
func (d *dicomweb) headOf(sr *searching, r *db.Found) (*dicom.Dataset, error) {
	i := &r.Instance
	if sr.at != instanceLevel {
		tx := sr.c.Read()
		series := []*hub.Series{&r.Series}
		var err error
		if sr.at == studyLevel {
			if series, err = tx.SeriesOf(r.Study.ID); err != nil || len(series) == 0 {
				return dicom.New(), err
			}
		}
		if i, err = tx.FirstInstance(series[0].ID); err != nil {
			return nil, err
		}
	}
	return d.header(sr.c.Context(), i, settle.MetaKeep)
}

// row writes one result, with what was asked for beyond the usual.
func (d *dicomweb) row(sr *searching, root string, r *db.Found) ([]byte, error) {
	var a web.Array
	a.Object()
	writeRow(&a, root, sr.at, sr.withStudy, r)
	a.End()
	row := bytes.TrimSuffix(bytes.TrimPrefix(a.Bytes(), []byte("[")), []byte("]"))
	usual := usualTags()[rowForm{sr.at, sr.withStudy}]
	if !sr.All && !slices.ContainsFunc(sr.Include, func(t dicom.Tag) bool { return !usual[t] && !slices.Contains(computed, t) }) {
		return row, nil
	}
	var have map[string]json.RawMessage
	if err := json.Unmarshal(row, &have); err != nil {
		return nil, err
	}
	ds, err := d.headOf(sr, r)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	at := root + "/studies/" + r.Study.UID + "/series/" + r.Series.UID + "/instances/" + r.Instance.UID + "/bulkdata/"
	err = ds.JSON(&b, dicom.JSONOptions{BulkURI: func(path string, _ *dicom.Element) string {
		if sr.at != instanceLevel {
			return ""
		}
		return at + path
	}})
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &all); err != nil {
		return nil, err
	}
	for key, value := range all {
		tag, _ := dicom.ParseTag(key)
		if have[key] == nil && (slices.Contains(sr.Include, tag) || sr.All && ofLevel(tag, sr.at)) {
			have[key] = value
		}
	}
	return joined(have), nil
}

// joined writes an object with its members in the order of their tags.
func joined(members map[string]json.RawMessage) []byte {
	b := []byte{'{'}
	for i, key := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, key), ':')
		b = append(b, members[key]...)
	}
	return append(b, '}')
}

// rowForm is what decides which attributes a row has anyway.
type rowForm struct {
	at        level
	withStudy bool
}

// usualTags lists the attributes that rows have anyway.
var usualTags = sync.OnceValue(func() map[rowForm]map[dicom.Tag]bool {
	out := map[rowForm]map[dicom.Tag]bool{}
	for _, at := range []level{studyLevel, seriesLevel, instanceLevel} {
		for _, withStudy := range []bool{true, false} {
			var a web.Array
			a.Object()
			writeRow(&a, "", at, withStudy, &db.Found{Instance: hub.Instance{Rows: 1}})
			a.End()
			var rows []map[string]json.RawMessage
			json.Unmarshal(a.Bytes(), &rows) // our own writing
			tags := map[dicom.Tag]bool{}
			for key := range rows[0] {
				tag, _ := dicom.ParseTag(key)
				tags[tag] = true
			}
			out[rowForm{at, withStudy}] = tags
		}
	}
	return out
})

// studyAttributes and seriesAttributes are those of the information model's
// levels outside of the groups that belong to one level as a whole (PS3.4
// C.6.1.1.3 and C.6.1.1.4, PS3.3 C.7.2 and C.7.3).
var (
	studyAttributes = []dicom.Tag{dicom.SpecificCharacterSet, dicom.StudyDate, dicom.StudyTime, dicom.AccessionNumber, dicom.ReferringPhysicianName, dicom.StudyDescription,
		dicom.StudyInstanceUID, dicom.StudyID, dicom.TimezoneOffsetFromUTC, 0x00080051, 0x00080096, 0x0008009C, 0x00081032, 0x00081048, 0x00081060, 0x00081080, 0x00081110, 0x00081120}
	seriesAttributes = []dicom.Tag{dicom.Modality, dicom.SeriesDate, dicom.SeriesTime, dicom.SeriesDescription, dicom.SeriesInstanceUID, dicom.SeriesNumber, dicom.Laterality,
		dicom.BodyPartExamined, dicom.Manufacturer, dicom.StationName, dicom.InstitutionName, dicom.ManufacturerModelName, dicom.DeviceSerialNumber, dicom.SoftwareVersions,
		dicom.ProtocolName, dicom.RequestAttributesSequence, dicom.PerformedProcedureStepStartDate, dicom.PerformedProcedureStepStartTime, 0x00080081, 0x0008103F, 0x00081040,
		0x00081050, 0x00081070, 0x00081111, 0x00081250, 0x00185100, 0x00200052, 0x00201040, 0x00400250, 0x00400251, 0x00400253, 0x00400254, 0x00400260}
)

// ofLevel says that includefield=all gives an attribute in rows of a level.
func ofLevel(tag dicom.Tag, at level) bool {
	if at == instanceLevel {
		return true
	}
	patient := tag.Group() == 0x0010 || tag.Group() == 0x0032
	return patient || slices.Contains(studyAttributes, tag) || at == seriesLevel && slices.Contains(seriesAttributes, tag)
}
