package upload

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
)

// Bounds of an archive, against one that unfolds without end.
const (
	directoryMost = 4 << 20 // bytes read to find what is in it
	entriesMost   = 20_000
	unpackedMost  = 16 << 30 // bytes of all entries
	ratioMost     = 200      // unpacked to packed, beyond unpackedFree
	unpackedFree  = 64 << 20
	problemsMost  = 100 // entries that are listed by name
)

// Codes of archives.
const (
	codeArchive     = "upload.zip"
	codeArchivePart = "upload.zip_partly"
	codeArchiveBad  = "upload.zip_unreadable"
	codeArchiveBomb = "upload.zip_too_large"
	codeNested      = "upload.zip_nested"
	codeEntryBad    = "upload.zip_entry"
)

// Archive says what became of the files in a ZIP archive.
type Archive struct {
	Files     int            `json:"files"`
	Results   map[Result]int `json:"results"`
	Problems  []Problem      `json:"problems,omitempty"` // the first files that should have been taken in and were not
	StudyUIDs []string       `json:"study_uids,omitempty"`
}

// Problem is a file of an archive that was not taken in.
type Problem struct {
	Path   string `json:"path"`
	Code   string `json:"code"`
	Reason string `json:"reason,omitempty"`
}

// archive takes in each file of a ZIP archive, as exported from a CD.
func (s *Service) archive(ctx context.Context, src intake.Source, u *db.Upload, data *pieces) (*Verdict, error) {
	limited := &budget{r: data, left: directoryMost}
	z, err := zip.NewReader(limited, u.Size)
	limited.left = -1 // entries are bounded by what they unpack to
	switch {
	case hub.KindOf(err) == hub.Busy:
		return nil, err
	case errors.Is(err, errBudget) || err == nil && tooMuch(z.File, u.Size):
		return &Verdict{Result: Rejected, Code: codeArchiveBomb}, nil
	case err != nil:
		return s.quarantine(ctx, src, data.Reader(), u.Size, codeArchiveBad, err)
	}
	v := &Verdict{Code: codeArchive, Archive: &Archive{Results: map[Result]int{}}}
	taken, err := s.records(ctx, src, z, v)
	if err != nil {
		return nil, err
	}
	var pictures []*zip.File
	for _, f := range z.File {
		if f.FileInfo().IsDir() || taken[f.Name] {
			continue
		}
		if err := s.hold(ctx, u); err != nil {
			return nil, err
		}
		one, err := s.entry(ctx, src, f, pictureForm)
		if err != nil {
			return nil, err
		}
		if one.Code == codePicture {
			pictures = append(pictures, f)
			continue
		}
		v.add(entryName(f), one)
	}
	if err := s.pictures(ctx, src, pictures, v); err != nil {
		return nil, err
	}
	v.sum()
	return v, nil
}

// pictures takes in the pictures and PDFs of an archive that holds no exam as
// ECGs. Beside an exam they are a report's or a viewer's.
func (s *Service) pictures(ctx context.Context, src intake.Source, files []*zip.File, v *Verdict) error {
	as := ecgForm
	if v.Archive.Files > v.Archive.Results[Ignored] || len(files) > picturesMost {
		as = pictureForm
	}
	for _, f := range files {
		one, err := s.entry(ctx, src, f, as)
		if err != nil {
			return err
		}
		v.add(entryName(f), one)
	}
	return nil
}

// records takes in the ECGs that consist of several files and names the entries
// they are made of. An archive whose directory cannot be walked has none.
func (s *Service) records(ctx context.Context, src intake.Source, z *zip.Reader, v *Verdict) (taken map[string]bool, err error) {
	headers, err := decode.Records(z)
	if err != nil {
		return nil, nil
	}
	taken = map[string]bool{}
	for _, header := range headers {
		src.Name = clip(header, nameMost)
		one, names, err := s.record(ctx, src, z, header)
		if err != nil {
			return nil, err
		}
		if one == nil {
			continue // its files are judged one by one, with their reasons
		}
		v.add(src.Name, one)
		for _, name := range names {
			taken[name] = true
		}
	}
	return taken, nil
}

// tooMuch checks what the directory says; entry holds each file to it.
func tooMuch(files []*zip.File, size int64) bool {
	if len(files) > entriesMost {
		return true
	}
	total := uint64(0)
	for _, f := range files {
		if f.UncompressedSize64 > MaxSize {
			return true
		}
		total += f.UncompressedSize64
	}
	return total > unpackedMost || total > unpackedFree+ratioMost*uint64(size)
}

// entry takes in one file of an archive, a picture as the form given. zip's
// reader fails when a file is longer than the directory said.
func (s *Service) entry(ctx context.Context, src intake.Source, f *zip.File, picture form) (*Verdict, error) {
	bad := func(err error) (*Verdict, error) {
		if hub.KindOf(err) == hub.Busy {
			return nil, err
		}
		return &Verdict{Result: Rejected, Code: codeEntryBad, Reason: err.Error()}, nil
	}
	r, err := f.Open()
	if err != nil {
		return bad(err)
	}
	defer r.Close()
	size := int64(f.UncompressedSize64)
	body := &entryReader{r: io.LimitReader(r, size+1)}
	head := make([]byte, min(ecg.DetectBytes, size))
	if _, err := io.ReadFull(body, head); err != nil {
		return bad(err)
	}
	form := sniff(f.Name, head)
	if form == zipForm {
		return &Verdict{Result: Ignored, Code: codeNested}, nil
	}
	if form == pictureForm {
		form = picture
	}
	src.Name = entryName(f)
	v, err := s.take(ctx, src, form, io.MultiReader(bytes.NewReader(head), body), size)
	if err != nil && body.err != nil {
		return bad(body.err) // the archive is damaged here, not the store
	}
	return v, err
}

// entryReader remembers a fault of the archive, so that it is told apart from
// one of the object store.
type entryReader struct {
	r   io.Reader
	err error
}

func (e *entryReader) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	if err != nil && err != io.EOF {
		e.err = err
	}
	return n, err
}

// entryName is an entry's path as text: archives made by Chinese Windows hold
// GB18030 unless they say otherwise (APPNOTE 4.4.4, bit 11).
func entryName(f *zip.File) string {
	name := f.Name
	if f.NonUTF8 {
		if text, err := simplifiedchinese.GB18030.NewDecoder().String(name); err == nil {
			name = text
		}
	}
	return clip(strings.ReplaceAll(strings.ToValidUTF8(name, "?"), "\x00", "?"), nameMost)
}

func clip(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// add counts one file's verdict into the archive's.
func (v *Verdict) add(name string, one *Verdict) {
	a := v.Archive
	a.Files++
	a.Results[one.Result]++
	switch one.Result {
	case Quarantined, Rejected, Conflict:
		if len(a.Problems) < problemsMost {
			a.Problems = append(a.Problems, Problem{Path: name, Code: one.Code, Reason: one.Reason})
		}
	}
	if one.StudyUID != "" && !slices.Contains(a.StudyUIDs, one.StudyUID) {
		a.StudyUIDs = append(a.StudyUIDs, one.StudyUID)
	}
	if v.Task == "" {
		v.Study, v.StudyUID, v.Task, v.Recording = one.Study, one.StudyUID, one.Task, one.Recording
	}
}

// sum sets the archive's result, the best of its files', and its code, which
// tells when some should have been taken in and were not.
func (v *Verdict) sum() {
	v.Result = Ignored
	if r := v.Archive.Results; r[Conflict]+r[Quarantined]+r[Rejected] > 0 {
		v.Code = codeArchivePart
	}
	for _, r := range []Result{Stored, Duplicate, Conflict, Quarantined, Rejected} {
		if v.Archive.Results[r] > 0 {
			v.Result = r
			return
		}
	}
}

// errBudget says that an archive's directory is larger than any real one.
var errBudget = errors.New("the archive's directory is too large")

// budget bounds what is read; a negative left does not.
type budget struct {
	r    io.ReaderAt
	left int64
}

func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if b.left >= 0 {
		if b.left -= int64(len(p)); b.left < 0 {
			b.left = 0
			return 0, errBudget
		}
	}
	return b.r.ReadAt(p, off)
}

// hold keeps other nodes from judging u too while its judgement lasts.
func (s *Service) hold(ctx context.Context, u *db.Upload) error {
	if time.Since(u.TouchedAt) < judgeLease/3 {
		return nil
	}
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		was := u.TouchedAt
		u.TouchedAt = tx.Now()
		ok, err := tx.HoldUpload(u, was)
		if err == nil && !ok {
			err = hub.E(hub.Conflict, "upload.hold", "upload.judged_elsewhere")
		}
		return err
	})
}
