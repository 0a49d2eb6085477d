package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/draw"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/font"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// press holds the typeface, parsed at the first use.
type press struct {
	once sync.Once
	face *face
	err  error
}

func (p *press) typeface() (*face, error) {
	p.once.Do(func() {
		ttf, err := font.SansSC()
		if err == nil {
			p.face, err = newFace(ttf)
		}
		p.err = err
	})
	if p.err != nil {
		return nil, hub.Wrap(hub.Busy, "report", "report.no_font", p.err)
	}
	return p.face, nil
}

// store draws the PDF of signed content and keeps it as an object.
func (s *Service) store(ctx context.Context, c *Content, hash string, addenda []*Appendix) (string, error) {
	var trace *ecg.Recording
	if c.Kind == hub.ECG && c.Recording != "" {
		r, err := s.DB.Read(ctx).Recording(c.Recording)
		if err != nil {
			return "", err
		}
		if trace, err = s.Trace(ctx, r); err != nil {
			return "", err
		}
	}
	f, err := s.press.typeface()
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := paint(&out, f, c, hash, s.Address()+verifyPath(c.Report, hash), addenda, trace); err != nil {
		return "", err
	}
	key := storage.NewKey("report")
	w, err := s.Objects.Create(ctx, key)
	if err != nil {
		return "", hub.Wrap(hub.Busy, "report.store", "store.unavailable", err)
	}
	defer w.Abort()
	if _, err := w.Write(out.Bytes()); err != nil {
		return "", hub.Wrap(hub.Busy, "report.store", "store.unavailable", err)
	}
	if _, err := w.Commit(); err != nil {
		return "", hub.Wrap(hub.Busy, "report.store", "store.unavailable", err)
	}
	return string(key), nil
}

// drop removes a PDF that no row came to name. What it leaves behind, the
// sweep of orphans removes.
func (s *Service) drop(ctx context.Context, key string) {
	if key == "" {
		return
	}
	if err := s.Objects.Delete(context.WithoutCancel(ctx), storage.Key(key)); err != nil {
		s.Log.Warn("report: unused PDF stays for the sweep", "object", key, "error", err)
	}
}

// reprint draws a signed version again from its stored content.
func (s *Service) reprint(ctx context.Context, r *hub.Report, list []*hub.Addendum) (string, error) {
	var c Content
	if err := json.Unmarshal(r.Content, &c); err != nil {
		return "", fmt.Errorf("report %s version %d: content: %w", r.ID, r.Version, err)
	}
	var appended []*Appendix
	for _, a := range list {
		var x Appendix
		if err := json.Unmarshal(a.Content, &x); err != nil {
			return "", fmt.Errorf("addendum %s: content: %w", a.ID, err)
		}
		appended = append(appended, &x)
	}
	return s.store(ctx, &c, r.Hash, appended)
}

// Print returns the PDF of a signed version (0: the one that counts), with its
// addenda, and audits it. Errors: NotFound while nothing is signed, Conflict
// report.void. The caller has checked t's scope, and closes the reader.
func (s *Service) Print(ctx context.Context, actor hub.Actor, t *hub.Task, version int) (io.ReadCloser, error) {
	tx := s.DB.Read(ctx)
	versions, err := tx.ReportVersions(t.Report)
	if err != nil {
		return nil, err
	}
	r, err := pick(versions, Signed, version)
	if err != nil {
		return nil, err
	}
	if r.State == hub.ReportVoid {
		return nil, hub.E(hub.Conflict, "report.Print", "report.void")
	}
	list, err := addenda(tx, r)
	if err != nil {
		return nil, err
	}
	key := r.PDF
	if n := len(list); n > 0 {
		key = list[n-1].PDF
	}
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		return tx.Audit(actor, hub.Record{Action: "report.print", Object: "report/" + string(r.ID), OK: true})
	})
	if err != nil {
		return nil, err
	}
	body, err := s.Objects.Get(ctx, storage.Key(key), 0, -1)
	if err != nil {
		return nil, hub.Wrap(hub.Busy, "report.Print", "store.unavailable", err)
	}
	return body, nil
}

// paint draws the document: the report's pages, then the ECG at true scale.
func paint(w io.Writer, f *face, c *Content, hash, address string, addenda []*Appendix, trace *ecg.Recording) error {
	o := compose(f, c, addenda)
	pdf := newPDF(f)
	pdf.SetTitle("诊断报告 "+string(c.Report)+" 版本 "+fmt.Sprint(c.Version), true)
	if at, err := time.Parse(time.RFC3339, signedAt(c)); err == nil {
		pdf.SetCreationDate(at)
		pdf.SetModificationDate(at)
	}
	code, err := qrcode.New(address, qrcode.Medium)
	if err != nil {
		return fmt.Errorf("report: QR code: %w", err)
	}
	code.DisableBorder = true
	total := len(o.pages)
	if trace != nil {
		total++
	}
	for i, p := range o.pages {
		pdf.AddPageFormat("P", fpdf.SizeType{Wd: pageWidth, Ht: pageHeight})
		o.watermark(pdf, c)
		o.paintPage(pdf, p)
		o.foot(pdf, c, hash, address, code.Bitmap(), i+1, total)
	}
	if trace != nil {
		header := []string{joinedBy("　", c.Patient.Name, sexWord(c.Patient.Sex), c.Patient.Age, "检查号 "+c.Order.Accession, minute(c.ExamAt)),
			joinedBy("　", c.Member.Name, joinedBy("　", c.Measurements...))}
		if err := o.tracePage(pdf, trace, draw.Options{}, header); err != nil {
			return err
		}
		o.set(pdf, 16, 205, smallSize, fmt.Sprintf("第 %d 页　共 %d 页　版本 %d　%s", total, total, c.Version, hash))
	}
	if pdf.Err() {
		return fmt.Errorf("report: pdf: %w", pdf.Error())
	}
	return pdf.Output(w)
}

func signedAt(c *Content) string {
	if c.Reviewer != nil {
		return c.Reviewer.At
	}
	return c.Writer.At
}

func newPDF(f *face) *fpdf.Fpdf {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCatalogSort(true)
	pdf.SetLang("zh-CN")
	pdf.AddUTF8FontFromBytes(family, "", f.ttf)
	return pdf
}

func (s *setter) paintPage(pdf *fpdf.Fpdf, p *page) {
	pdf.SetDrawColor(60, 60, 60)
	for _, r := range p.rules {
		pdf.SetLineWidth(r.width)
		pdf.Line(r.x1, r.y, r.x2, r.y)
	}
	for _, l := range p.lines {
		pdf.SetTextColor(0, 0, 0)
		if l.red {
			pdf.SetTextColor(190, 20, 20)
		}
		s.set(pdf, l.x, l.y, l.size, l.text)
	}
	pdf.SetTextColor(0, 0, 0)
}

// watermark marks a preliminary report across the page.
func (s *setter) watermark(pdf *fpdf.Fpdf, c *Content) {
	if c.State != string(hub.ReportPreliminary) {
		return
	}
	const size = 44.0
	x, y := (pageWidth-s.width(preliminaryNotice)*size*mmPerPoint)/2, pageHeight/2
	pdf.TransformBegin()
	pdf.TransformRotate(40, pageWidth/2, pageHeight/2)
	pdf.SetTextColor(232, 232, 232)
	s.set(pdf, x, y, size, preliminaryNotice)
	pdf.SetTextColor(0, 0, 0)
	pdf.TransformEnd()
}

// foot stands on every page: who is responsible, how to verify, which page.
func (s *setter) foot(pdf *fpdf.Fpdf, c *Content, hash, address string, code [][]bool, n, total int) {
	const top, side = 261.0, 22.0
	pdf.SetDrawColor(60, 60, 60)
	pdf.SetLineWidth(0.2)
	pdf.Line(margin, top, pageWidth-margin, top)
	module := side / float64(len(code))
	pdf.SetFillColor(0, 0, 0)
	for y, row := range code {
		for x, dark := range row {
			if dark {
				pdf.Rect(margin+float64(x)*module, top+2+float64(y)*module, module, module, "F")
			}
		}
	}
	x, y := margin+side+4, top+5
	for _, text := range []string{
		"远程诊断：邀请方 " + c.Member.Name + "　受邀方 " + c.Centre.Name,
		"本报告已电子签名，仅供临床参考。扫码或访问下列地址验证真伪：",
		address,
		"内容摘要 SHA-256：" + hash,
		fmt.Sprintf("报告编号 %s　版本 %d　第 %d 页　共 %d 页", c.Report, c.Version, n, total)} {
		size := smallSize
		for s.width(text)*size*mmPerPoint > pageWidth-margin-x {
			size -= 0.5
		}
		s.set(pdf, x, y, size, text)
		y += 4.4
	}
}

// tracePage adds an A4 landscape page with the ECG in true millimetres and
// lines over its grid.
func (s *setter) tracePage(pdf *fpdf.Fpdf, rec *ecg.Recording, o draw.Options, header []string) error {
	pdf.AddPageFormat("L", fpdf.SizeType{Wd: pageWidth, Ht: pageHeight})
	o.Header, o.FontFamily = nil, family
	if err := draw.DrawPDF(pdf, 0, 0, rec, o); err != nil {
		return err
	}
	pdf.SetTextColor(0, 0, 0)
	const left, first, step, size = 16.0, 8.0, 5.5, 10.0
	for i, text := range header {
		s.set(pdf, left, first+step*float64(i), size, text)
	}
	return nil
}

// TracePDF writes an ECG as one A4 landscape page with header lines, every
// character of which is printed. Errors: draw.ErrOptions, Busy report.no_font.
func (s *Service) TracePDF(w io.Writer, rec *ecg.Recording, o draw.Options, header []string) error {
	f, err := s.press.typeface()
	if err != nil {
		return err
	}
	pdf := newPDF(f)
	if err := f.setter().tracePage(pdf, rec, o, header); err != nil {
		return err
	}
	return pdf.Output(w)
}
