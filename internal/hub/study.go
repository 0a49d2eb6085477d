package hub

import "time"

// Study is a DICOM study as one member sent it; its UID is unique within the
// member (PS3.3 A.1.2).
type Study struct {
	ID          StudyID
	Member      MemberID
	UID         string
	Patient     PatientID
	PatientName string // DICOM PN, three groups, UTF-8
	LocalID     string // (0010,0020)
	BirthDate   string // YYYYMMDD
	Sex         string
	Issuer      string
	Accession   string
	Date        string // YYYYMMDD
	Time        string // HHMMSS.FFFFFF
	StudyID     string // (0020,0010)
	Description string
	Referring   string
	Caller      string // AE title of the device that sent it first; "" for another way in
	Modalities  []string
	Centre      MemberID // reading centre it was routed to; "" not yet
	Series      int
	Instances   int
	Bytes       int64
	CreatedAt   time.Time
	LastAt      time.Time // last new object
}

// Series is one series of a study.
type Series struct {
	ID          SeriesID
	Study       StudyID
	UID         string
	Modality    string
	Number      string
	Description string
	BodyPart    string
	Laterality  string
	Date, Time  string
	Station     string
	Maker       string
	PPSDate     string
	PPSTime     string
	Instances   int
	MetaKey     string // object that holds what is kept of the series
	MetaCount   int    // instances it covers
	MetaTag     string // changes with the metadata
	MetaSize    int64  // its pieces, in bytes: metadata,
	FramesSize  int64  // frame offsets,
	SmallSize   int64  // and pictures
	LargeSize   int64
}

// Instance is one object: where its data set lies and what a viewer asks of
// it first.
type Instance struct {
	ID         InstanceID
	Series     SeriesID
	Study      StudyID
	Member     MemberID
	UID        string
	Class      string
	Syntax     string
	Number     string
	Rows, Cols int
	Frames     int
	Bits       int
	Object     string // storage key
	Offset     int64  // of the data set (after group 2) in the object
	Length     int64
	Digest     []byte // of the data set
	CRC        int64  // CRC-32C of the data set, checked whenever it is read whole
	PixelAt    int64  // offset of the pixel data's value in the data set; 0 none
	CreatedAt  time.Time
}

// Quarantined is something received that could not be taken in, kept with its
// reason until somebody decides.
type Quarantined struct {
	ID        QuarantineID `json:"id"`
	Member    MemberID     `json:"member"`
	Code      string       `json:"code"`
	Reason    string       `json:"reason"` // for the operator and the vendor: tag, offset
	Name      string       `json:"name"`   // file name or SOP Instance UID
	Source    string       `json:"source"` // cstore, stow, upload, recording
	Head      []byte       `json:"-"`      // what stands before the data set in a DICOM file; empty for any other
	Object    string       `json:"-"`
	Offset    int64        `json:"-"`
	Length    int64        `json:"size"`
	Digest    []byte       `json:"-"` // of what is in the object store, without Head
	CreatedAt time.Time    `json:"created_at"`
	Resolved  time.Time    `json:"resolved_at,omitzero"`
}
