package hub

import "time"

// Report is one version of a reading's result. An issued version never
// changes; a revision is version + 1.
type Report struct {
	ID             ReportID    `json:"id"`
	Task           TaskID      `json:"task"`
	Version        int         `json:"version"`
	State          ReportState `json:"state"`
	Findings       string      `json:"findings"`
	Impression     string      `json:"impression"`
	Recommendation string      `json:"recommendation"`
	Positive       bool        `json:"positive"`
	Critical       bool        `json:"critical"`
	Grade          string      `json:"grade"`
	Writer         AccountID   `json:"writer"`
	Reviewer       AccountID   `json:"reviewer"`
	WrittenAt      time.Time   `json:"written_at,omitzero"`
	SignedAt       time.Time   `json:"signed_at,omitzero"`
	Reason         string      `json:"reason,omitempty"` // of a revision
	Rejected       string      `json:"-"`                // why a reviewer sent it back, until it is sent again
	Submitted      string      `json:"-"`                // the writer's content as JSON, when it was sent for review
	Content        []byte      `json:"-"`                // canonical JSON that was signed (RFC 8785)
	Hash           string      `json:"hash,omitempty"`   // SHA-256 of Content, hex
	Signature      []byte      `json:"-"`
	Key            string      `json:"key,omitempty"` // id of the signing key
	PDF            string      `json:"-"`             // storage key of the PDF made at signing
	UpdatedAt      time.Time   `json:"updated_at"`
	Claim          int64       `json:"-"`
}

// ReportState is the state of one version.
type ReportState string

// The states of the domain rules, section 6.
const (
	ReportDraft       ReportState = "draft"
	ReportPreliminary ReportState = "preliminary"
	ReportWritten     ReportState = "written"
	ReportIssued      ReportState = "issued"
	ReportVoid        ReportState = "void"
)

// Addendum is appended to an issued report and signed by itself.
type Addendum struct {
	ID        string    `json:"id"`
	Report    ReportID  `json:"report"`
	Version   int       `json:"version"`
	Text      string    `json:"text"`
	By        AccountID `json:"by"`
	At        time.Time `json:"at"`
	Content   []byte    `json:"-"` // canonical JSON that was signed
	Hash      string    `json:"hash"`
	Signature []byte    `json:"-"`
	Key       string    `json:"key"`
	PDF       string    `json:"-"` // storage key of the version's PDF with the addenda so far
}

// Template is a text to start from; Owner "" is the alliance's.
type Template struct {
	ID         string    `json:"id"`
	Owner      AccountID `json:"owner,omitempty"`
	Kind       TaskKind  `json:"kind"`
	Modality   string    `json:"modality"`
	Name       string    `json:"name"`
	Findings   string    `json:"findings"`
	Impression string    `json:"impression"`
	Phrase     bool      `json:"phrase"` // a personal phrase rather than a whole template
}
