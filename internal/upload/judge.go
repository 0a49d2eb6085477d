package upload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
)

// Result says what became of an upload.
type Result string

// The results.
const (
	Stored      Result = "stored"
	Duplicate   Result = "duplicate"
	Conflict    Result = "conflict" // other bytes are here under this UID: these are in quarantine
	Quarantined Result = "quarantined"
	Ignored     Result = "ignored"  // no exam: a CD's directory, viewer or logo
	Rejected    Result = "rejected" // not kept
)

// Codes of verdicts, keys of the message catalogue. Those of what could not be
// read are intake's.
const (
	codeStored      = "upload.stored"
	codeDuplicate   = "upload.duplicate"
	codeEmpty       = "upload.empty"
	codeDirectory   = "upload.dicomdir"
	codeOther       = "upload.not_medical"
	codePicture     = "upload.picture"
	codeHEIC        = "ecg.heic" // intake's: the photograph is still on the phone
	codeUnknown     = "upload.unknown_format"
	codeUnknownBig  = "upload.unknown_too_large"
	codeHashDiffers = "upload.hash_differs"
	codeGone        = "upload.order_gone"
	codeAwaited     = "upload.awaited" // of a receipt: it has not come
)

// Verdict is what became of an upload; rows keep it as JSON.
type Verdict struct {
	Result     Result           `json:"result"`
	Code       string           `json:"code"`
	Reason     string           `json:"reason,omitempty"` // tag and offset of a fault
	Study      hub.StudyID      `json:"study,omitempty"`
	StudyUID   string           `json:"study_uid,omitempty"`
	Task       hub.TaskID       `json:"task,omitempty"`
	Recording  hub.RecordingID  `json:"recording,omitempty"`
	Quarantine hub.QuarantineID `json:"quarantine,omitempty"`
	Archive    *Archive         `json:"archive,omitempty"`
}

// VerdictOf reads an upload's verdict; nil while there is none.
func VerdictOf(u *db.Upload) (*Verdict, error) {
	if u.Verdict == "" {
		return nil, nil
	}
	v := new(Verdict)
	return v, json.Unmarshal([]byte(u.Verdict), v)
}

// A complete upload is judged by who touched it last within judgeLease; who
// needs longer touches it again.
const (
	judgeLease = time.Minute
	judgeMost  = time.Hour // for one upload: a whole archive over a slow store
)

// quarantineMost bounds what is kept of a file nobody can read.
const quarantineMost = 64 << 20

// judge takes a complete upload in and keeps the verdict. An error leaves the
// upload as it is, for a later turn.
func (s *Service) judge(ctx context.Context, actor hub.Actor, u *db.Upload) error {
	ctx, cancel := context.WithTimeout(ctx, judgeMost)
	defer cancel()
	parts, err := s.DB.Read(ctx).UploadParts(u.ID)
	if err != nil {
		return err
	}
	data, err := openPieces(ctx, s.Objects, u, parts)
	if err != nil {
		return err
	}
	src := intake.Source{Actor: actor, Via: "upload", Name: u.Filename, Order: u.Order}
	v, err := s.verdict(ctx, src, u, data)
	if errors.Is(err, errHeld) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.finish(ctx, actor, u, v)
}

func (s *Service) verdict(ctx context.Context, src intake.Source, u *db.Upload, data *pieces) (*Verdict, error) {
	if u.Batch != "" {
		same, err := s.asDeclared(ctx, u, data)
		if err != nil {
			return nil, err
		}
		if !same {
			v, err := s.quarantine(ctx, src, data.Reader(), u.Size, codeHashDiffers, errors.New("SHA-256 differs from the declared one"))
			if err == nil && v.Result == Rejected {
				v.Code = codeHashDiffers // sent again it will be whole: nothing is lost
			}
			return v, err
		}
	}
	head := make([]byte, min(ecg.DetectBytes, u.Size))
	if _, err := io.ReadFull(io.NewSectionReader(data, 0, u.Size), head); err != nil {
		return nil, err
	}
	f := sniff(u.Filename, head)
	if f == zipForm {
		return s.archive(ctx, src, u, data)
	}
	if u.Batch != "" && (f == unknownForm || ecg.Detect(head) == ecg.FormatWFDB) {
		if v, err := s.together(ctx, src, u); v != nil || err != nil {
			return v, err
		}
	}
	if f == pictureForm {
		chosen, err := s.chosen(ctx, u)
		if err != nil {
			return nil, err
		}
		if chosen {
			f = ecgForm
		}
	}
	body := data.Reader()
	defer body.Close()
	return s.take(ctx, src, f, body, u.Size)
}

// asDeclared compares the bytes with what the batch declares.
func (s *Service) asDeclared(ctx context.Context, u *db.Upload, data *pieces) (bool, error) {
	f, err := s.DB.Read(ctx).BatchFile(u.Batch, u.Filename)
	if err != nil {
		return false, err
	}
	body := data.Reader()
	defer body.Close()
	h := sha256.New()
	if _, err := io.Copy(h, body); err != nil {
		return false, err
	}
	return hex.EncodeToString(h.Sum(nil)) == f.SHA256, nil
}

// take hands one file, no archive, to intake. An error means it could not be
// tried; what is wrong with the file itself is in the verdict.
func (s *Service) take(ctx context.Context, src intake.Source, f form, r io.Reader, size int64) (*Verdict, error) {
	switch f {
	case emptyForm:
		return &Verdict{Result: Ignored, Code: codeEmpty}, nil
	case dicomdirForm:
		return &Verdict{Result: Ignored, Code: codeDirectory}, nil
	case otherForm:
		return &Verdict{Result: Ignored, Code: codeOther}, nil
	case pictureForm:
		return &Verdict{Result: Ignored, Code: codePicture}, nil
	case dicomForm:
		return taken(s.Intake.File(ctx, src, r))
	case ecgForm:
		if size > intake.HeldMost {
			out, _, err := s.Intake.ECG(ctx, src, r)
			return taken(out, err)
		}
		data, err := readAll(r, size)
		if err != nil {
			return nil, err
		}
		out, _, err := s.Intake.ECG(ctx, src, bytes.NewReader(data))
		if hub.KindOf(err) == hub.Unsupported && hub.CodeOf(err) != codeHEIC {
			return s.quarantine(ctx, src, bytes.NewReader(data), size, codeUnknown, err)
		}
		return taken(out, err)
	}
	if size <= unmarkedMost {
		data, err := readAll(r, size)
		if err != nil {
			return nil, err
		}
		if decode.Detect(data) != ecg.FormatUnknown {
			return s.take(ctx, src, ecgForm, bytes.NewReader(data), size)
		}
		r = bytes.NewReader(data)
	}
	return s.quarantine(ctx, src, r, size, codeUnknown, errors.New("no known image or ECG format"))
}

// unmarkedMost is the size up to which a file whose start says nothing is looked
// at as a whole: some carts write no mark at all.
const unmarkedMost = 1 << 20

func readAll(r io.Reader, size int64) ([]byte, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(r, data)
	return data, err
}

// quarantine keeps a file nobody can read, up to quarantineMost.
func (s *Service) quarantine(ctx context.Context, src intake.Source, r io.Reader, size int64, code string, cause error) (*Verdict, error) {
	if size > quarantineMost {
		return &Verdict{Result: Rejected, Code: codeUnknownBig, Reason: cause.Error()}, nil
	}
	data, err := readAll(r, size)
	if err != nil {
		return nil, err
	}
	return taken(nil, s.Intake.Quarantine(ctx, src, data, code, cause))
}

// taken turns intake's answer into a verdict; an error that says nothing about
// the file is passed on.
func taken(out *intake.Outcome, err error) (*Verdict, error) {
	if err == nil {
		v := &Verdict{Result: Result(out.Result), Code: codeStored, Study: out.Study, StudyUID: out.StudyUID, Task: out.Task, Recording: out.Recording, Quarantine: out.Quarantine}
		switch out.Result {
		case intake.Duplicate:
			v.Code = codeDuplicate
		case intake.Conflict:
			v.Code = "dicom.other_bytes"
		}
		return v, nil
	}
	e, ok := errors.AsType[*hub.Error](err)
	if !ok {
		return nil, err
	}
	switch e.Kind {
	case hub.Invalid:
		v := &Verdict{Result: Rejected, Code: e.Code}
		if reason, ok := e.Detail["reason"]; ok {
			v.Reason = fmt.Sprint(reason)
		}
		if id, ok := e.Detail["quarantine"].(hub.QuarantineID); ok {
			v.Result, v.Quarantine = Quarantined, id
		}
		return v, nil
	case hub.Unsupported:
		v := &Verdict{Result: Rejected, Code: codeUnknownBig}
		if e.Code == codeHEIC {
			v.Code = codeHEIC
		}
		return v, nil
	case hub.TooLarge:
		return &Verdict{Result: Rejected, Code: e.Code}, nil
	case hub.NotFound: // the order was there when the upload began
		return &Verdict{Result: Rejected, Code: codeGone}, nil
	}
	return nil, err
}

// finish keeps the verdict, forgets the bytes, and tells the batch.
func (s *Service) finish(ctx context.Context, actor hub.Actor, u *db.Upload, v *Verdict) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	done := *u
	done.State, done.Verdict = "done", string(text)
	if v.Result == Quarantined || v.Result == Rejected || v.Result == Conflict {
		done.State = "failed"
	}
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		done.TouchedAt = tx.Now()
		first, err := tx.FinishUpload(&done)
		if err != nil || !first {
			return err
		}
		if err := tx.DropUploadParts(u.ID); err != nil {
			return err
		}
		if u.Batch != "" {
			return s.tellBatch(tx, actor, u, v)
		}
		return tx.Audit(actor, hub.Record{Action: "upload.judge", Object: "upload/" + string(u.ID), OK: done.State == "done", Reason: v.Code, After: string(v.Result)})
	})
	if err == nil {
		*u = done
	}
	return err
}
