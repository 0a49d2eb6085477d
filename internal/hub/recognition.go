package hub

import "time"

// CatalogueItem is an exam item of the recognition catalogue (互认目录).
type CatalogueItem struct {
	Code     string   `json:"code"`
	Name     string   `json:"name"`
	Kind     TaskKind `json:"kind"`
	Modality string   `json:"modality"`
	BodyPart string   `json:"body_part"`
	Scope    string   `json:"scope"` // alliance, county, city, province, national
	Days     int      `json:"days"`  // validity; 0: never recognisable
	MinGrade string   `json:"min_grade"`
	Price    float64  `json:"price"` // yuan
	Active   bool     `json:"active"`
}

// Mark is a member's passed quality evaluation for an item and scope: the
// right to print HR.
type Mark struct {
	Member MemberID  `json:"member"`
	Item   string    `json:"item"`
	Label  string    `json:"label"` // 全国HR, 鄂HR …
	Scope  string    `json:"scope"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// Decision is a doctor's answer to one candidate at ordering.
type Decision struct {
	ID        string    `json:"id"`
	Candidate ReportID  `json:"candidate"`
	Item      string    `json:"item"`
	Member    MemberID  `json:"member"`
	Doctor    AccountID `json:"doctor"`
	Order     OrderID   `json:"order,omitempty"`
	Decision  string    `json:"decision"` // recognise, decline
	Reason    string    `json:"reason"`   // 1 … 5, 6a … 6e
	Explained bool      `json:"explained"`
	Text      string    `json:"text"`
	Saved     float64   `json:"saved"` // yuan
	At        time.Time `json:"at"`
}
