package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
)

// Identifiers that the signed content names itself by: what its members mean,
// and how it was hashed and signed. A change of meaning takes a new number.
const (
	schemaReport   = "yuanzhen.report/1"
	schemaAddendum = "yuanzhen.addendum/1"
	algorithm      = "SHA-256+Ed25519"
)

// Content is all that a doctor signs: what the PDF prints and what a verifier
// hashes. Its canonical JSON (RFC 8785) is stored with the version.
type Content struct {
	Schema         string          `json:"schema"`
	Algorithm      string          `json:"algorithm"`
	Task           hub.TaskID      `json:"task"`
	Report         hub.ReportID    `json:"report"`
	Version        int             `json:"version"`
	State          string          `json:"state"` // issued or preliminary
	Kind           hub.TaskKind    `json:"kind"`
	Centre         Institution     `json:"centre"`
	Member         Institution     `json:"member"`
	Patient        Patient         `json:"patient"`
	Order          OrderPart       `json:"order"`
	ExamAt         string          `json:"exam_at"`
	SubmittedAt    string          `json:"submitted_at"`
	Measurements   []string        `json:"measurements"` // of an ECG, one a line
	Findings       string          `json:"findings"`
	Impression     string          `json:"impression"`
	Recommendation string          `json:"recommendation"`
	Positive       bool            `json:"positive"`
	Critical       bool            `json:"critical"`
	Grade          string          `json:"grade"`
	Mark           string          `json:"mark"`   // of mutual recognition, such as 全国HR
	Waived         string          `json:"waived"` // why an incomplete study was signed
	Arrived        int             `json:"arrived"`
	Expected       int             `json:"expected"`
	Reason         string          `json:"reason"` // of a revision
	Writer         Signature       `json:"writer"`
	Reviewer       *Signature      `json:"reviewer"` // who issued it; null on a preliminary report
	Recording      hub.RecordingID `json:"recording"`
	Objects        []string        `json:"objects"`  // digest of every object, as in "blake3:…", sorted
	Previous       string          `json:"previous"` // hash of the version before
}

// Institution is a member by code and name.
type Institution struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Patient is who the report is about, as the order has it.
type Patient struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Sex       string `json:"sex"`
	BirthDate string `json:"birth_date"`
	Age       string `json:"age"` // on the day of the exam
}

// OrderPart is what of the order the report answers.
type OrderPart struct {
	ID         hub.OrderID `json:"id"`
	Accession  string      `json:"accession"`
	Visit      hub.Visit   `json:"visit"`
	Department string      `json:"department"`
	Doctor     string      `json:"doctor"`
	Item       string      `json:"item"`
	ItemName   string      `json:"item_name"`
	Modality   string      `json:"modality"`
	BodyPart   string      `json:"body_part"`
	Laterality string      `json:"laterality"`
	Method     string      `json:"method"`
	History    string      `json:"history"`
}

// Signature is a doctor with title and time.
type Signature struct {
	Login string `json:"login"`
	Name  string `json:"name"`
	Title string `json:"title"` // GB/T 8561
	At    string `json:"at"`    // RFC 3339 UTC
}

// stamp writes a time as it is signed.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// china is the time zone of what people read.
var china = time.FixedZone("CST", 8*3600)

// content gathers what is signed at a time, by an account.
func content(tx *db.Tx, t *hub.Task, r *hub.Report, signer hub.AccountID, state hub.ReportState, at time.Time) (*Content, error) {
	o, err := tx.Order(t.Order)
	if err != nil {
		return nil, err
	}
	c := &Content{Schema: schemaReport, Algorithm: algorithm, Task: t.ID, Report: r.ID, Version: r.Version, State: string(state), Kind: t.Kind,
		ExamAt: stamp(t.TExam), SubmittedAt: stamp(t.TSubmit), Findings: r.Findings, Impression: r.Impression, Recommendation: r.Recommendation,
		Positive: r.Positive, Critical: r.Critical, Grade: r.Grade, Waived: t.Waived, Expected: t.Expected, Reason: r.Reason, Recording: t.Recording,
		Measurements: []string{}}
	c.Patient = Patient{ID: localID(o.LocalID), Name: o.PatientName, Sex: o.Sex, BirthDate: o.BirthDate,
		Age: (&hub.Patient{BirthDate: o.BirthDate, Age: o.Age}).AgeOn(examDay(t))}
	c.Order = OrderPart{ID: o.ID, Accession: o.Accession, Visit: o.Visit, Department: o.Department, Doctor: o.Doctor, Item: o.Item, ItemName: o.ItemName,
		Modality: o.Modality, BodyPart: o.BodyPart, Laterality: o.Laterality, Method: o.Method, History: joinedBy("；", o.Symptom, o.History, o.Purpose)}
	if err := c.institutions(tx, t); err != nil {
		return nil, err
	}
	if err := c.signatures(tx, r, signer, state, at); err != nil {
		return nil, err
	}
	if err := c.objects(tx, t); err != nil {
		return nil, err
	}
	if c.Previous, err = previousHash(tx, r); err != nil {
		return nil, err
	}
	if state != hub.ReportIssued || o.Item == "" {
		return c, nil // a preliminary report is not for recognition
	}
	mark, err := recognition.MarkFor(tx, t.Member, o.Item, examDay(t))
	if err == nil && mark != nil {
		c.Mark = mark.Label
	}
	return c, err
}

// localID leaves out a patient id the hub made for a file that names nobody.
func localID(id string) string {
	if id != "" && id[0] == '~' {
		return ""
	}
	return id
}

// examDay is when the exam was, as far as is known.
func examDay(t *hub.Task) time.Time {
	for _, at := range []time.Time{t.TExam, t.TSubmit, t.CreatedAt} {
		if !at.IsZero() {
			return at.In(china)
		}
	}
	return t.CreatedAt
}

func (c *Content) institutions(tx *db.Tx, t *hub.Task) error {
	centre, err := tx.Member(t.Centre)
	if err != nil {
		return err
	}
	member, err := tx.Member(t.Member)
	if err != nil {
		return err
	}
	c.Centre, c.Member = Institution{centre.Code, centre.Name}, Institution{member.Code, member.Name}
	return nil
}

func (c *Content) signatures(tx *db.Tx, r *hub.Report, signer hub.AccountID, state hub.ReportState, at time.Time) error {
	written := r.WrittenAt
	if written.IsZero() {
		written = at
	}
	var err error
	if c.Writer, err = signature(tx, r.Writer, written); err != nil || state == hub.ReportPreliminary {
		return err
	}
	s, err := signature(tx, signer, at)
	c.Reviewer = &s
	return err
}

func signature(tx *db.Tx, id hub.AccountID, at time.Time) (Signature, error) {
	a, err := tx.Account(id)
	if err != nil {
		return Signature{}, err
	}
	return Signature{a.Login, a.Name, a.Title, stamp(at)}, nil
}

// objects lists the hashes of what was read: every data set of the task's
// studies and its recording.
func (c *Content) objects(tx *db.Tx, t *hub.Task) error {
	c.Objects = []string{}
	studies, err := tx.StudiesOf(t.ID)
	if err != nil {
		return err
	}
	for _, s := range studies {
		digests, err := tx.StudyDigests(s.ID)
		if err != nil {
			return err
		}
		for _, d := range digests {
			c.Objects = append(c.Objects, objectDigest(d))
		}
		c.Arrived += s.Instances
	}
	if t.Recording != "" {
		rec, err := tx.Recording(t.Recording)
		if err != nil {
			return err
		}
		c.Objects = append(c.Objects, objectDigest(rec.Digest))
		c.Measurements = measured(rec.Hub)
		if t.Study == "" {
			c.Arrived = 1
		}
	}
	slices.Sort(c.Objects)
	c.Objects = slices.Compact(c.Objects) // a DICOM ECG is an instance and a recording
	return nil
}

// objectDigest is how a digest of the object store stands in what is signed:
// with the name of its algorithm, as RFC 8785 content outlives programs.
func objectDigest(d []byte) string { return "blake3:" + hex.EncodeToString(d) }

// measured writes the hub's measurements of an ECG as the report prints them.
func measured(raw json.RawMessage) []string {
	var m map[string]any
	if json.Unmarshal(raw, &m) != nil {
		return []string{}
	}
	lines := []string{}
	for _, want := range []struct{ key, name, unit string }{
		{"hr_bpm", "心率", "次/分"}, {"p_ms", "P波时限", "ms"}, {"pr_ms", "PR间期", "ms"}, {"qrs_ms", "QRS时限", "ms"},
		{"qt_ms", "QT间期", "ms"}, {"qtc_ms", "QTc", "ms"}, {"qrs_axis_deg", "QRS电轴", "°"}} {
		if v, ok := m[want.key].(float64); ok {
			lines = append(lines, fmt.Sprintf("%s %.0f %s", want.name, v, want.unit))
		}
	}
	return lines
}

// previousHash is the hash of the newest signed version before r.
func previousHash(tx *db.Tx, r *hub.Report) (string, error) {
	versions, err := tx.ReportVersions(r.ID)
	hash := ""
	for _, v := range versions {
		if v.Version < r.Version && v.Hash != "" {
			hash = v.Hash
		}
	}
	return hash, err
}

// sealed returns the canonical bytes of v and their SHA-256 in hex.
func sealed(v any) (text []byte, hash string, err error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, "", err
	}
	if text, err = Canonical(raw); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(text)
	return text, hex.EncodeToString(sum[:]), nil
}

// message is what the key signs: the hash under the name of what it is of, so
// that a signature of one kind of record never passes for another.
func message(schema, hash string) []byte { return []byte(schema + "\n" + hash) }

// Verifier checks a signature of a key it knows by id.
type Verifier interface {
	Verify(keyID string, msg, sig []byte) error
}

// ErrChanged says that a signed version is not what was signed.
var ErrChanged = errors.New("content does not fit its hash")

// Verify checks that a signed version still has the content that was signed,
// and by whom: the content's hash, its signature, and the texts of the row
// against the content. The error is ErrChanged or the verifier's.
func Verify(keys Verifier, r *hub.Report) error {
	sum := sha256.Sum256(r.Content)
	if hex.EncodeToString(sum[:]) != r.Hash {
		return ErrChanged
	}
	if err := keys.Verify(r.Key, message(schemaReport, r.Hash), r.Signature); err != nil {
		return err
	}
	var c Content
	if err := json.Unmarshal(r.Content, &c); err != nil {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if c.Report != r.ID || c.Version != r.Version || c.Findings != r.Findings || c.Impression != r.Impression || c.Recommendation != r.Recommendation {
		return fmt.Errorf("%w: the row's text is another", ErrChanged)
	}
	return nil
}
