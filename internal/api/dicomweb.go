package api

import (
	"time"

	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/lru"
)

// dicomRoot is where the DICOMweb services are.
const dicomRoot = "/dicom-web"

// dicomweb is the DICOMweb side of a server with what it remembers between
// requests: nothing in it is needed for a right answer.
type dicomweb struct {
	*Server
	pictures *lru.Cache[string, *picture]
	viewed   *lru.Cache[string, time.Time]
}

// Bounds of what is remembered and done at the same time.
const (
	pictureBytes  = 16 << 20
	viewedEntries = 10_000
	viewEvery     = 10 * time.Minute
)

func (s *Server) dicomwebRoutes() []Route {
	d := &dicomweb{Server: s, pictures: lru.New[string, *picture](pictureBytes), viewed: lru.New[string, time.Time](viewedEntries)}
	const (
		study    = dicomRoot + "/studies/{study}"
		series   = study + "/series/{series}"
		instance = series + "/instances/{instance}"
	)
	routes := []Route{
		{Method: "POST", Path: dicomRoot + "/studies", Roles: clinic, Raw: d.store},
		{Method: "POST", Path: study, Roles: clinic, Raw: d.store},
	}
	for _, r := range []struct {
		path string
		do   func(*Call) error
	}{
		{dicomRoot + "/studies", d.searchStudies}, {dicomRoot + "/series", d.searchSeries}, {dicomRoot + "/instances", d.searchInstances},
		{study + "/series", d.searchSeries}, {study + "/instances", d.searchInstances}, {series + "/instances", d.searchInstances},
		{study, d.retrieveStudy}, {series, d.retrieveSeries}, {instance, d.retrieveInstance},
		{study + "/metadata", d.studyMetadata}, {series + "/metadata", d.seriesMetadata}, {instance + "/metadata", d.instanceMetadata},
		{instance + "/frames/{frames}", d.retrieveFrames}, {instance + "/bulkdata/{path...}", d.retrieveBulk},
		{instance + "/rendered", d.rendered}, {instance + "/frames/{frames}/rendered", d.rendered},
		{study + "/rendered", d.renderedAll}, {series + "/rendered", d.renderedAll}, {dicomRoot + "/wado", d.retrieveURI},
		{study + "/thumbnail", d.studyThumbnail}, {series + "/thumbnail", d.seriesThumbnail},
		{instance + "/thumbnail", d.instanceThumbnail}, {instance + "/frames/{frames}/thumbnail", d.instanceThumbnail},
	} {
		routes = append(routes, Route{Method: "GET", Path: r.path, Roles: clinical, Raw: r.do})
	}
	options := Route{Method: "OPTIONS", Path: dicomRoot + "/{path...}", Public: true, Raw: func(c *Call) error { return capabilities(c, routes) }}
	return append(routes, options)
}

var dicomwebMessages = messages{
	"dicomweb.not_acceptable":  {"服务器不能以请求的格式提供该内容。可用格式：{offered}。", "This cannot be given in any of the formats asked for. There is: {offered}."},
	"dicomweb.not_renderable":  {"该影像无法在服务器上转换：{reason}。请以原始格式（transfer-syntax=*）取用。", "The server cannot convert this image: {reason}. Ask for it as stored (transfer-syntax=*)."},
	"dicomweb.no_image":        {"该对象不含影像，无法显示为图片。", "This object holds no image."},
	"dicomweb.media_type":      {"不支持的上传格式。请使用 multipart/related; type=\"application/dicom\" 或 application/dicom。", "This media type is not taken. Send multipart/related; type=\"application/dicom\", or application/dicom."},
	"dicomweb.multipart":       {"上传内容的分段格式有误：{reason}。此前完整收到的 {stored} 个影像已保存，请重新发送其余部分。", "The multipart body is malformed: {reason}. The {stored} objects received whole before are kept; send the others again."},
	"dicomweb.too_large":       {"一次上传的内容过大，请分批发送。", "The request is too large; send it in several."},
	"dicomweb.query":           {"查询参数有误：{reason}。", "The search cannot be understood: {reason}."},
	"dicomweb.key_unsupported": {"不支持按 {name} 查询。", "Searching by {name} is not supported here."},
	"dicomweb.parameter":       {"参数 {name} 有误。", "The parameter {name} is not right."},
	"dicom.study_differs":      {"影像不属于所指定的检查，已保留在隔离区。", "The object belongs to another study than the one named. It is kept in quarantine."},
}

// accepts is what the caller takes, best first.
func accepts(c *Call) []web.Media {
	return web.ParseAccept(c.Header.Values("Accept"), web.AcceptQuery(c.URL.RawQuery))
}

// choose picks the offer a caller likes best, or says what there is.
func choose(c *Call, offers ...web.Offer) (web.Offer, error) {
	c.W.Header().Add("Vary", "Accept")
	if i := web.Choose(accepts(c), offers); i >= 0 {
		return offers[i], nil
	}
	var have []string
	for _, o := range offers {
		s := o.ContentType()
		if o.Related {
			s = web.Related + `; type="` + o.Type + `"`
			if o.Syntax != "" {
				s += "; transfer-syntax=" + o.Syntax
			}
		}
		have = append(have, s)
	}
	return web.Offer{}, hub.E(hub.Unsupported, "api.choose", "dicomweb.not_acceptable").With("offered", have)
}

// study returns the study of the path in the caller's scope. Of several that
// go by its UID, the clinic's own and the one read at the centre come first,
// then priors and what was shared.
func (d *dicomweb) study(c *Call) (*db.StudyRow, error) {
	tx := c.Read()
	rows, err := tx.StudiesByUID(c.PathValue("study"))
	if err != nil {
		return nil, err
	}
	i, err := firstSeen(tx, c.Actor, len(rows), func(i int) *db.StudyRow { return rows[i] })
	if err != nil {
		return nil, err
	}
	return rows[i], nil
}

// firstSeen returns the index of the study an actor sees first.
func firstSeen(tx *db.Tx, a hub.Actor, n int, at func(int) *db.StudyRow) (int, error) {
	for i := range n {
		if st := at(i); isClinic(a.Role) && st.Member == a.Member || isReading(a.Role) && st.Centre == a.Member {
			return i, nil
		}
	}
	for i := range n {
		ok, err := SeesStudy(tx, a, at(i))
		if err != nil {
			return 0, err
		}
		if ok {
			return i, nil
		}
	}
	return 0, outside("api.dicomweb")
}

// series returns the series of the path.
func (d *dicomweb) series(c *Call) (*db.StudyRow, *hub.Series, error) {
	st, err := d.study(c)
	if err != nil {
		return nil, nil, err
	}
	se, err := c.Read().SeriesByUID(st.ID, c.PathValue("series"))
	return st, se, err
}

// instance returns the instance of the path with its series and study.
func (d *dicomweb) instance(c *Call) (*db.Found, error) {
	tx := c.Read()
	rows, err := tx.InstancesAt(c.PathValue("study"), c.PathValue("series"), c.PathValue("instance"))
	if err != nil {
		return nil, err
	}
	i, err := firstSeen(tx, c.Actor, len(rows), func(i int) *db.StudyRow { return &rows[i].Study })
	if err != nil {
		return nil, err
	}
	return rows[i], nil
}

// view records that an account looks into a study, once in a while: a viewer
// asks a thousand times for one look.
func (d *dicomweb) view(c *Call, st *db.StudyRow) error {
	key := string(c.Actor.Account) + "/" + string(st.ID)
	if at, ok := d.viewed.Get(key); ok && time.Since(at) < viewEvery {
		return nil
	}
	err := d.DB.Tx(c.Context(), func(tx *db.Tx) error {
		return tx.Audit(c.Actor, hub.Record{Action: "images.view", Object: "study/" + string(st.ID), Patient: audit.Pseudonym(st.Patient), OK: true})
	})
	if err == nil {
		d.viewed.Put(key, time.Now(), 1)
	}
	return err
}
