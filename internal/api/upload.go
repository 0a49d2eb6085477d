package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/upload"
)

var uploadMessages = messages{
	"upload.judged_elsewhere":  {"该文件正在另一台服务器上处理，请稍候查看结果。", "Another server is taking this file in; look again shortly."},
	"upload.stored":            {"已接收。", "Taken in."},
	"upload.duplicate":         {"相同的文件此前已接收，无需重传。", "The same file is here already; nothing to do."},
	"upload.empty":             {"文件是空的，已忽略。", "The file is empty and was ignored."},
	"upload.dicomdir":          {"这是光盘目录文件，已忽略；其中的影像会单独接收。", "This is a disc's directory and was ignored; its images are taken in by themselves."},
	"upload.not_medical":       {"这不是检查数据（图片、文档或程序），已忽略。请上传 DICOM 影像或心电原始文件。", "This is no exam data (a picture, document or program) and was ignored. Upload DICOM images or original ECG files."},
	"upload.picture":           {"这是图片或 PDF，与检查数据放在一起，未作为心电图接收，已忽略。如为心电图照片或扫描件，请单独上传。", "This picture or PDF lay among other files and was not taken for an ECG. If it is a photograph or scan of one, upload it by itself."},
	"upload.unknown_format":    {"无法识别的文件格式，已保留在隔离区。请从设备导出 DICOM 或心电原始数据。", "The format is not known; the file is kept in quarantine. Export DICOM or original ECG data from the device."},
	"upload.unknown_too_large": {"无法识别且过大的文件，未保留。请从设备导出 DICOM 或心电原始数据。", "The format is not known and the file is too large to keep. Export DICOM or original ECG data from the device."},
	"upload.hash_differs":      {"收到的内容与声明的校验值不一致，请重新上传该文件。", "The content differs from the declared checksum; upload this file again."},
	"upload.order_gone":        {"所属申请单已不存在，文件未接收。请选择申请单后重新上传。", "The order is gone and the file was not taken in. Choose the order and upload again."},
	"upload.too_large":         {"文件超过 4 GB，无法上传。请拆分后重试。", "The file is above 4 GB; split it and try again."},
	"upload.cut_off":           {"连接中断，已收到的部分已保存，恢复后会自动继续。", "The line broke; what had arrived is kept, and sending goes on from there."},
	"upload.too_many":          {"同时上传的文件过多，请稍候，会自动继续。", "Too many files are being uploaded now; wait a moment, it continues by itself."},
	"upload.offset":            {"上传位置已变化，请从第 {offset} 字节继续。", "The upload is elsewhere by now; continue at byte {offset}."},
	"upload.zip":               {"压缩包已处理。", "The archive was taken in file by file."},
	"upload.awaited":           {"声明过的文件尚未传到，请继续上传。", "It was declared and has not come yet; go on sending."},
	"upload.zip_partly":        {"压缩包中有文件未能接收，请查看清单并单独重传这些文件。", "Some files of the archive were not taken in; look at the list and send those again."},
	"upload.zip_unreadable":    {"压缩包已损坏：{reason}。已保留在隔离区，请重新制作后上传。", "The archive is damaged: {reason}. It is kept in quarantine; make it anew."},
	"upload.zip_too_large":     {"压缩包内文件过多或解压后过大，未接收。请直接上传文件夹。", "The archive holds too much and was not taken in. Upload the folder itself."},
	"upload.zip_nested":        {"压缩包中的压缩包不会展开，已忽略。请解压后上传。", "An archive inside an archive is not unfolded. Unpack it and upload again."},
	"upload.zip_entry":         {"压缩包中的这个文件已损坏：{reason}。请重新制作压缩包。", "This file of the archive is damaged: {reason}. Make the archive anew."},
	"upload.type":              {"上传内容的类型须为 application/offset+octet-stream。", "The content type must be application/offset+octet-stream."},
}

const (
	tusVersion    = "1.0.0"
	tusExtensions = "creation,creation-with-upload,termination,expiration"
	tusType       = "application/offset+octet-stream"
	// tusIdle is how long a sender may be silent: a dead line must not hold
	// what has arrived back.
	tusIdle = 30 * time.Second
	// batchBody bounds a declaration.
	batchBody = 16 << 20
)

func (s *Server) uploadRoutes() []Route {
	const one = "/api/v1/uploads/{id}"
	return []Route{
		{Method: "OPTIONS", Path: "/api/v1/uploads", Public: true, Raw: tusOptions},
		{Method: "OPTIONS", Path: one, Public: true, Raw: tusOptions},
		{Method: "POST", Path: "/api/v1/uploads", Roles: clinic, Raw: tus(s.createUpload)},
		{Method: "POST", Path: one, Roles: clinic, Raw: tus(s.overriddenUpload)},
		{Method: "HEAD", Path: one, Roles: clinic, Raw: tus(s.headUpload)},
		{Method: "PATCH", Path: one, Roles: clinic, Raw: tus(s.patchUpload)},
		{Method: "DELETE", Path: one, Roles: clinic, Raw: tus(s.deleteUpload)},
		{Method: "GET", Path: one, Roles: clinic, Do: s.getUpload},
		{Method: "POST", Path: "/api/v1/batches", Roles: clinic, Do: s.declareBatch, Body: batchBody},
		{Method: "GET", Path: "/api/v1/batches/{id}", Roles: clinic, Do: s.getBatch},
	}
}

func tusOptions(c *Call) error {
	h := c.W.Header()
	h.Set("Tus-Resumable", tusVersion)
	h.Set("Tus-Version", tusVersion)
	h.Set("Tus-Extension", tusExtensions)
	h.Set("Tus-Max-Size", strconv.FormatInt(upload.MaxSize, 10))
	c.W.WriteHeader(http.StatusNoContent)
	return nil
}

// tus checks the protocol version and states it in every answer.
func tus(do func(*Call) error) func(*Call) error {
	return func(c *Call) error {
		h := c.W.Header()
		h.Set("Tus-Resumable", tusVersion)
		h.Set("Cache-Control", "no-store")
		if c.Header.Get("Tus-Resumable") != tusVersion {
			h.Set("Tus-Version", tusVersion) // of which the client may choose
			c.W.WriteHeader(http.StatusPreconditionFailed)
			return nil
		}
		return do(c)
	}
}

// createUpload opens an upload; a body that comes with it is its beginning.
func (s *Server) createUpload(c *Call) error {
	size, err := strconv.ParseInt(c.Header.Get("Upload-Length"), 10, 64)
	if err != nil || size < 0 {
		return hub.Field("api.createUpload", "Upload-Length", "want the size in bytes")
	}
	meta, err := tusMetadata(c.Header.Get("Upload-Metadata"))
	if err != nil {
		return err
	}
	u, err := s.Uploads.Create(c.Context(), c.Actor, upload.Wanted{Size: size, Filename: meta["filename"], Order: hub.OrderID(meta["order"]), Batch: hub.BatchID(meta["batch"])})
	if u == nil || err != nil && u.Size > 0 {
		return err
	}
	c.W.Header().Set("Location", "/api/v1/uploads/"+string(u.ID))
	if c.Header.Get("Content-Type") == tusType && size > 0 {
		// The upload exists whatever happens to its first bytes: the client
		// asks where it is and continues.
		if after, err := s.Uploads.Append(c.Context(), c.Actor, u.ID, 0, idleBody(c)); err != nil {
			s.Log.Debug("upload began and broke off", "upload", u.ID, "error", err)
		} else {
			u = after
		}
		c.W.Header().Set("Upload-Offset", strconv.FormatInt(u.Offset, 10))
	}
	s.expires(c, u)
	c.W.WriteHeader(http.StatusCreated)
	return nil
}

// tusMetadata reads Upload-Metadata: pairs of a name and a base64 value.
func tusMetadata(header string) (map[string]string, error) {
	meta := map[string]string{}
	for pair := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		text, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return nil, hub.Field("api.tusMetadata", "Upload-Metadata", "want names with base64 values")
		}
		meta[name] = string(text)
	}
	return meta, nil
}

func (s *Server) expires(c *Call, u *db.Upload) {
	if u.State == "open" {
		c.W.Header().Set("Upload-Expires", s.Uploads.Expires(u).UTC().Format(http.TimeFormat))
	}
}

// idleBody is the request's body, given up when the sender is silent for long.
func idleBody(c *Call) io.Reader {
	return &idle{c.Body, http.NewResponseController(c.W)}
}

type idle struct {
	r    io.Reader
	line *http.ResponseController
}

func (i *idle) Read(b []byte) (int, error) {
	if err := i.line.SetReadDeadline(time.Now().Add(tusIdle)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := i.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = hub.Wrap(hub.Busy, "api.upload", "upload.cut_off", err)
	}
	return n, err
}

// overriddenUpload serves clients behind proxies that know GET and POST only.
func (s *Server) overriddenUpload(c *Call) error {
	switch c.Header.Get("X-HTTP-Method-Override") {
	case http.MethodPatch:
		return s.patchUpload(c)
	case http.MethodDelete:
		return s.deleteUpload(c)
	}
	return hub.Field("api.overriddenUpload", "X-HTTP-Method-Override", "want PATCH or DELETE")
}

func (s *Server) headUpload(c *Call) error {
	u, err := s.Uploads.Get(c.Context(), c.Actor, hub.UploadID(c.PathValue("id")))
	if err != nil {
		return err
	}
	h := c.W.Header()
	h.Set("Upload-Offset", strconv.FormatInt(u.Offset, 10))
	h.Set("Upload-Length", strconv.FormatInt(u.Size, 10))
	var meta []string
	for _, m := range [][2]string{{"filename", u.Filename}, {"order", string(u.Order)}, {"batch", string(u.Batch)}} {
		if m[1] != "" {
			meta = append(meta, m[0]+" "+base64.StdEncoding.EncodeToString([]byte(m[1])))
		}
	}
	if meta != nil {
		h.Set("Upload-Metadata", strings.Join(meta, ","))
	}
	s.expires(c, u)
	c.W.WriteHeader(http.StatusOK)
	return nil
}

// patchUpload takes the next bytes. What arrives before the line breaks is
// kept.
func (s *Server) patchUpload(c *Call) error {
	if c.Header.Get("Content-Type") != tusType {
		return hub.E(hub.Unsupported, "api.patchUpload", "upload.type")
	}
	from, err := strconv.ParseInt(c.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || from < 0 {
		return hub.Field("api.patchUpload", "Upload-Offset", "want the offset in bytes")
	}
	id := hub.UploadID(c.PathValue("id"))
	u, err := s.Uploads.Get(c.Context(), c.Actor, id)
	if err != nil {
		return err
	}
	if from == u.Offset && c.ContentLength > u.Size-u.Offset {
		return hub.E(hub.TooLarge, "api.patchUpload", "upload.too_large").With("most", u.Size-u.Offset)
	}
	if u, err = s.Uploads.Append(c.Context(), c.Actor, id, from, idleBody(c)); err != nil {
		return err
	}
	c.W.Header().Set("Upload-Offset", strconv.FormatInt(u.Offset, 10))
	s.expires(c, u)
	c.W.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) deleteUpload(c *Call) error {
	if err := s.Uploads.Remove(c.Context(), c.Actor, hub.UploadID(c.PathValue("id"))); err != nil {
		return err
	}
	c.W.WriteHeader(http.StatusNoContent)
	return nil
}

// UploadView is an upload with what became of it.
type UploadView struct {
	ID       hub.UploadID `json:"id"`
	Size     int64        `json:"size"`
	Offset   int64        `json:"offset"`
	State    string       `json:"state"` // open, judging, done, failed
	Filename string       `json:"filename"`
	Expires  *time.Time   `json:"expires"` // of one that is open
	Verdict  *VerdictView `json:"verdict"`
}

// VerdictView is an upload's verdict with the sentences for the person who
// stands beside the patient.
type VerdictView struct {
	Result     upload.Result    `json:"result"`
	Code       string           `json:"code"`
	Detail     string           `json:"detail"`
	Reason     string           `json:"reason"`
	StudyUID   string           `json:"study_uid"`
	Task       hub.TaskID       `json:"task"`
	Recording  hub.RecordingID  `json:"recording"`
	Quarantine hub.QuarantineID `json:"quarantine"`
	Quality    json.RawMessage  `json:"quality"` // of an ECG, else null
	Advice     []string         `json:"advice"`
	Corrects   *repeated        `json:"corrects"` // the defective ECG that this one repeats, null if none
	Archive    *upload.Archive  `json:"archive,omitempty"`
}

func (s *Server) getUpload(c *Call) (any, error) {
	u, err := s.Uploads.Get(c.Context(), c.Actor, hub.UploadID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	v := &UploadView{ID: u.ID, Size: u.Size, Offset: u.Offset, State: u.State, Filename: u.Filename}
	if u.State == "open" {
		v.Expires = nonZero(s.Uploads.Expires(u))
		if u.Offset == u.Size {
			v.State = "judging"
		}
	}
	verdict, err := upload.VerdictOf(u)
	if err != nil || verdict == nil {
		return v, err
	}
	v.Verdict, err = verdictView(c.Read(), verdict, language(c.Request))
	return v, err
}

func verdictView(tx *db.Tx, v *upload.Verdict, lang string) (*VerdictView, error) {
	view := &VerdictView{Result: v.Result, Code: v.Code, Detail: sentence(lang, v.Code, map[string]any{"reason": v.Reason}), Reason: v.Reason, StudyUID: v.StudyUID,
		Task: v.Task, Recording: v.Recording, Quarantine: v.Quarantine, Advice: []string{}, Archive: v.Archive}
	if v.Recording == "" {
		return view, nil
	}
	r, err := tx.Recording(v.Recording)
	if err != nil {
		return nil, err
	}
	view.Quality, view.Advice = r.Quality, advice(r.Quality, lang)
	if r.Corrects == "" {
		return view, nil
	}
	first, err := tx.Recording(r.Corrects)
	if err == nil {
		view.Corrects = &repeated{first.ID, first.CreatedAt}
	}
	return view, err
}

func (s *Server) declareBatch(c *Call) (any, error) {
	var in struct {
		Files []upload.Declared `json:"files"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	id, err := s.Uploads.Declare(c.Context(), c.Actor, in.Files)
	if err != nil {
		return nil, err
	}
	c.W.Header().Set("Location", "/api/v1/batches/"+url.PathEscape(string(id)))
	return Status{http.StatusCreated, map[string]any{"id": id}}, nil
}

func (s *Server) getBatch(c *Call) (any, error) {
	r, err := s.Uploads.Receipt(c.Context(), c.Actor, hub.BatchID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	lang := language(c.Request)
	for _, f := range r.Files {
		if f.Code != "" {
			f.Detail = sentence(lang, f.Code, map[string]any{"reason": f.Reason})
		}
	}
	for _, why := range r.Reasons {
		why.Detail = sentence(lang, why.Code, map[string]any{"reason": strings.Join(why.Paths, ", ")})
	}
	return r, nil
}
